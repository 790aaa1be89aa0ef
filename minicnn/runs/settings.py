"""The settings of a program, each declared once: its type, default, range and help text.

    @dataclass(frozen=True)
    class Settings(runs.Settings):
        epochs: int = setting(6, "passes over the training images", at_least=1)
        lr: float = setting(0.01, "learning rate", at_least=0)

    settings = Settings.parse()

This declaration defines the command-line options and their help, the contents of config.json, and
which options may change when a run is resumed.
"""

import argparse
import math
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from minicnn.runs.folder import RunError, find

Presets = Mapping[str, Mapping[str, Any]]
S = TypeVar("S", bound="Settings")
KINDS = {int: "an int", float: "a number", str: "a string", bool: "True or False", Path: "a path"}
METAVARS = {int: "N", float: "X", str: "NAME", Path: "FOLDER"}


def setting(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    choices: Iterable[str] | None = None,
    check: Callable[[Any], object] | None = None,
    saved: bool = True,
    free_on_resume: bool = False,
) -> Any:
    """Return the field of one setting, in a subclass of `Settings`.

    Args:
        default: The default value.
        help: The text for ``--help``.
        at_least, at_most, below: The range of a number; NaN and infinity are never in it.
        choices: The allowed strings.
        check: Raises ValueError for an invalid value.
        saved: Whether config.json holds it, because it affects what the run computes.
        free_on_resume: Whether it may be given when a run is resumed.

    Returns:
        The field.

    Example:
        >>> @dataclass(frozen=True)
        ... class Mine(Settings):
        ...     lr: float = setting(0.01, "learning rate", at_least=0)
        >>> Mine.parse(["--lr", "0.1"]).lr
        0.1
        >>> Mine(lr=-1.0)
        Traceback (most recent call last):
        ValueError: lr must be at least 0, got -1.0
    """
    about = {
        "help": help,
        "at_least": at_least,
        "at_most": at_most,
        "below": below,
        "choices": None if choices is None else tuple(choices),
        "check": check,
        "saved": saved,
        "free_on_resume": free_on_resume,
    }
    return field(default=default, metadata=about)


@dataclass(frozen=True)
class Settings:
    """The settings that every run has; a program declares its own in a subclass.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range.
    """

    out: Path | None = setting(None, "folder of the run (default: runs/ and the date)", saved=False)
    overwrite: bool = setting(False, "replace the run in the folder given by --out", saved=False)
    resume: Path | None = setting(
        None, "resume the run in this folder", saved=False, free_on_resume=True
    )
    save_every: float = setting(
        30.0, "seconds between checkpoints", at_least=0, saved=False, free_on_resume=True
    )
    quiet: bool = setting(False, "print only the result", saved=False, free_on_resume=True)

    def __post_init__(self) -> None:
        for f, kind in _kinds(type(self)):
            value = getattr(self, f.name)
            if value is None and f.default is None:
                continue
            if kind is float and type(value) is int:
                object.__setattr__(self, f.name, float(value))
            elif type(value) is not kind and not (kind is Path and isinstance(value, Path)):
                raise TypeError(f"{f.name} must be {KINDS[kind]}, got {value!r}")
            try:
                _check(f, value)
            except argparse.ArgumentTypeError as problem:
                raise ValueError(f"{f.name} {problem}") from None

    @classmethod
    def parse(
        cls: type[S],
        argv: Sequence[str] | None = None,
        description: str | None = None,
        presets: Presets | None = None,
        usual_preset: Callable[[argparse.Namespace], str] | None = None,
    ) -> S:
        """Parse the command line; with ``--resume``, also read the config.json of that run.

        Args:
            argv: The options; None for those of this program.
            description: The description for ``--help``, of which the first paragraph is shown.
            presets: Other defaults by the name of a ``--preset``. An option on the command line
                overrides the preset.
            usual_preset: Chooses the preset by the other options, if ``--preset`` is not given;
                None: it is the default of that setting.

        Returns:
            The settings.

        Raises:
            SystemExit: The command line is invalid, or has ``--help``.
            RunError: The run to resume does not exist, or its config.json is damaged.
        """
        parser = _parser(cls, description, presets or {})
        if presets:
            # argparse does not set a default if the namespace already has the name.
            first = parser.parse_args(argv, argparse.Namespace(preset=None))
            usual = usual_preset(first) if usual_preset else parser.get_default("preset")
            name = first.preset or usual
            parser.set_defaults(preset=name, **presets[name])
        now = cls(**vars(parser.parse_args(argv)))
        if now.resume is None:
            if now.overwrite and now.out is None:
                parser.error("--overwrite needs --out, the folder of the run to replace")
            return now
        marked = parser.parse_args(argv, argparse.Namespace(**dict.fromkeys(vars(now))))
        given = {name for name, value in vars(marked).items() if value is not None}
        free = {f.name for f in fields(cls) if f.metadata["free_on_resume"]}
        if given - free:
            names = ", ".join(map(_option, sorted(given - free)))
            parser.error(f"--resume uses the settings of the run and does not allow {names}")
        unsaved = {f.name for f in fields(cls) if not f.metadata["saved"]}
        return cls.of_run(now.resume, **{name: getattr(now, name) for name in given | unsaved})

    @classmethod
    def answer_help(cls, description: str | None = None, presets: Presets | None = None) -> None:
        """Print the help and end the program, if its command line asks for that.

        `parse` does so too. A program calls this before it imports torch, which takes seconds.

        Args:
            description, presets: As for `parse`.

        Raises:
            SystemExit: After printing the help.
        """
        if {"-h", "--help"}.intersection(sys.argv[1:]):
            _parser(cls, description, presets or {}).parse_args(["--help"])

    @classmethod
    def of_run(cls: type[S], folder: Path, **overrides: Any) -> S:
        """Return the settings of a run, read from its config.json.

        Args:
            folder: The folder of the run.
            overrides: Values that override those of the run.

        Raises:
            RunError: The folder is not a run, or its config.json is damaged.
        """
        from minicnn.runs.config import read_description

        run = find(folder)
        saved = read_description(run)["settings"]
        kinds = {f.name: kind for f, kind in _kinds(cls) if f.metadata["saved"]}
        try:
            if missing := kinds.keys() - saved.keys():
                raise ValueError(f"missing settings: {', '.join(sorted(missing))}")
            if unknown := saved.keys() - kinds.keys():
                raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
            values = {
                name: Path(value) if kinds[name] is Path and isinstance(value, str) else value
                for name, value in saved.items()
            }
            # A saved value that is overridden may be invalid here, if it is from another machine.
            return cls(**{**values, **overrides, "out": run.folder})
        except (TypeError, ValueError) as error:
            raise RunError(f"{run.config} is damaged: {error}") from None

    def saved(self) -> dict[str, Any]:
        """Return the settings for config.json, as plain data, with absolute paths."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.metadata["saved"]}
        return {
            name: str(value.absolute()) if isinstance(value, Path) else value
            for name, value in values.items()
        }

    def fixed(self) -> dict[str, Any]:
        """Return the saved settings that may not change when the run is resumed."""
        free = {f.name for f in fields(self) if f.metadata["free_on_resume"]}
        return {name: value for name, value in self.saved().items() if name not in free}


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows every default except None and False, and does not reformat the table of presets."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def _parser(
    cls: type[Settings], description: str | None, presets: Presets
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        usage="%(prog)s [options]",
        description=(description or "").split("\n\n")[0],
        epilog=_table(presets) if presets else None,
        formatter_class=_Formatter,
    )
    common = {f.name for f in fields(Settings)}
    for f, kind in sorted(_kinds(cls), key=lambda pair: pair[0].name in common):
        how: dict[str, Any] = {"action": "store_true"}
        if kind is not bool:
            how = {"type": _from_text(f, kind), "choices": f.metadata["choices"]}
            how["metavar"] = None if f.metadata["choices"] else METAVARS[kind]
        parser.add_argument(_option(f.name), default=f.default, help=f.metadata["help"], **how)
    return parser


def _from_text(f: "Field[Any]", kind: type) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = kind(text)
        if f.metadata["choices"] is None:  # argparse itself checks and lists choices
            _check(f, value)
        return value

    parse.__name__ = kind.__name__  # for argparse's message "invalid int value"
    return parse


def _check(f: "Field[Any]", value: Any) -> None:
    """Check the range of a value; argparse puts the name of the option before the message."""
    about = f.metadata
    least, most, below = about["at_least"], about["at_most"], about["below"]
    problem = None
    if isinstance(value, float) and not math.isfinite(value):
        problem = "must be a finite number"
    elif least is not None and not value >= least:
        problem = f"must be at least {least:,}"
    elif most is not None and not value <= most:
        problem = f"must be at most {most:,}"
    elif below is not None and not value < below:
        problem = f"must be below {below:,}"
    elif about["choices"] is not None and value not in about["choices"]:
        problem = f"must be one of {', '.join(about['choices'])}"
    if problem:
        raise argparse.ArgumentTypeError(f"{problem}, got {value}")
    if about["check"] is not None:
        try:
            about["check"](value)
        except ValueError as error:
            problem = str(error).removeprefix(f"{f.name} ")
            raise argparse.ArgumentTypeError(problem) from None


def _kinds(cls: type[Settings]) -> list[tuple["Field[Any]", type]]:
    """Return each field with its type; for ``Path | None``, Path."""
    hints = get_type_hints(cls)
    found = []
    for f in fields(cls):
        hint = hints[f.name]
        found.append((f, get_args(hint)[0] if isinstance(hint, types.UnionType) else hint))
    return found


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _table(presets: Presets) -> str:
    """Return the presets as the options that they stand for, one preset per line."""
    lines = ["presets:"]
    for name, changes in presets.items():
        options = [f"{_option(key)} {value}" for key, value in changes.items()]
        lines.append(f"  {name:9}{' '.join(options) or '(the defaults above)'}")
    return "\n".join(lines)
