"""The training with the learner's own functions: who takes part, what it computes, what it says."""

import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn import data
from minicnn import functional as F
from minicnn.exercises import capstone, rehearsal
from minicnn.exercises.__main__ import main
from minicnn.exercises.calls import Outcome
from minicnn.exercises.capstone import Run, TrainingError
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.check import Judged
from minicnn.exercises.compare import Fault, compare
from minicnn.exercises.judge import Verdict
from minicnn.exercises.network import DROPPED, EPS, FIRST, MOMENTUM, POOL, SECOND, Network
from minicnn.exercises.ours import OURS
from minicnn.exercises.submission import EndedError, LateError
from minicnn.exercises.trainer import Trainer
from minicnn.exercises.trial import copied
from minicnn.exercises.wire import encode
from minicnn.testing.case import Case

from ..meaningful import meaningful, mostly_meaningful
from .wrong.wrong_answer import right_answer

# --- minicnn's own functions and the network ----------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_our_function_gives_what_the_exercise_asks_for(name: str) -> None:
    exercise = EXERCISES[name]

    @mostly_meaningful
    @settings(max_examples=20, derandomize=True, database=None, deadline=None)
    @given(st.one_of([probe.cases for probe in exercise.probes]))
    def check(case: Case) -> None:
        expected = copied(case).call(exercise.twin)
        results = expected if isinstance(expected, tuple) else (expected,)
        meaningful(any(torch.as_tensor(result).any() for result in results))
        got = OURS[name](*copied(case).arguments.values())
        assert compare(expected, got, exercise.returns) is None

    check()


def loss_by_autograd(params: dict[str, torch.Tensor], images, labels, lots) -> torch.Tensor:
    """The network's loss in a few lines, for autograd."""
    p, f = params, OURS
    z1: Any = F.max_pool2d(F.relu(F.conv2d(images, p["weight1"], p["bias1"], *FIRST)), *POOL)
    x2 = F.conv2d(z1, p["weight2"], None, *SECOND)
    n2, *_ = F.batch_norm(x2, None, None, p["scale"], p["shift"], True, MOMENTUM, EPS)
    flat = F.avg_pool2d(F.relu(n2), *POOL).flatten(1)
    return F.cross_entropy(
        F.linear(f["dropout"](flat, lots, DROPPED, True), p["weight3"], p["bias3"]), labels
    )


def test_the_written_out_backward_pass_is_that_of_autograd() -> None:
    got: dict[str, torch.Tensor] = {}
    names = iter(["weight3", "bias3", "scale", "shift", "weight2", "bias1", "weight1"])

    def adam_step(param, grad, m, v, *settings):
        got[next(names)] = grad
        return param, m, v

    net = Network({**OURS, "adam_step": adam_step}, 1, torch.float64)
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(6, 1, 28, 28, generator=generator, dtype=torch.float64)
    labels = torch.arange(6)
    lots = torch.rand(6, 144, generator=net.generator.clone_state(), dtype=torch.float64)
    params = {name: value.clone().requires_grad_() for name, value in net.params.items()}
    loss = loss_by_autograd(params, images, labels, lots)
    assert net.step(images, labels) == pytest.approx(loss.item(), abs=1e-12)
    assert set(got) == set(params)
    for (name, param), grad in zip(
        params.items(), torch.autograd.grad(loss, list(params.values())), strict=True
    ):
        torch.testing.assert_close(got[name], grad, msg=lambda text, n=name: f"{n}: {text}")
        assert grad.shape == param.shape


def test_each_function_is_called_where_the_network_needs_it() -> None:
    calls = rehearsal.arguments_in_the_network(3)
    assert set(calls) == set(OURS)
    assert {name: len(many) for name, many in calls.items()} == defaultdict(
        lambda: 1,
        {**dict.fromkeys(OURS, 1), "conv2d_forward": 4, "output_size": 4, "conv2d_grad_bias": 1}
        | {"conv2d_grad_weight": 2, "max_pool2d_forward": 2, "relu_backward": 2, "adam_step": 7}
        | {"dropout": 3, "kaiming_uniform": 3},
    )
    assert not any(isinstance(x, torch.Tensor) and x.dtype == torch.float32
                   for many in calls.values() for arguments in many for x in arguments)  # fmt: skip


def test_numbers_of_another_network_are_refused() -> None:
    net = Network(OURS, 1)
    for numbers in ([], net.numbers[:-1], [x.double() for x in net.numbers]):
        with pytest.raises(ValueError, match="numbers must have the shapes and dtypes of the net"):
            net.restore(numbers)


# --- A training, in this process ----------------------------------------------------------------


class Here:
    """Stands for a `Submission`: the trainer of these functions, in this process."""

    def __init__(self, functions: dict[str, Any] | None = None) -> None:
        self.trainer = Trainer(functions or {})
        self.asked: list[str] = []

    def start(self) -> None:
        self.asked.append("start")

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        self.asked.append(request["do"])
        return self.trainer.reply(request)


@pytest.fixture(scope="module")
def sample() -> tuple[data.Split, data.Split]:
    return data.load_sample()


def training(process: Any, names: list[str], sample, steps: int = 4) -> Run:
    return capstone.run(process, names, steps, sample[0], 32, sample[1])


QUICK = {
    "relu_backward": lambda grad, input: torch.where(input > 0, grad, torch.zeros_like(grad)),
    "conv2d_grad_bias": lambda grad: grad.permute(1, 0, 2, 3).flatten(1).sum(1),
    "max_pool2d_forward": lambda x, k, s, p: x.unfold(2, k, s).unfold(3, k, s).amax((4, 5)),
    "cross_entropy_grad": lambda x, t: (
        (x.exp() / x.exp().sum(1, keepdim=True) - torch.eye(10)[t]) / len(x)
    ),
}


def test_right_functions_learn_what_ours_learn(sample) -> None:
    ours = training(Here(), [], sample)
    yours = training(Here(QUICK), list(QUICK), sample)
    assert yours.loss == pytest.approx(ours.loss, rel=1e-4)
    assert yours.accuracy == pytest.approx(ours.accuracy, abs=0.01)
    assert ours.loss < 2.3  # that of a guess is log 10
    assert all(yours.spent[name] > 0 for name in QUICK)
    assert sum(yours.spent.values()) <= yours.seconds


def test_only_the_chosen_functions_are_called(sample) -> None:
    def never(*arguments: Any) -> None:
        raise AssertionError("called")

    assert training(Here({"dropout": never, **QUICK}), list(QUICK), sample, 1).steps == 1


def test_a_whole_training_reads_digits(sample) -> None:
    assert training(Here(), [], sample, 60).accuracy > 0.8


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("two\nlines"), "relu_backward raised RuntimeError: two"),
        (SystemExit(0), "relu_backward raised SystemExit: 0"),
        (KeyboardInterrupt(), "relu_backward raised KeyboardInterrupt"),
        (ValueError("\x1b[2Jno"), "relu_backward raised ValueError: ?[2Jno"),
    ],
)
def test_a_function_that_fails_later_ends_the_training_in_a_line(error, words, sample) -> None:
    calls = []

    def relu_backward(grad, input):
        calls.append(1)
        if len(calls) > 4:
            raise error
        return grad * (input > 0)

    process = Here({"relu_backward": relu_backward})
    with pytest.raises(TrainingError) as found:
        training(process, ["relu_backward"], sample)
    assert str(found.value) == f"The training has stopped: {words}"
    assert process.asked == ["start", "begin", "step", "step", "step"]


BROKE = "The process of your functions broke the connection."


@pytest.mark.parametrize(
    ("do", "reply"),
    [
        ("step", {}),
        ("step", {"loss": "low", "seconds": dict.fromkeys(OURS, 0.0)}),
        ("step", {"loss": 1.0, "seconds": {}}),
        ("step", {"loss": 1.0, "seconds": 7}),
        ("numbers", {}),
        ("numbers", {"numbers": 3}),
        ("numbers", {"numbers": [encode(torch.zeros(1))]}),
        ("numbers", {"numbers": [{"tensor": "float32", "shape": [-1], "bytes": "?"}]}),
    ],
)
def test_a_reply_that_is_none_ends_the_training_in_a_line(do, reply, sample) -> None:
    process = Here()
    honest = process.ask
    process.ask = lambda request, seconds: (  # type: ignore[method-assign]
        reply if request["do"] == do else honest(request, seconds)
    )
    with pytest.raises(TrainingError) as found:
        training(process, [], sample, 1)
    assert str(found.value) == BROKE


@pytest.mark.parametrize("digits", [None, 3, ["7"], [10], [1.5], "12"])
def test_digits_that_are_none_are_not_shown(digits) -> None:
    with pytest.raises(TrainingError, match=f"^{re.escape(BROKE)}$"):
        capstone.reading({"digits": digits}, [7, 2])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            EndedError("ended Python (exit code 0)."),
            "The process of your functions ended Python (e",
        ),
        (LateError(), "A step has taken more than 60 seconds."),
    ],
)
def test_a_process_that_is_gone_or_silent_ends_the_training_in_a_line(error, words, sample) -> None:
    process = Here()

    def ask(request: dict[str, Any], seconds: float) -> dict[str, Any]:
        raise error

    process.ask = ask  # type: ignore[method-assign]
    with pytest.raises(TrainingError) as found:
        training(process, [], sample, 1)
    assert str(found.value).startswith(words)


# --- How many steps -----------------------------------------------------------------------------


class Slow(Here):
    """A process whose steps take so many seconds of a clock that only it moves."""

    def __init__(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.seconds, self.now = seconds, 0.0
        monkeypatch.setattr(capstone.time, "monotonic", lambda: self.now)

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        if request["do"] == "step":
            if self.seconds > seconds:
                raise LateError
            self.now += self.seconds
        return super().ask(request, seconds)


@pytest.mark.parametrize(
    ("seconds", "steps", "said"),
    [
        (0.1, 500, ""),
        (0.6, 500, ""),
        (
            3.0,
            100,
            "A step on 32 digits takes 3 seconds with your functions: --minutes 5 is enough for\n"
            "100 of 500 steps. All of them need --minutes 26.",
        ),
        (
            299.0,
            1,
            "A step on 32 digits takes 3e+02 seconds with your functions: --minutes 5 is enough "
            "for\n1 of 500 steps. All of them need --minutes 2493.",
        ),
    ],
)
def test_a_slow_function_gets_fewer_steps(seconds, steps, said, sample, monkeypatch) -> None:
    shown: list[str] = []
    process: Any = Slow(seconds, monkeypatch)
    assert capstone.affordable(process, [], 5.0, sample[0], 32, shown.append) == steps
    assert "".join(shown) == said


def test_a_step_that_takes_longer_than_all_is_an_error(sample, monkeypatch) -> None:
    process: Any = Slow(301.0, monkeypatch)
    with pytest.raises(TrainingError) as found:
        capstone.affordable(process, [], 5.0, sample[0], 32, print)
    words = "One step on 32 digits takes longer than --minutes 5, the time for all of them."
    assert str(found.value) == f"{words} Give it more."


def test_a_training_shows_ten_lines() -> None:
    shown: list[str] = []
    for done in range(1, 37):
        capstone.progress(shown.append, done, 36, 1.0, 2.0)
    assert len(shown) == 10
    assert shown[-1] == "  step  36 of 36   loss 1.0000      2.0 s"


def test_the_order_of_the_batches_is_always_the_same(sample) -> None:
    one, other = capstone.batches(sample[0], 32), capstone.batches(sample[0], 32)
    first = [labels for (_, labels), _ in zip(one, range(130), strict=False)]
    again = [labels for (_, labels), _ in zip(other, range(130), strict=False)]
    assert all(a.equal(b) and len(a) == 32 for a, b in zip(first, again, strict=True))
    assert not first[0].equal(first[125])  # a new order after the 125 batches of the sample


class Learner:
    """Stands for a `Submission`: a call takes so many seconds, or as many for each digit."""

    def __init__(self, functions: dict[str, Any], seconds: float, each: bool = False) -> None:
        self.functions, self.seconds, self.each = functions, seconds, each
        self.now, self.digits = 0.0, []

    def answers(self, name: str, seconds: float) -> Any:
        def answer(arguments: dict[str, Any]) -> Outcome:
            first = next(iter(arguments.values()))
            self.digits.append(len(first))
            self.now += self.seconds * (len(first) if self.each else 1)
            if self.seconds > seconds:
                return Outcome(None, Fault("time", "It did not return"), arguments)
            return Outcome(self.functions[name](*arguments.values()), None, arguments)

        return answer


@pytest.mark.parametrize(
    ("seconds", "each", "batch", "tried"),
    [
        (0.1, False, 32, [4, 4, 32, 32]),
        (9.3, False, 32, [4, 4, 32, 32]),  # as long for many as for few
        (9.4, False, 4, [4, 4]),  # 8 × 2 × 9.4 seconds: more than half of five minutes
        (0.15, True, 32, [4, 4, 32, 32]),
        (0.16, True, 4, [4, 4, 32, 32]),  # 2 × 32 × 0.16 seconds: no time for 30 steps
    ],
)
def test_a_slow_function_gets_few_digits(seconds, each, batch, tried, monkeypatch) -> None:
    learner: Any = Learner(OURS, seconds, each)
    monkeypatch.setattr(capstone.time, "monotonic", lambda: learner.now)
    name = "relu_backward"
    judged = {name: Judged(Path("mine.py"), Verdict(EXERCISES[name], ()))}
    assert rehearsal.chosen(learner, judged, 5.0, lambda text: None) == ([name], batch)
    assert learner.digits == tried


def test_a_function_that_takes_longer_than_all_does_not_take_part(monkeypatch) -> None:
    learner: Any = Learner(OURS, 301.0)
    judged = {name: Judged(Path("mine.py"), Verdict(EXERCISES[name], ())) for name in ("dropout",)}
    shown: list[str] = []
    with pytest.raises(TrainingError, match="None of your functions can take part"):
        rehearsal.chosen(learner, judged, 5.0, shown.append)
    here = "minicnn's: yours passes the grader, but not here. "
    words = f"{here}It takes more than 300 seconds on 4 digits."
    assert own_part("\n".join(shown))["dropout"] == words


# --- The command --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "notes"))
    monkeypatch.setenv("MINICNN_DATA_DIR", str(tmp_path / "none"))
    return tmp_path


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon"])
def test_minutes_must_be_a_number_above_0(value: str, capsys) -> None:
    with pytest.raises(SystemExit) as found:
        main(["train", "--minutes", value])
    assert found.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"argument --minutes: must be a number above 0, got {value!r}")


CHECKING = "Checking your functions …\n"


def test_without_a_solution_it_says_how_to_begin(folder: Path, capsys) -> None:
    assert main(["train"]) == 1
    begin = "python3 -m minicnn.exercises start conv2d_forward"
    words = f"{CHECKING}There is no solution to train with. Begin: {begin}\n"
    assert capsys.readouterr().out == words


def test_a_file_that_is_not_there_is_named(folder: Path, capsys) -> None:
    assert main(["train", "none.py"]) == 2
    assert capsys.readouterr().out == f"{CHECKING}none.py: The file does not exist.\n"
    assert list(folder.iterdir()) == []


BIAS = "def conv2d_grad_bias(grad):\n    return grad.sum((0, 2, 3))\n"
RELU = "def relu_backward(grad, input):\n    return grad * (input {} 0)\n"
# Right for the grader's cases, wrong for more classes, or for more digits.
ONLY_SMALL = """
def log_softmax(logits):
    largest = logits.amax(1, keepdim=True)
    sums = (logits - largest).exp()[:, :6].sum(1, keepdim=True)
    return logits - largest - sums.log()
"""
ONLY_FEW = """
def cross_entropy(logits, target):
    x = logits - logits.amax(1, keepdim=True)
    losses = x.exp().sum(1).log() - x.gather(1, target[:, None])[:, 0]
    return losses.sum() / min(len(losses), 31)
"""


def own_part(out: str) -> dict[str, str]:
    lines = [line.split("  ", 1) for line in out.splitlines() if line.split(" ")[0] in EXERCISES]
    return {name.strip(): part.strip() for name, part in lines[: len(EXERCISES)]}


@pytest.mark.slow
def test_only_what_is_right_takes_part(folder: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(rehearsal, "ENOUGH", 0.01)  # time for a whole batch, on any machine
    (folder / "conv2d_grad_bias.py").write_text(BIAS)
    (folder / "relu_backward.py").write_text(RELU.format(">="))
    (folder / "log_softmax.py").write_text(ONLY_SMALL)
    (folder / "cross_entropy.py").write_text(ONLY_FEW)
    (folder / "unfold.py").write_text("def unfold(")
    assert main(["train", "--minutes", "0.2"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{CHECKING}unfold.py: This is not valid Python: ")
    parts = own_part(out)
    assert parts == {
        **dict.fromkeys(EXERCISES, "minicnn's"),
        **dict.fromkeys(set(EXERCISES) - set(OURS), "no part: this network does not need it"),
        "conv2d_grad_bias": "yours, from conv2d_grad_bias.py",
        "relu_backward": "minicnn's: yours is not right yet",
        "log_softmax": "minicnn's: yours passes the grader, but not here. the result is wrong at "
        + parts["log_softmax"].partition("wrong at ")[2],
        "cross_entropy": "minicnn's: yours passes the grader, but not here. the result is wrong: "
        + parts["cross_entropy"].partition("wrong: ")[2],
    }
    assert "\nTraining on sample train, 4,000 digits.\n" in out
    rows = re.search(r"\nyours, (\d+) steps of 32 .*\nminicnn's, the same steps.*\n", out)
    assert rows
    shares = out.partition("seconds in ")[2].splitlines()
    assert [line.split("  ")[0] for line in shares[1:3]] == ["conv2d_grad_bias", "minicnn's part"]
    assert re.search(r"Your functions read the first 10 test digits as  (\d ){9}\d\n", out)


@pytest.mark.slow
def test_with_none_right_nothing_is_trained(folder: Path, capsys) -> None:
    (folder / "mine.py").write_text(RELU.format(">=") + ONLY_SMALL)
    assert main(["train", "mine.py"]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == (
        "None of your functions can take part. See what is wrong: "
        "python3 -m minicnn.exercises check FILE"
    )
    assert "Training on" not in out


LATER = {
    "os._exit(0)": "The process of your functions ended Python (exit code 0).",
    "raise ValueError('no')": "The training has stopped: relu_backward raised ValueError: no",
}


@pytest.mark.slow
@pytest.mark.parametrize("line", LATER)
def test_what_ends_the_training_is_said_in_a_line(line: str, folder: Path, capsys) -> None:
    text = f"import os\nmany = []\n{RELU.format('>')}".replace(
        "    return",
        f"    many.append(len(grad) > 3)\n    if sum(many) > 5:\n        {line}\n    return",
    )
    (folder / "mine.py").write_text(text)
    assert main(["train", "mine.py"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == LATER[line]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_ends_it_in_a_line(folder: Path) -> None:
    (folder / "conv2d_grad_bias.py").write_text(BIAS)
    process = subprocess.Popen(
        [sys.executable, "-m", "minicnn.exercises", "train"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("  step"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert err == "stopped\n"
    assert process.returncode == 1
    assert "Traceback" not in out


# --- Every solution -----------------------------------------------------------------------------

LOOPS = """
import math
import torch

def conv2d_forward(input, weight, bias, stride, padding, dilation, groups):
    x, w = input.tolist(), weight.tolist()
    (N, C, H, W), (O, S, KH, KW) = input.shape, weight.shape
    OH = (H + 2 * padding - dilation * (KH - 1) - 1) // stride + 1
    OW = (W + 2 * padding - dilation * (KW - 1) - 1) // stride + 1
    out = [[[[0.0] * OW for _ in range(OH)] for _ in range(O)] for _ in range(N)]
    for n in range(N):
        for o in range(O):
            for y in range(OH):
                for z in range(OW):
                    total = 0.0 if bias is None else bias[o].item()
                    for c in range(S):
                        for i in range(KH):
                            for j in range(KW):
                                h = y * stride + i * dilation - padding
                                v = z * stride + j * dilation - padding
                                if 0 <= h < H and 0 <= v < W:
                                    channel = o // (O // groups) * S + c
                                    total += w[o][c][i][j] * x[n][channel][h][v]
                    out[n][o][y][z] = total
    return torch.tensor(out, dtype=input.dtype)

def conv2d_grad_bias(grad):
    N, O, H, W = grad.shape
    g = grad.tolist()
    sums = [0.0] * O
    for n in range(N):
        for o in range(O):
            for y in range(H):
                for x in range(W):
                    sums[o] += g[n][o][y][x]
    return torch.tensor(sums, dtype=grad.dtype)

def max_pool2d_forward(input, kernel_size, stride, padding):
    N, C, H, W = input.shape
    x = input.tolist()
    out = []
    for n in range(N):
        for c in range(C):
            for top in range(-padding, H + padding - kernel_size + 1, stride):
                for left in range(-padding, W + padding - kernel_size + 1, stride):
                    best = -math.inf
                    for h in range(top, top + kernel_size):
                        for w in range(left, left + kernel_size):
                            if 0 <= h < H and 0 <= w < W:
                                best = max(best, x[n][c][h][w])
                    out.append(best)
    OH = (H + 2 * padding - kernel_size) // stride + 1
    return torch.tensor(out, dtype=input.dtype).reshape(N, C, OH, -1)
"""


def accuracies(out: str) -> list[float]:
    found = re.findall(
        r"^(?:yours|minicnn's), .* steps(?: of \d+)? +[\d.]+ +([\d.]+)% ", out, re.MULTILINE
    )
    return [float(text) for text in found]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["every solution", "plain loops"])
def test_they_learn_what_ours_learn_in_the_same_steps(kind, folder, capsys, monkeypatch) -> None:
    """The number of steps does not depend on the speed of this machine."""
    monkeypatch.setattr(capstone, "affordable", lambda *_: 12)
    monkeypatch.setattr(rehearsal, "ENOUGH", 1)
    if kind == "plain loops":
        (folder / "mine.py").write_text(LOOPS)
        names = ["conv2d_forward", "conv2d_grad_bias", "max_pool2d_forward"]
    else:
        names = list(EXERCISES)
        text = "\n\n".join(right_answer(name) for name in names)
        (folder / "mine.py").write_text(text)
    assert main(["train", "mine.py"]) == 0
    out = capsys.readouterr().out
    assert [name for name, part in own_part(out).items() if part == "yours, from mine.py"] == [
        name for name in names if name in OURS
    ]
    yours, ours, whole = accuracies(out)
    assert yours == pytest.approx(ours, abs=0.5)  # per cent; rounding differs, and grows
    assert yours > 40
    assert whole > 90
