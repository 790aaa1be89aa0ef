"""The parts of an exercise."""

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from minicnn.testing.case import Case

IMPORTS = "import math\n\nimport torch\nfrom torch import Tensor"
HEADER = f'''"""Fill this in, then check it: python3 -m minicnn.exercises check {{file}}"""

{IMPORTS}


'''


class Stub:
    """A decorator that keeps a function as text for the learner's file.

    A Stub is not a function, so doctest does not run its example, which cannot work yet.

    Example:
        >>> Stub(inspect.getdoc).name
        'getdoc'
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = function.__name__

    @property
    def parameters(self) -> list[str]:
        """Return the names of the arguments."""
        return list(inspect.signature(self.function).parameters)

    @property
    def source(self) -> str:
        """Return the source of the function, without the decorator."""
        source = inspect.getsource(self.function)
        return source[source.index("def ") :]

    def file(self, name: str) -> str:
        """Return the text of a learner's file with this name."""
        return HEADER.format(file=name) + self.source

    def write(self, path: Path) -> None:
        """Write the learner's file, unless it exists.

        Raises:
            FileExistsError: the file exists; it is not changed.
        """
        with path.open("x", encoding="utf-8") as file:
            file.write(self.file(path.name))


@dataclass(frozen=True)
class Probe:
    """A group of cases that tests one more feature than the probes before.

    Attributes:
        name: what is new in these cases, such as "stride 2".
        cases: a strategy for small cases of integers that can be followed by hand.
        hint: the hint if these cases are the first to fail.
    """

    name: str
    cases: SearchStrategy[Case]
    hint: str


@dataclass(frozen=True)
class Suspect:
    """A common mistake, recognised when it explains everything that the function returns.

    Attributes:
        topic: the name of the mistake.
        answer: the result of a function with this mistake for a case.
        hint: where to look.
    """

    topic: str
    answer: Callable[[Case], Any]
    hint: str


class Fast(NamedTuple):
    """minicnn's own function for an exercise.

    Attributes:
        name: its full name.
        how: what it does differently, to follow the name.
    """

    name: str
    how: str

    @property
    def file(self) -> str:
        """The file that it is in, from the folder of minicnn on.

        Example:
            >>> Fast("minicnn.functional.relu", "…").file
            'minicnn/functional/activation.py'
        """
        # With a colon: a package may have a file and a function of the same name.
        package, _, name = self.name.rpartition(".")
        function = inspect.unwrap(pkgutil.resolve_name(f"{package}:{name}"))
        return function.__module__.replace(".", "/") + ".py"


@dataclass(frozen=True)
class Exercise:
    """One function to write, and everything needed to grade it.

    Attributes:
        stub: the learner's starting point: name, arguments and docstring.
        task: what to write, in one line.
        chapter: the name of the chapter's file in ``docs/learn/``, without its number.
        solution: a simple reference solution.
        twin: the correct result, computed with torch; takes the same arguments as the stub.
        probes: the groups of cases, from easy to hard; each is worth a point.
        hints: three steps towards a solution, from a question to a plan.
        why: why the solution is right, for who has found it.
        fast: minicnn's function to compare it with, or None.
        suspects: common mistakes.
        returns: the names of the results.
    """

    stub: Stub
    task: str
    chapter: str
    solution: Callable[..., Any]
    twin: Callable[..., Any]
    probes: tuple[Probe, ...]
    hints: tuple[str, str, str]
    why: str
    fast: Fast | None
    suspects: tuple[Suspect, ...] = ()
    returns: tuple[str, ...] = ("the result",)

    @property
    def name(self) -> str:
        """The name of the function to write."""
        return self.stub.name


class Diagnosis(NamedTuple):
    """The most likely cause of a failure.

    Attributes:
        topic: the mistake in a few words.
        hint: what to think about, never the solution.
    """

    topic: str
    hint: str
