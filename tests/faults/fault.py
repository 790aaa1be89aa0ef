"""The definition of a fault, and the list of all faults."""

from collections.abc import Callable
from typing import NamedTuple

from .stage import Seen, Stage


class Fault(NamedTuple):
    """Something that can happen to a training run, and what the user must see.

    Attributes:
        name: what happens.
        provoke: makes it happen, checks what is left, and returns what the user saw.
        code: the exit code.
        named: texts that the user must see.
    """

    name: str
    provoke: Callable[[Stage], Seen]
    code: int
    named: tuple[str, ...]


FAULTS: dict[str, Fault] = {}


def fault(name: str, code: int, *named: str):
    """Register a function that provokes a fault."""

    def add(provoke: Callable[[Stage], Seen]) -> Callable[[Stage], Seen]:
        assert name not in FAULTS
        FAULTS[name] = Fault(name, provoke, code, named)
        return provoke

    return add


def mistakes(fault: Fault, seen: Seen) -> list[str]:
    """Return what is wrong with what the user saw."""
    text = seen.out + seen.err
    found = [f"{part!r} is not in it" for part in fault.named if part not in text]
    if seen.code != fault.code:
        found.append(f"the exit code is {seen.code}, not {fault.code}")
    if "Traceback" in text or "Error(" in text:
        found.append("there is a traceback")
    return found
