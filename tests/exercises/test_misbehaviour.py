"""Whatever a learner's file does, the grader prints one clear message and no traceback."""

import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch

from minicnn.exercises import deadline
from minicnn.exercises.calls import call
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.check import check_file
from minicnn.exercises.compare import Fault, compare
from minicnn.exercises.deadline import TimeUpError, Watchman
from minicnn.exercises.learner import exercises_in, load, read
from minicnn.exercises.report import report
from minicnn.exercises.signs import sign
from minicnn.exercises.submission import UnreadableError
from minicnn.exercises.trial import Trial, try_case
from minicnn.testing.case import Case

from .grading import hand_in, topic

RELU = "import torch\ndef relu_backward(grad, input):\n"
FUNCTIONAL = "torch.nn.functional"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "SECONDS", 0.3)


def grade(text: str, folder: Path, exercise: str = "relu_backward") -> tuple[str, str]:
    """Return the topic and the report of an answer."""
    verdict = hand_in(exercise, text, folder, examples=6, shrinks=0)
    return topic(verdict), report(verdict)


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """A collection at the recursion limit would run hypothesis' callback, which then fails too."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("    grad * (input > 0)", "type", "It returned None"),
        ("    return (grad * (input > 0)).tolist()", "type", "got a list"),
        ("    return (grad * (input > 0)).numpy()", "type", "be a torch.Tensor, got a ndarray"),
        ("    return (grad, input)", "type", "must be a torch.Tensor, got a tuple"),
        ("    return grad[None] * (input > 0)", "shape", "expected (1,), got (1, 1)"),
        ("    return (grad * (input > 0)).float()", "dtype", "expected torch.float64"),
        ("    return (grad * (input > 0)).int()", "dtype", "got torch.int32"),
        ("    grad *= input > 0\n    return grad", "changed", "modifies its argument grad"),
        ("    input.clamp_(min=0)\n    return grad * (input > 0)", "changed", "argument input"),
        ("    return grad[7]", "raised", "It raised IndexError: index 7 is out of bounds"),
        ("    return gard", "raised", "NameError: name 'gard' is not defined"),
        ("    return 1 / 0", "raised", "It raised ZeroDivisionError: division by zero"),
        ("    return relu_backward(grad, input)", "raised", "RecursionError"),
        ("    raise SystemExit", "raised", "It raised SystemExit"),
        ("    raise BaseException", "raised", "It raised BaseException"),
        ("    return grad * torch.rand(())", "unsteady", "called twice with the same arguments"),
        ("    while True:\n        pass", "time", "It did not return within 3 seconds"),
        ("    raise NotImplementedError", "unwritten", "not written yet"),
        ("    return grad / 0 * (input > 0)", "not finite", "Hint: The result has a nan or inf"),
        ("    return 0 * grad", "zeros", "Hint: The result is all zeros"),
        ("    return -grad * (input > 0)", "sign", "Hint: Every number has the wrong sign"),
        ("    return 2.5 * grad * (input > 0)", "factor", "Every number is 2.5 times what"),
        ("    return grad * (input > 0) + 1", "offset", "Every number is too large by 1."),
        ("    return (grad * (input > 0)).flip(0)", "flipped", "in reverse order"),
    ],
)
@pytest.mark.usefixtures("no_garbage_collection")
def test_the_message_describes_the_result(body: str, kind: str, words: str, tmp_path: Path) -> None:
    found, message = grade(f"{RELU}{body}\n", tmp_path)
    assert found == kind
    assert words in message
    assert "Traceback" not in message
    assert "minicnn/" not in message


def test_the_learners_own_line_is_quoted(tmp_path: Path) -> None:
    _, message = grade(f"{RELU}    y = grad\n    return y[7]\n", tmp_path)
    assert "In line 4:  return y[7]" in message


def test_of_the_learners_lines_the_one_that_failed_is_quoted(tmp_path: Path) -> None:
    helper = "def helper(y):\n    return y[7]\n"
    _, message = grade(f"{helper}{RELU}    return helper(grad)\n", tmp_path)
    assert "In line 2:  return y[7]" in message


def test_what_is_printed_to_stderr_is_shown_too(tmp_path: Path) -> None:
    body = "    import sys\n    print('here', file=sys.stderr)\n    return grad\n"
    assert "It printed:\n    here\n" in grade(RELU + body, tmp_path)[1]


@pytest.mark.parametrize(
    "body", ["(grad):\n    return 1", "(grad, input):\n    return input.relu()"]
)
def test_a_fault_of_all_cases_shows_none(body: str, tmp_path: Path) -> None:
    _, message = grade(f"def relu_backward{body}\n", tmp_path)
    assert "case" not in message
    assert "Wrong with" not in message


def test_a_truth_value_is_no_number(tmp_path: Path) -> None:
    text = "def output_size(size, kernel_size, stride, padding, dilation):\n    return True\n"
    found, message = grade(text, tmp_path, "output_size")  # it is 1 in the first case
    assert found == "type"
    assert "The result must be a Python int, got a bool: True." in message


def test_a_result_that_is_off_by_a_thousandth_is_wrong(tmp_path: Path) -> None:
    found, message = grade(f"{RELU}    return 1.001 * grad * (input > 0)\n", tmp_path)
    assert found == "factor"
    assert "Every number is 1.001 times what it should be." in message


def test_rounding_errors_are_measured_by_the_largest_number() -> None:
    expected, names = torch.tensor([1e6, 1.0]), ("the result",)
    assert compare(expected, torch.tensor([1e6, 1.01]), names) is None
    fault = compare(expected, torch.tensor([1e6, 101.0]), names)
    assert fault is not None
    assert fault.words == "the result is wrong at [1]: expected 1, got 101."


def test_numbers_in_the_wrong_positions_are_recognised() -> None:
    rows, fault = torch.tensor([[1.0, 2.0, 4.0], [3.0, 8.0, 5.0]]), Fault("values", "")
    found = sign([Trial(Case({}, {}), row, row.roll(1), fault) for row in rows])
    assert found == ("order", "The numbers are right, but in the wrong positions.")
    assert sign([Trial(Case({}, {}), row, row**2, fault) for row in rows]) is None


def test_a_result_that_is_wrong_every_other_time_is_unsteady(tmp_path: Path) -> None:
    count = "calls = []\ndef relu_backward(grad, input):\n    calls.append(1)\n"
    found, message = grade(f"{count}    return grad * (input > 0) + len(calls) % 2\n", tmp_path)
    assert found == "unsteady"
    assert "It was called twice with the same arguments, and the results differ." in message


def test_a_change_in_place_is_noticed_in_the_same_process() -> None:
    case = Case({"grad": torch.ones(1), "input": -torch.ones(1)}, {})
    answer = partial(call, lambda grad, input: grad.mul_(input > 0))
    fault = try_case(EXERCISES["relu_backward"], answer, case).fault
    assert fault is not None
    assert fault.words == "It modifies its argument grad in place."
    assert case.inputs["grad"].tolist() == [1]


def test_a_wrong_signature_is_reported_with_the_right_one(tmp_path: Path) -> None:
    found, message = grade("def relu_backward(grad):\n    return grad\n", tmp_path)
    assert found == "arguments"
    assert "in this order: grad, input." in message


@pytest.mark.parametrize(
    ("expression", "culprit"),
    [
        ("grad * (torch.relu(input) > 0)", "torch.relu"),
        ("grad * (input.relu() > 0)", "torch.Tensor.relu"),
        ("grad * (torch.relu_(input) > 0)", "torch.relu_"),
        (f"grad * ({FUNCTIONAL}.relu(input) > 0)", f"{FUNCTIONAL}.relu"),
        (f"grad * ({FUNCTIONAL}.threshold(input, 0, 0) > 0)", f"{FUNCTIONAL}.threshold"),
        ("grad * (torch.nn.ReLU()(input) > 0)", f"{FUNCTIONAL}.relu"),
        ("torch.autograd.grad(input.requires_grad_().sum(), input)[0]", "requires_grad_"),
        ("torch.func.grad(lambda x: (grad * x).sum())(input)", "requires_grad_"),
        ("torch.ops.aten.threshold_backward(grad, input, 0)", "aten.threshold_backward"),
        ("minicnn.functional.relu(input)", "minicnn"),
        ("helper(grad, input)", "minicnn.functional"),
        ("relu(input)", "minicnn.functional.activation.relu"),
    ],
)
def test_ready_made_functions_are_noticed(expression: str, culprit: str, tmp_path: Path) -> None:
    imports = "import minicnn\nfrom minicnn.functional import relu\nF = minicnn.functional\n"
    helper = "def helper(grad, input):\n    return F.relu(input)\n"
    found, message = grade(f"{imports}{helper}{RELU}    return {expression}\n", tmp_path)
    assert found == "ready-made"
    assert culprit in message
    assert "by hand" in message


def test_an_except_clause_does_not_hide_a_ready_made_function(tmp_path) -> None:
    body = "    try: torch.relu(input)\n    except Exception: pass\n    return grad\n"
    assert grade(RELU + body, tmp_path)[0] == "ready-made"


def test_an_unused_import_of_minicnn_is_allowed(tmp_path: Path) -> None:
    text = f"import torch\nfrom minicnn.functional import relu as data\n{RELU}"
    assert grade(text + "    return grad * (input.data > 0)\n", tmp_path)[0] == "right"


def test_padding_and_windows_are_building_blocks(tmp_path: Path) -> None:
    text = f"""
import torch
def unfold(input, kernel_size, stride, padding, dilation):
    x = {FUNCTIONAL}.pad(input, 4 * [padding])
    (k, l), d = kernel_size, dilation
    windows = x.unfold(2, d * (k - 1) + 1, stride).unfold(3, d * (l - 1) + 1, stride)
    return windows[..., ::d, ::d].permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)
"""
    assert grade(text, tmp_path, "unfold")[0] == "right"


def test_a_partial_answer_is_not_reported_as_an_unchanged_stub(tmp_path) -> None:
    text = (
        "def output_size(size, kernel_size, stride, padding, dilation):\n"
        "    if stride > 1:\n        raise NotImplementedError\n"
        "    return size - kernel_size + 1\n"
    )
    _, message = grade(text, tmp_path, "output_size")
    assert "Right so far: a window of one cell; a longer window" in message
    assert "Wrong with: stride up to 3" in message


def test_printed_output_is_shown_only_in_the_report(tmp_path: Path, capsys) -> None:
    body = "    print('\\n'.join(12 * ['here']))\n    return grad\n"
    _, message = grade(RELU + body, tmp_path)
    assert "It printed:\n    here\n" in message
    assert message.count("    here\n") == 8
    assert capsys.readouterr().out == ""


# --- Files without a usable function ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def relu_backward(grad, input)\n    return grad\n", "not valid Python: expected ':'"),
        ("def relu_backward(grad, input)\n    return grad\n", "line 1:  def relu_backward("),
        ("import nothing_of_this_name\n", "ModuleNotFoundError: No module named 'nothing_of_"),
        ("x = 1\ny = x / 0\n", "ZeroDivisionError: division by zero:\n  line 2:  y = x / 0"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("while True:\n    pass\n", "did not finish within"),
        ("def relu_bakward(grad, input):\n    pass\n", "did you mean relu_backward?"),
        ("", "No function has the name of an exercise."),
        ("x = '\0'\n", "null bytes"),
    ],
)
def test_an_unusable_file_is_reported_with_the_reason(
    text: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "answer.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableError) as error, Watchman() as watchman:
        exercises_in(load(path, read(path), watchman), EXERCISES)
    assert words in str(error.value)


def test_of_an_import_that_fails_the_last_line_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text("def f():\n    return 1 / 0\n\nf()\n", encoding="utf-8")
    with pytest.raises(UnreadableError) as error, Watchman() as watchman:
        load(path, read(path), watchman)
    words = "Importing the file failed: ZeroDivisionError: division by zero"
    assert str(error.value) == f"{words}:\n  line 2:  return 1 / 0"


@pytest.mark.parametrize(("name", "words"), [("none.py", "does not exist"), ("", "cannot be read")])
def test_a_path_without_a_file_is_reported(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=words):
        check_file(tmp_path / name)


@pytest.mark.parametrize("name", ["mine.ipynb", "README.md", "mine.txt", "mine"])
def test_what_is_no_file_of_python_is_not_run(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text('{"cells": [], "trusted": false}')
    with pytest.raises(UnreadableError) as error:
        read(tmp_path / name)
    assert str(error.value) == "It is not a Python file (.py)."


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("output_size", " Did you mean output_size.py?"),
        ("output_size.ipynb", " Did you mean output_size.py?"),
        ("ouput_size.py", " Did you mean output_size.py?"),
        ("none.py", ""),
        ("none/output_size.py", ""),
    ],
)
def test_of_a_file_that_is_not_there_one_beside_it_is_suggested(name, meant, tmp_path) -> None:
    (tmp_path / "output_size.py").write_text("")
    with pytest.raises(UnreadableError) as error:
        read(tmp_path / name)
    assert str(error.value) == f"The file does not exist.{meant}"


def test_a_file_may_import_a_neighbouring_file(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("def slope(x):\n    return x > 0\n")
    path = tmp_path / "answer.py"
    path.write_text(
        "from beside import slope\ndef relu_backward(grad, input):\n"
        "    return grad * slope(input)\n"
    )
    try:
        assert [verdict.right for verdict in check_file(path, lambda text: None)] == [True]
    finally:
        sys.modules.pop("beside", None)


# --- Loops --------------------------------------------------------------------------------------


def test_a_process_that_nobody_ends_ends_itself(monkeypatch) -> None:
    """And not before its grader would have: the grader knows what to say of it."""
    ended: list[int] = []
    monkeypatch.setattr(deadline, "GRACE", 0.2)
    monkeypatch.setattr(deadline.os, "_exit", ended.append)
    started = time.monotonic()
    with Watchman(seconds=0.1) as watchman, watchman.limit():
        while not ended:
            try:
                while not ended:
                    pass
            except BaseException:
                continue
    assert ended[:1] == [1]
    assert time.monotonic() - started > 0.1 + 2 * 0.2


def endless() -> None:
    while True:
        pass


def test_a_time_limit_does_not_affect_later_calls() -> None:
    with Watchman(seconds=0.05) as watchman:
        for _ in range(3):
            with pytest.raises(TimeUpError), watchman.limit():
                endless()
        with watchman.limit():
            pass
        deadline.time.sleep(0.2)


# --- The verdict --------------------------------------------------------------------------------


@pytest.mark.slow
def test_another_process_prints_the_same_and_leaves_no_files(tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text("def log_softmax(logits):\n    return logits - logits.exp().sum().log()\n")
    command = [sys.executable, "-m", "minicnn.exercises", "check", "answer.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 1
    shown: list[str] = []
    check_file(path, shown.append)
    assert run.stdout.strip() == shown[0].strip()
    assert run.stderr == ""
    assert [p.name for p in tmp_path.iterdir()] == ["answer.py"]
