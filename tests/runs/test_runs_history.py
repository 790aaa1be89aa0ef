"""metrics.csv: exact round trips, and an error for anything else."""

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import runs
from minicnn.runs import Run, RunError

names = st.from_regex(r"[a-z_][a-z_0-9]*", fullmatch=True)
rows = st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1)


def history_of(names: list[str], rows: list[list[float]]) -> list[dict[str, float]]:
    return [dict(zip(names, row, strict=False)) for row in rows]


histories = st.builds(history_of, st.lists(names, min_size=1, max_size=3, unique=True), rows)


@given(histories)
def test_a_history_is_read_back_to_the_last_bit(history: list[dict[str, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        runs.write_metrics(Run(Path(folder)), history)
        assert repr(runs.read_metrics(Run(Path(folder)))) == repr(history)


@given(st.integers(-(2**53), 2**53))
def test_an_integer_stays_an_integer(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        runs.write_metrics(Run(Path(folder)), [{"epoch": number}])
        assert runs.read_metrics(Run(Path(folder))) == [{"epoch": number}]
        assert Run(Path(folder)).metrics.read_text() == f"epoch\n{number}\n"


def test_before_the_end_of_the_first_epoch_there_are_no_rows(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert runs.read_metrics(run) == []
    for nothing in ("", "\n"):
        run.metrics.write_text(nothing)
        assert runs.read_metrics(run) == []
    runs.write_metrics(run, [])
    assert runs.read_metrics(run) == []


def test_a_spreadsheet_may_have_added_blank_lines(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.metrics.write_text("epoch,loss\r\n1,0.5\r\n\r\n")
    assert runs.read_metrics(run) == [{"epoch": 1, "loss": 0.5}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("epoch,loss\n1,0.5\n2\n", "2 columns, but a row has 1 values"),
        ("epoch,loss\n1,0.5,0.5\n", "2 columns, but a row has 3 values"),
        ("epoch,loss\n1,half\n", "could not convert string to float: 'half'"),
        ("1,0.5\n2,0.25\n", "first line must name the columns, got ['1', '0.5']"),
        ("epoch,loss\n", "it names columns, but has no rows"),
        ("junk", "it names columns, but has no rows"),
        ("\0\0\0", "first line must name the columns"),
        ("epoch\n\xff\n", "can't decode byte 0xff"),
        ("x" * (csv.field_size_limit() + 1), "field larger than field limit"),
    ],
    ids=["short", "long", "word", "no names", "no rows", "junk", "zeros", "latin-1", "endless"],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "metrics.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError) as caught:
        runs.read_metrics(Run(tmp_path))
    assert str(caught.value).startswith(f"{tmp_path}/metrics.csv is damaged: ")
    # Before Python 3.11 the module csv refuses zeros itself.
    assert reason in str(caught.value) or "NUL" in str(caught.value)
