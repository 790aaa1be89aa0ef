"""The stub of an exercise: a function without a body, and the file that a learner gets of it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEADER = '''"""Fill it in, and have it judged: python3 -m minicnn.exercises check {file}"""

import math

import torch
from torch import Tensor


'''


class Stub:
    """A decorator that keeps a function as a text to hand out.

    Not being a function, it also keeps doctest from running examples that cannot work yet.

    Example:
        >>> Stub(inspect.getdoc).name
        'getdoc'
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = function.__name__

    @property
    def parameters(self) -> list[str]:
        """The names of the arguments."""
        return list(inspect.signature(self.function).parameters)

    @property
    def source(self) -> str:
        """The function's text, without the decorator."""
        source = inspect.getsource(self.function)
        return source[source.index("def ") :]

    def file(self, name: str) -> str:
        """Return the text of a learner's file of that name."""
        return HEADER.format(file=name) + self.source

    def write(self, path: Path) -> None:
        """Write the file, unless there is one.

        Raises:
            FileExistsError: there is one; it stays as it is.
        """
        with path.open("x", encoding="utf-8") as file:
            file.write(self.file(path.name))
