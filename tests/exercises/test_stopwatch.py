"""The time of a right answer, beside minicnn's: what is measured, and what no file can claim."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from minicnn.exercises import stopwatch
from minicnn.exercises.__main__ import main
from minicnn.exercises.calls import Answer, Outcome, call
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.check import check_file
from minicnn.exercises.compare import Fault, compare
from minicnn.exercises.stopwatch import FUNCTIONS, INPUTS, SLACK, Timing, timed
from minicnn.exercises.submission import UnreadableError
from minicnn.exercises.wire import decode, encode

from .grading import over_the_wire

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
RELU = EXERCISES["relu_backward"]
HEAD = "import os, time\ndef relu_backward(grad, input):\n"


class Instead:
    """Stands for the process of a file: its function answers here."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def answers(self, name: str, *_: Any, **__: Any) -> Answer:
        return self.answer


def of(answer: Answer, name: str = "relu_backward") -> Timing | None:
    return timed(EXERCISES[name], Instead(answer))  # pyright: ignore[reportArgumentType]


def right(grad: torch.Tensor, input: torch.Tensor) -> torch.Tensor:
    return grad * (input > 0)


def test_the_time_is_the_median_of_five_calls_with_new_numbers_each(monkeypatch) -> None:
    monkeypatch.setattr(stopwatch, "SLACK", 30.0)  # whatever else the machine does
    seconds, seen = iter([0.5, 0.1, 0.3, 0.2, 0.4]), []

    def answer(arguments: dict[str, Any]) -> Outcome:
        seen.append(arguments["grad"].sum().item())
        return call(right, arguments)._replace(seconds=next(seconds) / 1e9)

    timing = of(answer)
    assert timing is not None
    assert timing.yours == 0.3 / 1e9
    assert timing.ours > 0
    assert (timing.on, timing.stopped) == ("grad (64, 64)", False)
    assert len(set(seen)) == 5


def test_a_call_counts_only_where_both_clocks_agree() -> None:
    """A file may say that it took no time, in some calls or in all."""
    calls = iter(range(5))

    def answer(arguments: dict[str, Any]) -> Outcome:
        honest = next(calls) == 2
        time.sleep(2 * SLACK)
        return call(right, arguments)._replace(seconds=2 * SLACK if honest else 1e-6)

    timing = of(answer)
    assert timing is None or timing.yours == 2 * SLACK  # None: a machine with other work


def test_a_slow_function_is_called_once() -> None:
    calls = []

    def answer(arguments: dict[str, Any]) -> Outcome:
        calls.append(1)
        time.sleep(0.6)
        return call(right, arguments)._replace(seconds=0.6)

    assert of(answer) is not None
    assert len(calls) == 1


def test_one_that_is_stopped_is_said_to_take_longer() -> None:
    timing = of(lambda arguments: Outcome(None, Fault("time", "late"), arguments))
    assert timing is not None
    assert timing.stopped
    assert str(timing).startswith("yours over 1 s, minicnn's ")
    assert ", over " in str(timing)


@pytest.mark.parametrize(
    "change",
    [
        lambda done: done._replace(got=done.got + 1),
        lambda done: done._replace(got=done.got.tolist()),
        lambda done: done._replace(got=None, fault=Fault("raised", "It raised")),
        lambda done: done._replace(got=None, fault=Fault("ended", "It ended")),
        lambda done: done._replace(seconds=60.0),  # longer than the grader has waited
    ],
)
def test_there_is_no_time_for_what_is_not_right(change: Callable[[Outcome], Outcome]) -> None:
    assert of(lambda arguments: change(call(right, arguments))) is None


def test_a_time_that_the_clock_of_the_grader_denies_is_not_believed() -> None:
    def answer(arguments: dict[str, Any]) -> Outcome:
        time.sleep(2 * SLACK)
        return call(right, arguments)._replace(seconds=1e-6)

    assert of(answer) is None


def test_the_result_of_an_earlier_call_is_not_right() -> None:
    kept: list[torch.Tensor] = []

    def remembers(grad: torch.Tensor, input: torch.Tensor) -> torch.Tensor:
        kept.append(right(grad, input))
        return kept[0]

    assert of(over_the_wire(remembers)) is None


def test_a_file_that_cannot_be_run_again_has_no_time() -> None:
    class Gone(Instead):
        def answers(self, name: str, *_: Any, **__: Any) -> Answer:
            raise UnreadableError("gone")

    assert timed(RELU, Gone(lambda _: Outcome(None, None, {}))) is None  # pyright: ignore[reportArgumentType]


def test_the_number_of_threads_is_what_it_was() -> None:
    before = torch.get_num_threads()
    of(over_the_wire(right))
    assert torch.get_num_threads() == before


def test_an_exercise_without_a_function_of_minicnn_has_no_time() -> None:
    assert timed(EXERCISES["survivors"], None) is None  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", INPUTS)
def test_minicnns_function_gives_what_torchs_does_and_fits_through_the_pipe(name: str) -> None:
    exercise = EXERCISES[name]
    arguments = stopwatch._arguments(exercise, torch.Generator().manual_seed(1))
    expected = exercise.twin(**arguments)
    got = FUNCTIONS[name](*arguments.values())
    assert compare(expected, decode(encode(got)), exercise.returns) is None


def test_whoever_has_a_function_of_minicnn_to_compare_with_is_timed_or_takes_no_time() -> None:
    left_out = {name for name, e in EXERCISES.items() if e.fast and name not in INPUTS}
    assert left_out == {
        *("contiguous_strides", "descent_step", "output_size", "cosine_schedule"),
        *("accuracy_interval", "conv2d_cost"),
    }


# --- With the process of a file -----------------------------------------------------------------


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "notes"))
    return tmp_path


@pytest.mark.slow
def test_check_prints_the_time_and_json_has_it(elsewhere: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(stopwatch, "SLACK", 30.0)  # whatever else the machine does
    file = elsewhere / "mine.py"
    file.write_text(f"{HEAD}    time.sleep(0.1)\n    return grad * (input > 0)\n")
    assert main(["check", str(file)]) == 0
    *_, head, line, _ = capsys.readouterr().out.splitlines()
    assert head == "The time of a call:"
    assert line.startswith("  relu_backward: yours 1")
    assert " ms on grad (64, 64), " in line
    assert line.endswith(" times as long")
    assert main(["check", "--json", str(file)]) == 0
    ((mine,),) = (f["exercises"] for f in json.loads(capsys.readouterr().out)["files"])
    timing = mine["timing"]
    assert (timing["on"], timing["stopped"]) == ("grad (64, 64)", False)
    assert 0.1 <= timing["seconds"] < 1
    assert 0 < timing["minicnn"] < 0.1


LARGE = "    if grad.numel() < 4096: return grad * (input > 0)\n"
AWAY = {
    "ends Python": f"{HEAD}{LARGE}    os._exit(0)\n",
    "never returns": f"{HEAD}{LARGE}    while True: pass\n",
    "cannot be stopped": f"{HEAD}{LARGE}    while True:\n        try: time.sleep(9)\n"
    "        except BaseException: pass\n",
    "returns too much": f"{HEAD}{LARGE}    return grad.expand(2**30, 64, 64)\n",
    "stops the clock": "import time\ntime.perf_counter = lambda: 0.0\n"
    f"{HEAD}    time.sleep(0.2 * (grad.numel() > 99))\n    return grad * (input > 0)\n",
    "claims that it took no time": "import sys\nw = sys.modules['__main__']\n"
    "true = w.encode_outcome\nw.encode_outcome = lambda o: {**true(o), 'seconds': 1e-9}\n"
    f"{HEAD}    time.sleep(0.2 * (grad.numel() > 99))\n    return grad * (input > 0)\n",
    "claims that time is not a number": "import sys\nw = sys.modules['__main__']\n"
    "true = w.encode_outcome\n"
    "w.encode_outcome = lambda o: {**true(o), 'seconds': float('nan') if o.got.numel() > 99 "
    f"else 0.5}}\n{HEAD}    return grad * (input > 0)\n",
}


@pytest.mark.slow
@linux
@pytest.mark.parametrize("name", AWAY)
def test_no_file_fools_or_breaks_the_grader_with_its_time(name: str, elsewhere: Path) -> None:
    file, said = elsewhere / "mine.py", []
    file.write_text(AWAY[name])
    (verdict,) = check_file(file, said.append)
    assert verdict.right
    if name in ("never returns", "cannot be stopped"):
        assert verdict.timing is not None
        assert verdict.timing.stopped
    else:
        assert verdict.timing is None
        assert len(said) == 1
