"""The options of train_mnist.py: read from the command line, or from the config of a run."""

import argparse
from pathlib import Path
from typing import Any, NoReturn

import presets

from minicnn import data, models, runs

# Options that say how to run, not what to compute: a resumed run may have others.
NOT_SETTINGS = ("out", "overwrite", "resume", "save_every", "quiet", "show")
FREE_ON_RESUME = ("resume", "save_every", "quiet", "show", "data_dir", "device")


class Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """States every default, and leaves the table of presets as it is."""


class ConfigParser(argparse.ArgumentParser):
    """Reads options that come from a file: a mistake is the file's."""

    def error(self, message: str) -> NoReturn:
        """Raise, in place of printing how to use the command."""
        raise runs.RunError(message)


def at_least(minimum: float, kind: type = int, below: float = float("inf")):
    """Make an argument type that refuses numbers below a minimum, and too large ones."""

    def parse(text: str):
        value = kind(text)
        if not minimum <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {text}")
        if value >= below:
            raise argparse.ArgumentTypeError(f"must be below {below:,}, got {text}")
        return value

    parse.__name__ = kind.__name__  # argparse calls a text that is no number an "invalid int value"
    return parse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of training."""
    add, number = parser.add_argument, at_least(0, float)
    add("--preset", choices=presets.PRESETS, default="default", help="other defaults, see below")
    add("--dataset", choices=data.DATASETS, default="auto", help="auto is mnist, or else sample")
    add("--data-dir", default=str(data.data_dir()), help="folder that has or gets MNIST/raw/…")
    add("--model", choices=models.MODELS, default="mnist_cnn", help="network")
    add("--epochs", type=at_least(1), default=6, help="times to go through the training images")
    add("--batch-size", type=at_least(1), default=256, help="images in a batch")
    add("--lr", type=number, default=0.01, help="peak of the one-cycle schedule")
    add("--shift", type=at_least(0), default=2, help="pixels to move training images at most")
    add("--rotate", type=number, default=0.0, help="degrees to rotate them at most")
    add("--scale", type=number, default=0.0, help="fraction, below 1, to zoom them at most")
    add("--shear", type=number, default=0.0, help="degrees, below 90, to slant them at most")
    add("--elastic", type=number, default=0.0, help="pixels to bend them, standard deviation")
    add("--label-smoothing", type=number, default=0.1, help="in [0, 1], in the train loss")
    add("--average", type=number, default=0.0, help="part of the run to average weights over")
    add("--test-shift", type=at_least(0), default=0, help="pixels; test the mean of nine views")
    add("--seed", type=at_least(0, below=2**64), default=0, help="of all random numbers")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add("--out", type=Path, help="folder for the results (default: a dated one in runs)")
    add("--overwrite", action="store_true", help="--out may hold a run, which is then lost")
    add("--resume", type=Path, metavar="RUN", help="go on with the run in this folder")
    add("--save-every", type=number, default=30.0, help="seconds of work that a kill may cost")
    add("--quiet", action="store_true", help="print the result alone")
    add("--show", action="store_true", help="also open the figures in windows")


def parse_arguments(argv: list[str] | None, description: str | None = None) -> argparse.Namespace:
    """Read the command line; an option on it goes before the preset's value."""
    parser = argparse.ArgumentParser(
        description=description, epilog=presets.table(), formatter_class=Formatter
    )
    add_options(parser)
    usual = parser.parse_args(argv)
    parser.set_defaults(**presets.PRESETS[usual.preset])
    args = parser.parse_args(argv)
    if args.resume and (fixed := sorted(given_options(parser, argv) - set(FREE_ON_RESUME))):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in fixed)
        parser.error(f"--resume goes on with the run's own settings, and takes no {names}")
    return args


def given_options(parser: argparse.ArgumentParser, argv: list[str] | None) -> set[str]:
    """Tell which options stand on the command line."""
    names = vars(parser.parse_args(argv))
    marked = argparse.Namespace(**dict.fromkeys(names))  # a name that is there gets no default
    given = vars(parser.parse_args(argv, marked))
    return {name for name, value in given.items() if value is not None}  # --seed 0 is given too


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """Pick the options that are a run's settings."""
    settings = {name: value for name, value in vars(args).items() if name not in NOT_SETTINGS}
    return settings | {"data_dir": str(Path(args.data_dir).absolute())}


def resumed_arguments(args: argparse.Namespace, run: runs.Run) -> argparse.Namespace:
    """Take the settings of a run; its data folder and device only where none are given now.

    They are read as options are, so that a config that somebody has edited is checked like these.
    """
    settings = runs.read_description(run)["settings"]
    parser = ConfigParser(allow_abbrev=False, add_help=False)
    add_options(parser)
    if missing := settings_of(parser.parse_args([])).keys() - settings.keys():
        names = ", ".join(sorted(missing))
        raise runs.RunError(f"{run.config} is damaged: its settings lack {names}")
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    try:
        stored = parser.parse_args(options)
    except runs.RunError as error:
        raise runs.RunError(f"{run.config} is damaged: {error}") from None
    for name in ("data_dir", "device"):
        usual = parser.get_default(name)
        if (given := getattr(args, name, usual)) != usual:
            setattr(stored, name, given)
    stored.out = run.folder
    for name in ("save_every", "quiet", "show"):
        setattr(stored, name, getattr(args, name, parser.get_default(name)))
    return stored
