"""What a fault is, and the list of all."""

from collections.abc import Callable
from typing import NamedTuple

from .stage import Seen, Stage


class Fault(NamedTuple):
    """Something that can happen to a training, and what its user has to see then.

    Attributes:
        name: what happens.
        provoke: makes it happen, checks what is left, and returns what the user saw.
        code: the exit code.
        named: texts that the user has to see.
    """

    name: str
    provoke: Callable[[Stage], Seen]
    code: int
    named: tuple[str, ...]


FAULTS: dict[str, Fault] = {}


def fault(name: str, code: int, *named: str):
    """Make a fault of a function that provokes it, and put it on the list."""

    def add(provoke: Callable[[Stage], Seen]) -> Callable[[Stage], Seen]:
        assert name not in FAULTS
        FAULTS[name] = Fault(name, provoke, code, named)
        return provoke

    return add


def mistakes(fault: Fault, seen: Seen) -> list[str]:
    """List what a user would complain about."""
    text = seen.out + seen.err
    found = [f"{part!r} is not in it" for part in fault.named if part not in text]
    if seen.code != fault.code:
        found.append(f"the exit code is {seen.code}, not {fault.code}")
    if "Traceback" in text or "Error(" in text:
        found.append("there is a traceback")
    return found
