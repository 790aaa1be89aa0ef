"""The exercises are solvable and consistent, and do not reveal their solutions."""

import doctest
import inspect
import re
from pathlib import Path

import pytest
import torch

from minicnn.exercises.catalogue import EXERCISES, listing
from minicnn.exercises.compare import compare
from minicnn.exercises.diagnose import HINTS, OF_ERRORS
from minicnn.exercises.exercise import Diagnosis, Exercise
from minicnn.exercises.judge import Verdict
from minicnn.exercises.report import report
from minicnn.exercises.search import simplest
from minicnn.exercises.trial import Trial
from minicnn.testing.case import Case

from .grading import hand_in, own_words, topic
from .wrong.wrong_answer import right_answer, solution_of

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
TEACHERS = Path(__file__).parents[2] / "docs" / "teachers.md"
FEW = 6  # cases per probe, for speed


@every_exercise
def test_the_solution_passes(exercise: Exercise, tmp_path) -> None:
    verdict = hand_in(exercise.name, right_answer(exercise.name), tmp_path, 4)
    assert verdict.right, report(verdict)
    assert [probe for probe, _ in verdict.passed] == list(exercise.probes)
    assert report(verdict).startswith(f"{exercise.name}: right. ")


@every_exercise
def test_the_unchanged_stub_is_reported_as_not_written_yet(exercise, tmp_path) -> None:
    verdict = hand_in(exercise.name, exercise.stub.file("any.py"), tmp_path)
    assert topic(verdict) == "unwritten"
    assert report(verdict).startswith(f"{exercise.name}: not written yet.")


@every_exercise
def test_the_solution_passes_the_example_of_the_stub(exercise: Exercise) -> None:
    found: dict = {}
    exec(right_answer(exercise.name), found)
    doc = exercise.stub.function.__doc__ or ""
    example = doctest.DocTestParser().get_doctest(doc, found, exercise.name, None, None)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@every_exercise
def test_cases_have_the_arguments_of_the_stub_in_its_order(exercise: Exercise) -> None:
    assert list(inspect.signature(exercise.solution).parameters) == exercise.stub.parameters
    for probe in exercise.probes:
        assert list(simplest(probe.cases).arguments) == exercise.stub.parameters


@every_exercise
def test_the_names_of_probes_are_unique(exercise: Exercise) -> None:
    names = [probe.name for probe in exercise.probes]
    assert len(set(names)) == len(names) >= 3


def lines_of_code(exercise: Exercise) -> list[str]:
    """Return the lines of the solution that are long enough to reveal anything."""
    body = solution_of(exercise.name).partition('"""')[2].partition('"""')[2]
    return [line.strip() for line in body.splitlines() if len(line.strip()) > 12]


@every_exercise
def test_no_hint_or_stub_contains_a_line_of_the_solution(exercise: Exercise) -> None:
    texts = [
        exercise.stub.source.partition('"""')[2],
        *(probe.hint for probe in exercise.probes),
        *(suspect.hint for suspect in exercise.suspects),
        *exercise.hints,
        *HINTS.values(),
        *OF_ERRORS.values(),
    ]
    assert lines_of_code(exercise)
    for line in lines_of_code(exercise):
        assert not any(line in text for text in texts), line


def test_own_words_drops_the_lines_quoted_from_the_learners_file() -> None:
    assert own_words("It raised E\n  In line 3:  x = y\n  line 4:  z") == "It raised E"


def test_there_are_at_least_14_exercises_and_all_are_listed() -> None:
    assert len(EXERCISES) >= 14
    assert [line.split()[0] for line in listing().splitlines()] == list(EXERCISES)
    for line, exercise in zip(listing().splitlines(), EXERCISES.values(), strict=True):
        assert exercise.task in line
        assert re.search(rf" \(\d\d-{exercise.chapter}\)$", line)


@every_exercise
def test_a_stub_that_returns_tensors_says_with_which_dtype(exercise: Exercise) -> None:
    """A new tensor of torch is float32, and the first cases are float64."""
    function = exercise.stub.function
    if "Tensor" in str(inspect.signature(function).return_annotation):
        doc = inspect.getdoc(function) or ""
        returns = " ".join(doc.partition("Returns:")[2].partition("\n\n")[0].split())
        of = re.search("(?:with the|and the) dtype of ``(\\w+)``", returns)
        assert of[1] in exercise.stub.parameters if of else "bool" in returns


def test_teachers_find_every_exercise_with_its_chapter() -> None:
    text = TEACHERS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| \[\d+\]\(learn/\d\d-([\w-]+)\.md\) \|$", text, re.M)
    assert rows == [(exercise.name, exercise.chapter) for exercise in EXERCISES.values()]


GIVEN = {  # the equations in the stubs: what is to be differentiated, never what is asked for
    "conv2d_grad_bias": "∂L/∂bias[o] = Σ_n,k,y,x ∂L/∂out[n, k, y, x] · ∂out[n, k, y, x]/∂bias[o]",
    "conv2d_grad_weight": "∂L/∂weight[o, c, i, j] = Σ_n,y,x ∂L/∂out[n, o, y, x] · "
    "∂out[n, o, y, x]/∂weight[o, c, i, j]",
    "conv2d_grad_input": "∂L/∂input[n, c, h, w] = Σ_o,y,x ∂L/∂out[n, o, y, x] · "
    "∂out[n, o, y, x]/∂input[n, c, h, w]",
    "avg_pool2d_backward": "out[n, c, y, x] = 1/k² · Σ_i,j input[n, c, y·s + i − p, x·s + j − p]",
    "linear_backward": "out[n, o] = bias[o] + Σ_i weight[o, i] · input[n, i]",
    "relu_backward": "∂L/∂x = ∂L/∂y · ∂y/∂x",
    "cross_entropy_grad": "out[n, c] = ∂L/∂x[n, c],    "
    "L = 1/N · Σ_n (log Σ_k exp(x[n, k]) − x[n, t_n])",
}


@every_exercise
def test_a_stub_leaves_the_formula_to_the_reader(exercise: Exercise) -> None:
    description = inspect.cleandoc(exercise.stub.function.__doc__ or "").partition("Args:")[0]
    equations = re.findall("^ {4}(.*)", description, re.MULTILINE)  # lines that stand by themselves
    assert equations == ([GIVEN[exercise.name]] if exercise.name in GIVEN else [])


@every_exercise
def test_the_section_that_a_stub_names_is_in_its_chapter(exercise: Exercise) -> None:
    description = " ".join((exercise.stub.function.__doc__ or "").split())
    named = re.search(r"[Cc]hapter (\d+), (“.*?”)(?: and (“.*?”))?\.?\)", description)
    if named is None:
        assert "hapter" not in description
        return
    chapter, *sections = (group for group in named.groups() if group)
    (page,) = TEACHERS.parent.glob(f"learn/{int(chapter):02}-{exercise.chapter}.md")
    text = page.read_text(encoding="utf-8")
    for section in sections:
        assert f"\n## {section.strip('“”')}\n" in text


# --- The report ---------------------------------------------------------------------------------


def test_the_whole_report_of_a_wrong_answer(tmp_path) -> None:
    text = "def relu_backward(grad, input):\n    print('here')\n    return grad\n"
    expected = """\
relu_backward: not right yet.
  Wrong with: a row of numbers, none of them zero

  The smallest failing case:
    grad = [1], float64
    input = [-1], float64

  Expected, the result = [0], float64

  Yours, the result = [1], float64

  It printed:
    here

  The result is wrong at [0]: expected 0, got 1.

  Hint: Where x is negative, a small change of x does not change y."""
    assert report(hand_in("relu_backward", text, tmp_path)) == expected


def test_the_report_shows_the_wrong_one_of_several_results() -> None:
    exercise = EXERCISES["sgd_momentum"]
    case = Case({"param": torch.tensor([9.0])}, {"lr": 0.5})
    expected = (torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0], [5.0, 6.0]]))
    got = (torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 7.0], [8.0, 10.0]]))
    fault = compare(expected, got, exercise.returns)
    probe = exercise.probes[1]
    passed = ((exercise.probes[0], 20),)
    trial = Trial(case, expected, got, fault)
    verdict = Verdict(exercise, passed, probe, trial, Diagnosis("a topic", "Think."))
    assert (
        report(verdict)
        == f"""\
sgd_momentum: not right yet.
  Right so far: {exercise.probes[0].name}
  Wrong with: {probe.name}

  The smallest failing case:
    param = [9], float32
    lr = 0.5

  Expected, b': 2×2, float32
       3  4
       5  6

  Yours, b': 2×2, float32
        3   7
        8  10

  b' is wrong at [0, 1]: expected 4, got 7 (3 of its 4 numbers are wrong).

  Hint: Think."""
    )
