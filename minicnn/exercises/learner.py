"""Run a learner's file and find the exercises in it."""

import difflib
import sys
import tokenize
import traceback
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from minicnn import checks
from minicnn.exercises.calls import said
from minicnn.exercises.deadline import SECONDS, TimeUpError, Watchman
from minicnn.exercises.submission import UnreadableError

NAME = "learners_file"
ALIKE = 0.8  # of a name to that of a file that is there


def read(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UnreadableError: the file is missing, is no file of Python, or is not Python's text.
    """
    try:
        if checks.file(path).exists() and path.suffix.lower() != ".py":
            raise UnreadableError("It is not a Python file (.py).")
        with tokenize.open(path) as file:
            return file.read()
    except FileNotFoundError:
        beside = [file.name for file in path.parent.glob("*.py") if file.is_file()]
        near = difflib.get_close_matches(f"{path.stem}.py", beside, 1, ALIKE)
        near = [name for name in near if name.isprintable()]
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UnreadableError(f"The file does not exist.{meant}") from None
    except (OSError, SyntaxError, ValueError) as error:  # a folder, or bytes that are not text
        raise UnreadableError(f"The file cannot be read as Python: {error}") from None


def load(path: Path, text: str, watchman: Watchman) -> ModuleType:
    """Run the text of a file as an import would, and return the module.

    Raises:
        UnreadableError: it is not valid Python, fails, or does not end.
    """
    module = ModuleType(NAME)
    module.__file__ = str(path)
    code = _compiled(path, text)
    sys.modules[NAME] = module  # dataclasses, for example, look it up there
    sys.path.insert(0, str(path.parent))  # for imports of files in the same folder
    try:
        with warnings.catch_warnings(), watchman.limit():
            warnings.simplefilter("ignore")
            exec(code, module.__dict__)
    except TimeUpError as error:
        where = _line(error, path)
        raise UnreadableError(
            f"Importing the file did not finish within {SECONDS:.0f} seconds{where}"
        ) from None
    except BaseException as error:
        raise UnreadableError(
            f"Importing the file failed: {said(error)}{_line(error, path)}"
        ) from None
    finally:
        sys.path.remove(str(path.parent))
    return module


def exercises_in(module: ModuleType, names: Iterable[str]) -> dict[str, Callable[..., Any]]:
    """Return the functions of a module that have the name of an exercise.

    Raises:
        UnreadableError: there is none; the message suggests similar names.

    Example:
        >>> module = ModuleType("mine")
        >>> module.relu_backwards = lambda grad, input: grad
        >>> try:
        ...     exercises_in(module, ["relu_backward", "adam_step"])
        ... except UnreadableError as error:
        ...     print(error)
        No function has the name of an exercise. relu_backwards: did you mean relu_backward?
    """
    names = list(names)
    functions = {name: value for name, value in vars(module).items() if callable(value)}
    found = {name: functions[name] for name in names if name in functions}
    if found:
        return found
    near = [(name, difflib.get_close_matches(name, names, 1)) for name in functions]
    guesses = "".join(f" {name}: did you mean {match[0]}?" for name, match in near if match)
    raise UnreadableError(f"No function has the name of an exercise.{guesses}")


def _compiled(path: Path, text: str) -> Any:
    try:
        return compile(text, str(path), "exec")
    except SyntaxError as error:
        line = (error.text or "").strip()
        quoted = f":\n  line {error.lineno}:  {line}" if error.lineno and line else ""
        raise UnreadableError(f"This is not valid Python: {error.msg}{quoted}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes, or too deep
        raise UnreadableError(f"The file cannot be read as Python: {error}") from None


def _line(error: BaseException, path: Path) -> str:
    """Quote the last line of the file in the traceback of an error."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f":\n  line {frames[-1].lineno}:  {frames[-1].line}" if frames else "."
