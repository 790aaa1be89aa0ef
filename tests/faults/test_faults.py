"""Whatever happens, the user sees a helpful message and loses nothing."""

import re
from pathlib import Path

import pytest

from . import provoked
from .fault import FAULTS, Fault, mistakes
from .stage import ImpossibleError, Seen, Stage

assert provoked

TABLE = Path(__file__).parents[2] / "docs" / "results" / "faults.md"


@pytest.mark.parametrize("name", FAULTS)
def test_the_user_sees_what_happened_and_nothing_is_lost(name: str, stage: Stage) -> None:
    try:
        seen = FAULTS[name].provoke(stage)
    except ImpossibleError as error:
        pytest.skip(str(error))
    assert mistakes(FAULTS[name], seen) == [], seen


def test_the_table_in_the_documentation_has_every_fault_with_its_exit_code() -> None:
    rows = re.findall(r"^\| (.*?) \| (-?\d+) \| .* \|$", TABLE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(fault.name, str(fault.code)) for fault in FAULTS.values()]


def test_the_table_names_no_folder_of_the_machine_that_made_it() -> None:
    assert re.findall(r"[`' ]/\w+", TABLE.read_text("utf-8")) == []


def test_the_list_of_mistakes_finds_them() -> None:
    fault = Fault("", lambda stage: Seen(0, "", ""), 1, ("last.pt",))
    assert mistakes(fault, Seen(1, "", "last.pt is damaged")) == []
    assert mistakes(fault, Seen(0, "", "it is damaged")) == [
        "'last.pt' is not in it",
        "the exit code is 0, not 1",
    ]
    assert mistakes(fault, Seen(1, "", "Traceback (most …\nOSError: last.pt")) == [
        "there is a traceback"
    ]
