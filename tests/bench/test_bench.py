"""The measurements are right: on a simulated machine, where every function takes a known time."""

import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import data, layers, models, train, tree
from tests.bench import __main__ as command_line
from tests.bench import beside, guard, memory, networks, ops, reference, report, steps, table, whole
from tests.bench.measure import (
    MOST_CALLS,
    WARM_UP,
    Case,
    Comparison,
    Meter,
    geometric_mean,
    in_fresh_process,
    interleave,
    spread,
)
from tests.bench.memory import peak_bytes
from tests.bench.row import Measured, Row, UnmeasuredError, conclude, run
from tests.bench.steps import IN_SHAPE, digit_batches
from tests.bench.twins import NoTwinError, torch_twin


class Machine:
    """A clock, and functions that take some seconds on it; what it does may slow down by a factor.

    The factor may change after each pair of calls.
    """

    def __init__(self, slowness: Callable[[int], float] = lambda pair: 1.0) -> None:
        self.now = 0.0
        self.calls: list[str] = []
        self.slowness = slowness

    def clock(self) -> float:
        return self.now

    def function(self, name: str, seconds: float) -> Callable[[], None]:
        def call() -> None:
            self.now += seconds * self.slowness(len(self.calls) // 2)
            self.calls.append(name)

        return call

    def compare(self, ours: float, theirs: float, **meter: Any) -> Case:
        functions = self.function("A", ours), self.function("B", theirs)
        return interleave(Comparison("", lambda: functions), Meter(clock=self.clock, **meter))


def fixed(*ratios: float) -> Callable[[Meter], Measured]:
    """A measurement that gives these ratios, a case each, in its one repetition."""
    cases = [Case(f"case {i}", (ratio,), (1.0,)) for i, ratio in enumerate(ratios)]
    return lambda meter: Measured(cases)


def row(measure: Callable[[Meter], Measured], **fields: Any) -> Row:
    return Row(**{"what": "conv", "against": "torch", "goal": 1.0, "measure": measure, **fields})


# --- Taking turns --------------------------------------------------------------------------------


def test_the_two_take_turns_and_so_does_who_goes_first() -> None:
    pretended = Machine()
    pretended.compare(1.0, 1.0, repetitions=4, sample_seconds=0.0)
    preparations = 2 * (WARM_UP + 1)
    assert "".join(pretended.calls[preparations:]) == "ABBAABBA"


seconds = st.floats(1e-3, 1e3)


@given(seconds, seconds, st.lists(st.floats(0.1, 10), min_size=1, max_size=9))
def test_what_slows_the_machine_down_slows_both(
    ours: float, theirs: float, slowness: list[float]
) -> None:
    pretended = Machine(lambda pair: slowness[pair % len(slowness)])
    case = pretended.compare(ours, theirs, repetitions=9, sample_seconds=0.0)
    assert case.ratios == pytest.approx([ours / theirs] * 9)


@given(seconds, seconds, st.floats(0, 10))
def test_a_sample_lasts_long_enough_and_has_as_many_calls_of_either(
    ours: float, theirs: float, sample: float
) -> None:
    pretended = Machine()
    case = pretended.compare(ours, theirs, repetitions=1, sample_seconds=sample)
    measured = pretended.calls[2 * (WARM_UP + 1) :]
    calls = measured.count("A")
    assert measured == ["A"] * calls + ["B"] * calls
    assert calls == MOST_CALLS or calls * min(ours, theirs) >= sample * (1 - 1e-9)
    assert (case.ours[0], case.theirs[0]) == pytest.approx((ours, theirs))


# --- Medians, quartiles, means -------------------------------------------------------------------


@given(st.lists(st.floats(-1e3, 1e3), min_size=1))
def test_quartiles_are_numpys(values: list[float]) -> None:
    expected = np.percentile(values, [25, 50, 75])
    np.testing.assert_allclose(spread(values), expected, rtol=1e-9, atol=1e-9)


@given(st.lists(st.floats(0.01, 100), min_size=1))
def test_the_geometric_mean_of_reciprocals_is_the_reciprocal(ratios: list[float]) -> None:
    reciprocals = [1 / ratio for ratio in ratios]
    assert geometric_mean(ratios) * geometric_mean(reciprocals) == pytest.approx(1)


@pytest.mark.parametrize("mean", [spread, geometric_mean])
def test_there_is_no_middle_of_nothing(mean: Any) -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean([])


# --- A row and its goal --------------------------------------------------------------------------


@given(st.lists(st.floats(0.1, 10), min_size=1), st.floats(0.1, 10), st.floats(0.1, 10))
def test_a_goal_is_reached_on_the_mean_and_in_the_worst_case(
    ratios: list[float], goal: float, worst_goal: float
) -> None:
    result = run(row(fixed(*ratios), goal=goal, worst_goal=worst_goal), Meter())
    mean = math.prod(ratios) ** (1 / len(ratios))
    assert result.ratio == pytest.approx(mean)
    assert result.worst == max(ratios)
    assert result.worst_case == f"case {ratios.index(max(ratios))}"
    assert result.excess == pytest.approx(max(mean / goal, max(ratios) / worst_goal))
    assert result.reached == (result.excess <= 1)


def test_the_ratio_is_the_median_of_each_repetitions_ratio() -> None:
    case = Case("", ours=(1.0, 2.0, 30.0), theirs=(2.0, 2.0, 10.0))  # 0.5, 1 and 3
    result = run(row(lambda meter: Measured([case])), Meter())
    assert (result.low, result.ratio, result.high) == (0.75, 1.0, 2.0)
    assert result.repetitions == 3


def test_a_goal_with_a_second_half_needs_both() -> None:
    case = Case("", (1.0,), (10.0,))
    result = run(row(lambda meter: Measured([case], "less accurate", (), False)), Meter())
    assert result.ratio == pytest.approx(0.1)
    assert (result.reached, result.note) == (False, "less accurate")


def unmeasured(meter: Meter) -> Measured:
    raise UnmeasuredError("needs MNIST")


def test_a_row_that_cannot_be_measured_is_a_miss() -> None:
    result = run(row(unmeasured), Meter())
    assert (result.ratio, result.reached, result.excess) == (None, False, math.inf)
    assert "needs MNIST" in report.line(result)


# --- Several runs --------------------------------------------------------------------------------


ratio = st.floats(0.1, 10)


repetition = st.tuples(ratio, ratio)


@given(st.lists(st.tuples(repetition, repetition, repetition), min_size=2))
def test_of_several_runs_the_medians_are_reported_and_their_spread(
    runs: list[tuple[tuple[float, float], ...]],
) -> None:
    """Each run has three repetitions of two cases."""
    measured = [
        Measured([Case("", ratios, (1.0,) * 3) for ratios in zip(*repetitions, strict=True)])
        for repetitions in runs
    ]
    result = conclude(row(unmeasured), measured)
    medians = np.median(runs, axis=1)  # (run, case)
    means, quartiles = np.sqrt(medians.prod(1)), np.percentile(medians, [25, 50, 75], axis=0).T
    assert (result.low, result.ratio, result.high) == pytest.approx(
        tuple(np.percentile(means, [25, 50, 75]))
    )
    for case, expected in zip(result.cases, quartiles, strict=True):
        assert (case["low"], case["ratio"], case["high"]) == pytest.approx(tuple(expected))
        assert case["ours_seconds"] == case["ratio"]
        assert case["theirs_seconds"] == 1
    assert result.worst == pytest.approx(quartiles[:, 1].max())
    assert (result.repetitions, result.runs) == (3, len(runs))


@given(st.lists(st.tuples(ratio, ratio, st.booleans()), min_size=1))
def test_a_second_condition_has_to_hold_in_every_run(runs: list[tuple[float, float, bool]]) -> None:
    measured = [Measured([Case("", (r,), (1.0,))], "{:.3f}", (n,), h) for r, n, h in runs]
    result = conclude(row(unmeasured, goal=10), measured)
    assert result.reached == all(holds for *_, holds in runs)
    assert result.note == f"{np.median([number for _, number, _ in runs]):.3f}"


def test_a_row_that_one_run_could_not_measure_is_a_miss() -> None:
    one = Measured([Case("", (0.5,), (1.0,))])
    result = conclude(row(unmeasured), [one, UnmeasuredError("ended early"), one])
    assert (result.ratio, result.reached, result.runs) == (None, False, 3)
    assert result.note == "not measured: ended early"


def identity() -> tuple[int, int]:
    return os.getpid(), torch.get_num_threads()


@pytest.mark.slow
def test_a_fresh_process_has_as_many_threads_and_passes_its_errors_on() -> None:
    (fresh, threads), (here, expected) = in_fresh_process(identity), identity()
    assert fresh != here
    assert threads == expected
    with pytest.raises(KeyError, match="has no VmNone"):
        in_fresh_process(memory.memory_of_process, "VmNone")


@pytest.mark.slow
def test_runs_are_measured_in_fresh_processes_and_their_spread_is_saved(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "^Adam"]
    command += ["--threads", "1", "--runs", "3", "--save", str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    printed = done.stdout.splitlines()
    assert [line for line in printed if line.startswith(("Run", "All"))] == [
        *(f"Run {i} of 3" for i in (1, 2, 3)),
        "All 3 runs",
    ]
    (result,) = report.load(tmp_path / "bench.json")
    assert (result.runs, result.repetitions) == (3, guard.METER.repetitions)
    assert result.ratio is not None
    ratios = [
        line.split("model: ")[1].split(" ")[0] for line in printed if "Adam on the default" in line
    ]
    assert sorted(ratios[:3])[1] == ratios[3] == report.ratio(result)
    text = (tmp_path / "bench.md").read_text()
    assert text.endswith("Quartiles are those of 3 runs, each in a fresh process.\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_memory_of_a_process_is_measured_in_a_process_of_each_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = []

    def grow(function: Any, training: Any) -> int:
        assert function is memory.growth
        order.append(training)
        return len(order)

    monkeypatch.setattr(memory, "in_fresh_process", grow)
    ratios = [memory.process_memory(Meter(run=number)).cases[0].ratios for number in (0, 1)]
    assert order == [steps.our_training, *[steps.twin_training] * 2, steps.our_training]
    assert ratios == [[1 / 2], [4 / 3]]


# --- The guard -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratios", "attempts", "verdict"),
    [
        ([1.9], 1, "passed"),
        ([2.1, 1.9], 2, "passed"),
        ([9.0, 2.1, 0.5], 3, "passed"),
        ([9.0, 2.1, 3.0], 3, "TOO SLOW"),
    ],
)
def test_the_guard_believes_only_repeated_slowness(
    ratios: list[float], attempts: int, verdict: str
) -> None:
    supply, told = iter(ratios), list[str]()
    slow = guard.slow_rows([row(lambda meter: fixed(next(supply))(meter))], tell=told.append)
    assert len(list(supply)) == len(ratios) - attempts
    assert [result.ratio for result in slow] == ([min(ratios)] if verdict != "passed" else [])
    assert len(told) == 1
    assert told[0].startswith(verdict)


def test_the_guard_looks_at_the_worst_case() -> None:
    slow = guard.slow_rows([row(fixed(1.0, 5.1), goal=9.0, worst_goal=2.5)], tell=print)
    assert len(slow) == 1


def test_the_guard_does_not_pass_what_it_could_not_measure() -> None:
    assert len(guard.slow_rows([row(unmeasured)], tell=print)) == 1


def test_the_guard_holds_a_row_that_is_known_to_miss_its_goal_against_its_record(
    tmp_path: Path,
) -> None:
    missed = run(row(fixed(1.8, 4.0)), Meter())
    report.save(tmp_path / "bench.json", report.record([missed], "", {}))
    known = report.load(tmp_path / "bench.json")
    for ratio, slow in ((2.5, 0), (6.0, 1)):
        rows = guard.allow_known([row(fixed(ratio))], known)
        assert len(guard.slow_rows(rows, tell=print)) == slow
    assert guard.allow_known([row(fixed(1.0), goal=9.0)], known)[0].goal == 9.0


# --- The command line and what it writes ---------------------------------------------------------


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    rows = [
        row(fixed(0.5), what="fast"),
        row(fixed(2.5, 2.6), what="slow", worst_goal=1.5),
        row(unmeasured, what="absent", length="long"),
    ]
    monkeypatch.setattr(table, "rows", lambda: rows)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("few_rows")
def test_what_is_saved_holds_every_row_and_the_misses_as_misses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["--save", str(tmp_path)]) == 0
    assert "1 of 3 goals reached" in capsys.readouterr().out
    record = json.loads((tmp_path / "bench.json").read_text())
    assert record["command"] == f"python -m tests.bench --save {tmp_path}"
    assert record["machine"].keys() == report.facts().keys()
    assert [r["reached"] for r in record["rows"]] == [True, False, False]
    text = (tmp_path / "bench.md").read_text()
    assert text == report.markdown(record) + "\n"
    lines = text.splitlines()
    assert lines[2] == "| fast | torch | 0.50 | 0.50 to 0.50 | ≤ 1 | yes |"
    assert lines[3] == (
        "| slow | torch | 2.55, worst 2.60 | 2.55 to 2.55 | ≤ 1, worst ≤ 1.5 | **no** |"
    )
    assert lines[4] == "| absent | torch | not measured |  | ≤ 1 | **no** |"
    assert "- absent: not measured: needs MNIST." in lines
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in (tmp_path / "bench.svg").read_text()


@pytest.mark.usefixtures("few_rows")
def test_the_guards_exit_code_tells_of_a_slowdown() -> None:
    assert command_line.main(["--guard"]) == 1
    assert command_line.main(["--guard", "--only", "fast"]) == 0


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "nothing"],
        ["--only", "("],
        ["--quick", "--only", "absent"],
        ["--repetitions", "1"],
        ["--threads", "two"],
        ["--quick", "--whole"],
        ["--runs", "0"],
        ["--guard", "--runs", "2"],
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        command_line.main(arguments)
    assert exit_.value.code == 2


def test_the_chart_has_a_bar_for_each_row_that_was_measured_blue_where_the_goal_was_reached() -> (
    None
):
    results = [run(row(measure), Meter()) for measure in (fixed(0.5), fixed(3.0), unmeasured)]
    (axes,) = report.bars(results).axes
    widths = [bar.get_width() for bar in axes.patches]  # pyright: ignore[reportAttributeAccessIssue]
    assert widths == pytest.approx([0.5, 3.0])
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    with pytest.raises(ValueError, match="at least one"):
        report.bars(results[2:])


def test_results_survive_being_saved(tmp_path: Path) -> None:
    results = [run(row(measure), Meter()) for measure in (fixed(0.5, 2.0), unmeasured)]
    report.save(tmp_path / "bench.json", report.record(results, "command", {}))
    assert report.results_of(json.loads((tmp_path / "bench.json").read_text())) == results


def test_what_operations_add_to_a_step_is_the_sum_of_their_differences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine()
    monkeypatch.setattr(ops, "our_training", lambda *_: machine.function("step", 0.02))
    first, second = (
        Comparison(
            name,
            lambda name=name, ours=ours, theirs=theirs: (
                machine.function(name, ours),
                machine.function(name, theirs),
            ),
        )
        for name, ours, theirs in (("slower", 0.003, 0.001), ("faster", 0.002, 0.003))
    )
    meter = Meter(repetitions=3, sample_seconds=0, clock=machine.clock)
    measured = ops.added_to_a_step([first, second], meter)
    assert measured.cases[0].ratios == pytest.approx([1.05] * 3)  # (20 + 2 − 1) / 20
    assert measured.numbers == pytest.approx((5000, 4000, 20))


@pytest.mark.parametrize(("ratio", "slow"), [(1.015, False), (1.03, True)])
def test_the_guard_notices_an_operation_that_takes_a_few_hundredths_of_a_step(
    ratio: float, slow: bool
) -> None:
    added = next(row for row in table.rows() if "its relu" in row.what)
    case = Case("a step", (ratio, ratio), (1.0, 1.0))
    found = guard.slow_rows([added._replace(measure=lambda _: Measured([case]))], tell=print)
    assert bool(found) is slow


def test_every_row_has_a_name_of_its_own_and_a_goal() -> None:
    rows = table.rows()
    assert len({r.what for r in rows}) == len(rows) > 20
    assert all(r.goal > 0 and r.length in ("short", "long", "whole") for r in rows)
    assert len(ops.convolutions()) >= 12


# --- Both sides do the same work -----------------------------------------------------------------


@pytest.mark.parametrize(
    "comparison",
    [
        *ops.convolutions(),
        *networks.convolutions(networks.MANY_CHANNELS),
        *networks.convolutions(networks.GROUPS),
        *networks.convolutions(networks.DEPTHWISE),
        *ops.pools(),
        ops.cross_entropy(),
        *ops.activations(),
    ],
    ids=lambda comparison: comparison.name.replace("×", "x").replace("→", "to"),
)
def test_ours_and_torchs_operation_give_the_same_gradients(comparison: Comparison) -> None:
    ours, theirs = comparison.make()
    for gradient, expected in zip(ours(), theirs(), strict=True):
        scale = expected.abs().max().item()
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-4 * max(1, scale))


@pytest.mark.parametrize("name", ops.GENERAL)
def test_every_general_convolution_has_as_many_products_as_the_easy_one(name: str) -> None:
    def products(g: ops.Geometry) -> int:
        window = (ops.KERNEL - 1) * g.dilation + 1
        places = ((g.size + 2 * g.padding - window) // g.stride + 1) ** 2
        return places * g.channels * (g.channels // g.groups) * ops.KERNEL**2

    assert products(ops.GENERAL[name]) == products(ops.EASY)
    gradients = ops.our_conv(ops.GENERAL[name])()
    for gradient, expected in zip(gradients, ops.torch_conv(ops.GENERAL[name])(), strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("memory_format", [None, torch.channels_last])
@pytest.mark.parametrize("net", [steps.usual_net, models.mnist_cnn])
def test_ours_and_the_twins_training_have_the_same_losses(net: Any, memory_format: Any) -> None:
    batches = digit_batches(16, count=3)
    ours = steps.our_training(net(), batches)
    theirs = steps.twin_training(net(), batches, memory_format)
    losses = [(float(ours()), float(theirs())) for _ in range(6)]
    for actual, expected in losses:
        assert actual == pytest.approx(expected, rel=1e-3)
    assert losses[-1] < losses[0]


def test_ours_and_the_twins_evaluation_agree() -> None:
    net, batches = models.lenet5(), digit_batches(50, count=2)
    params, state, _ = net.init(torch.Generator().manual_seed(0), IN_SHAPE)
    twin = torch_twin(net, params, state, IN_SHAPE).eval()
    expected = steps.evaluate_twin(twin, batches)
    assert train.evaluate(net, params, state, batches) == pytest.approx(expected, rel=1e-5)


def odd_layers() -> layers.Layer:
    return layers.sequential(
        layers.conv2d(4, 5, stride=2, padding=2, bias=False),
        layers.max_pool2d(3, stride=2, padding=1),
        layers.conv2d(4, 3, padding="same", groups=2),
        layers.avg_pool2d((2, 1), stride=1),
        layers.conv2d(6, 3, dilation=2),
        layers.global_avg_pool(),
        layers.batch_norm(),
        layers.linear(3, bias=False),
    )


@pytest.mark.parametrize("model", [*models.MODELS.values(), odd_layers])
def test_the_twin_of_a_network_has_its_outputs_and_gradients(model: Any) -> None:
    net, x = model(), torch.rand(3, *IN_SHAPE, generator=torch.Generator().manual_seed(1))
    params, state, _ = net.init(torch.Generator().manual_seed(0), IN_SHAPE)
    rng_before = torch.get_rng_state()
    twin = torch_twin(net, params, state, IN_SHAPE)
    assert torch.equal(torch.get_rng_state(), rng_before)
    assert twin.training
    params = tree.map(lambda p: p.clone().requires_grad_(), params)
    y, _ = net.apply(params, state, x)
    expected = twin.eval()(x)
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-5)
    gradients = torch.autograd.grad(y.square().sum(), tree.leaves(params))
    expected = torch.autograd.grad(expected.square().sum(), list(twin.parameters()))
    for gradient, twins in zip(gradients, expected, strict=True):
        torch.testing.assert_close(gradient, twins, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "layer",
    [
        layers.relu()._replace(name="gelu"),
        layers.dropout(0.5)._replace(name="linear", options={"out_features": 3, "bias": False}),
        layers.dropout(0.5)._replace(options={"p": 0.1}),
        layers.relu()._replace(apply=layers.flatten().apply),
        layers.Layer("relu", layers.relu().init, layers.relu().apply),
        layers.sequential(layers.relu())._replace(children=(layers.flatten(),)),
    ],
)
def test_a_layer_that_no_constructor_made_as_it_is_has_no_twin(layer: layers.Layer) -> None:
    with pytest.raises(NoTwinError, match=layer.name):
        torch_twin(layer, (), (), (3,))


# --- Memory --------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 4000), st.booleans()), min_size=1, max_size=6))
def test_the_peak_is_the_greatest_sum_of_what_is_alive(blocks: list[tuple[int, bool]]) -> None:
    """Each block has a size, and is kept to the end or released before the next one is made."""

    def allocate() -> list[torch.Tensor]:
        kept = []
        for size, keep in blocks:
            block = torch.empty(size, dtype=torch.uint8)
            if keep:
                kept.append(block)
            del block
        return kept

    expected, alive = 0, 0
    for size, keep in blocks:
        expected = max(expected, alive + size)
        alive += size * keep
    assert peak_bytes(allocate) == expected


# --- Processes -----------------------------------------------------------------------------------


def test_the_lines_of_a_process_come_with_their_times_and_its_end_last() -> None:
    ticks = itertools.count()
    lines = whole.lines_of(["-c", "print('a'); print('b')"], lambda: float(next(ticks)))
    assert list(lines) == [(1.0, "a"), (2.0, "b"), (3.0, "")]


def test_who_has_read_enough_ends_the_process() -> None:
    endless = "import time\nwhile True: print('x'); time.sleep(0.01)"
    lines = whole.lines_of(["-c", endless])
    assert next(lines)[1] == "x"
    lines.close()  # would hang otherwise
    with pytest.raises(StopIteration):
        next(lines)


def test_a_process_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(UnmeasuredError, match="last words"):
        list(whole.lines_of(["-c", "raise SystemExit('last words')"]))


def test_processes_take_turns_and_each_round_has_a_seed_of_its_own() -> None:
    order = list[tuple[str, int]]()

    def runner(name: str, seconds: float) -> Callable[[int], whole.Lines]:
        def run_process(seed: int) -> whole.Lines:
            order.append((name, seed))
            return ((seconds, f"Test, 10 images: accuracy {90 + seed}%"), (2 * seconds, ""))

        return run_process

    runners = {
        "hurried": runner("hurried", 1.0),
        "usual": runner("usual", 40.0),
        "default": runner("default", 2.0),
    }
    runs = [whole.Runs(**whole.in_turn(runners, seed)) for seed in range(3)]
    assert order == [
        *(("hurried", 0), ("usual", 0), ("default", 0)),
        *(("usual", 1), ("default", 1), ("hurried", 1)),
        *(("default", 2), ("hurried", 2), ("usual", 2)),
    ]
    for seed, each in enumerate(runs):
        (case,), note, accuracies, _ = whole.compare(each, "default", whole.at_the_end)
        assert case.ratios == [0.05]
        assert accuracies == ((90 + seed) / 100,) * 2
        assert note.format(*accuracies) == f"test accuracy {90 + seed}.00% against {90 + seed}.00%"


@pytest.mark.parametrize(("ours", "reached"), [(99.2, True), (99.1, False), (99.0, False)])
def test_our_default_run_has_to_be_the_more_accurate_one(
    monkeypatch: pytest.MonkeyPatch, ours: float, reached: bool
) -> None:
    default, usual = (
        ((seconds, f"Test: accuracy {accuracy}%"), (seconds, ""))
        for seconds, accuracy in ((1.0, ours), (40.0, 99.1))
    )
    monkeypatch.setattr(whole, "runs_of", lambda seed: whole.Runs(default, default, usual))
    result = run(row(whole.default_settings), Meter())
    assert (result.ratio, result.reached) == (pytest.approx(0.025), reached)


def test_a_run_that_never_reaches_the_target_is_not_measured() -> None:
    lines = [(5.0, "Test, 10,000 images: average loss 0.1, accuracy 98.99%"), (6.0, "")]
    with pytest.raises(UnmeasuredError, match=r"98\.99%"):
        whole.stop_at_target(tuple(lines))
    with pytest.raises(UnmeasuredError, match="without a test accuracy"):
        whole.at_the_end(((5.0, "validation accuracy 98.00%"), (6.0, "")))


class FewDigits:
    """The sample in the place of torchvision's MNIST."""

    def __init__(self, root: str, train: bool, download: bool, transform: Any) -> None:
        split = data.load_sample()[0 if train else 1]
        self.images, self.labels = split.images[:128, 0].numpy(), split.labels[:128]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[i]), int(self.labels[i])


@pytest.mark.slow
def test_the_usual_script_learns_and_its_lines_are_understood(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference.datasets, "MNIST", FewDigits)
    monkeypatch.setattr(sys, "argv", ["reference.py", "--epochs", "4"])
    with torch.random.fork_rng():
        reference.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    race = whole.at_the_end(tuple((float(i), line) for i, line in enumerate([*lines, ""])))
    assert race.seconds == 4
    assert race.accuracy > 0.3


@pytest.mark.slow
def test_the_usual_script_starts_as_it_is_measured():
    lines = [line for _, line in whole.lines_of([*whole.REFERENCE, "--help"])]
    assert lines[0].startswith("usage: ")
    assert any("--data-dir" in line for line in lines)


def test_the_watcher_looks_whenever_the_script_evaluates_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, test = data.load_sample()
    monkeypatch.setattr(train, "evaluate", train.evaluate)  # to be put back in the end
    monkeypatch.setattr(data, "load_mnist", lambda download: (None, test))
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, torch\n"
        "from minicnn import layers, train\n"
        "net = layers.sequential(layers.flatten(), layers.linear(10))\n"
        "params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))\n"
        "batch = torch.zeros(2, 1, 28, 28), torch.tensor([0, 1])\n"
        "for _ in range(2):\n"
        "    print(sys.argv[1], train.evaluate(net, params, state, [batch])['loss'])\n"
    )
    monkeypatch.setattr(sys, "argv", ["whole", str(script), "--option"])
    monkeypatch.setattr(sys, "path", list(sys.path))  # the same paths, put back in the end
    whole.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["Test,", "--option"] * 2
    assert whole.at_the_end(((1.0, lines[0]),)).accuracy < 0.5
    assert len({line for line in lines if line.startswith("--option")}) == 1


def test_without_mnist_or_the_example_whole_processes_are_not_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MINICNN_DATA_DIR", str(tmp_path))
    assert whole.EXAMPLE.exists()
    for measure in (whole.until_target, whole.default_settings):
        assert "needs MNIST" in run(row(measure), Meter()).note
    monkeypatch.setattr(whole, "EXAMPLE", tmp_path / "train_mnist.py")
    assert "needs the examples" in run(row(whole.until_target), Meter()).note


# --- Two records ---------------------------------------------------------------------------------


def test_two_records_are_set_side_by_side_where_both_have_a_case() -> None:
    def result(**ratios: float) -> Any:
        cases = [Case(name, (ratio,), (1.0,)) for name, ratio in ratios.items()]
        return run(row(lambda meter: Measured(cases), worst_goal=2.0), Meter())

    lines = beside.table([result(a=5.0, b=1.0)], [result(a=0.5, c=1.0)]).splitlines()
    assert lines[2:] == ["| a | torch | 5.00 | 0.50 | ≤ 2 |"]
