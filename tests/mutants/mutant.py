"""Mutants: wrong versions of one file of the library."""

from pathlib import Path
from typing import NamedTuple

LIBRARY = Path(__file__).parents[2] / "minicnn"


class Mutant(NamedTuple):
    """A bug of the museum.

    Attributes:
        name: what went wrong, in a few words.
        file: the file that it is in, below ``minicnn/``.
        old: the right text, which occurs once in the file.
        new: the wrong text in its place.
        bug: the mistake, in a sentence.
        test: the test whose name says what is wrong, ``file::function`` below ``tests/``.
    """

    name: str
    file: str
    old: str
    new: str
    bug: str
    test: str

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """What to run: the test, all of its file if that one passes, and then everything."""
        file, _ = self.test.split("::")
        return (f"tests/{self.test}",), (f"tests/{file}",), ("tests", "minicnn")

    def apply(self, source: str) -> str:
        """Return the wrong version of the file's text.

        Example:
            >>> bug = Mutant("twice", "f.py", "return x", "return 2 * x", "2×.", "test_f.py::f")
            >>> bug.apply("def f(x): return x")
            'def f(x): return 2 * x'
        """
        found = source.count(self.old)
        if found != 1:
            raise ValueError(
                f"{self.name}: in {self.file} the old text must occur once, not {found}×"
            )
        return source.replace(self.old, self.new)
