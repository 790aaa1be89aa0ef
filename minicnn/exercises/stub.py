"""The stub of an exercise: a function without a body, and the learner's file made from it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
