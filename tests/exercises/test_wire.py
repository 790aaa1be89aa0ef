"""Whatever a learner's process sends is read as data, and breaks nothing."""

import json
import math
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from minicnn.exercises.calls import KINDS, Outcome, call, said
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.compare import Fault, Foreign
from minicnn.exercises.judge import judge
from minicnn.exercises.report import report
from minicnn.exercises.wire import (
    DTYPES,
    MOST_NUMBERS,
    decode,
    decode_outcome,
    encode,
    encode_outcome,
    plain,
)
from minicnn.exercises.words import values

from ..meaningful import meaningful, mostly_meaningful
from .grading import over_the_wire

numbers = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats()


@st.composite
def arrays(draw) -> torch.Tensor:
    side = st.sampled_from([2, 3, 4, 1, 0])
    dims = draw(st.sampled_from([2, 3, 1, 4, 0]))
    shape = draw(st.lists(side, min_size=dims, max_size=dims))
    dtype = DTYPES[draw(st.sampled_from(sorted(DTYPES)))]
    values = torch.arange(math.prod(shape)) % 256
    array = values.to(dtype).reshape(shape)
    if dtype.is_floating_point and array.numel() and draw(st.booleans()):
        array.view(-1)[0] = draw(st.sampled_from([math.nan, math.inf, -math.inf, -0.0]))
    order = draw(st.permutations(range(array.ndim)))
    return array.permute(order).requires_grad_(dtype.is_floating_point and draw(st.booleans()))


def over(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value))))


@mostly_meaningful
@given(arrays())
def test_a_tensor_arrives_as_it_is(array: torch.Tensor) -> None:
    meaningful(array.numel() > 1)
    arrived = over(array)
    assert (arrived.shape, arrived.dtype) == (array.shape, array.dtype)
    assert not arrived.requires_grad
    torch.testing.assert_close(arrived, array.detach(), rtol=0, atol=0, equal_nan=True)


@given(st.recursive(numbers, lambda inner: st.tuples(inner, inner) | st.lists(inner), max_leaves=4))
def test_numbers_and_tuples_arrive_as_they_are(value: Any) -> None:
    def depth(value: Any) -> int:
        return 1 + max(map(depth, value), default=0) if isinstance(value, (tuple, list)) else 0

    event(f"depth {depth(value)}")
    if depth(value) <= 3:
        assert repr(over(value)) == repr(value)


@pytest.mark.parametrize("name", ["bfloat16", "float16", "float32", "float64", "int64", "bool"])
def test_a_tensor_of_each_kind_arrives_as_one(name: str) -> None:
    array = torch.tensor([0, 1, 1]).to(getattr(torch, name))
    assert over(array).dtype == array.dtype
    assert over(array).equal(array)


def test_of_a_large_tensor_the_shape_arrives() -> None:
    large = torch.ones(MOST_NUMBERS + 1)
    assert len(json.dumps(encode(large))) < 200
    assert over(large).shape == large.shape
    assert over(torch.ones(1).expand(2**40, 2)).shape == (2**40, 2)
    assert over(large[1:]).equal(large[1:])


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ({"a": 1}, "dict", "{'a': 1}"),
        ("x" * 100, "str", "'" + "x" * 39),
        (10**400, "int above 64 bits", "1" + "0" * 39),
        (2**63, "int above 64 bits", "9223372036854775808"),
        (1j, "complex", "1j"),
        (Odd(), "Odd", "…"),
        (type("a\x1b[2J", (), {"__repr__": lambda _: "\x1b[1Aright"})(), "a?[2J", "?[1Aright"),
        (torch.ones(2).to_sparse(), "Tensor of torch.float32, torch.sparse_coo, on cpu", "…"),
        (torch.ones(2, device="meta"), "Tensor of torch.float32, torch.strided, on meta", "…"),
        (torch.ones(2) * 1j, "Tensor of torch.complex64, torch.strided, on cpu", "…"),
    ],
)
def test_anything_else_arrives_as_its_name(value: Any, kind: str, shown: str) -> None:
    assert over(value) == Foreign(kind, shown)
    assert over((value, 1)) == (Foreign(kind, shown), 1)


def test_a_tuple_in_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert over(endless)[0][0][0] == Foreign("list", "[[...]]")


def test_a_result_that_cannot_be_shown_is_named_in_the_message() -> None:
    verdict = judge(EXERCISES["relu_backward"], over_the_wire(lambda grad, input: {grad: 1}), 2, 0)
    assert "The result must be a torch.Tensor, got a dict." in report(verdict)
    answer = over_the_wire(lambda size, kernel_size, *_: 10**400)
    words = "The result must be a Python int, got a int above 64 bits: 1000"
    assert words in report(judge(EXERCISES["output_size"], answer, 2, 0))


def test_a_result_of_any_size_takes_no_memory() -> None:
    sizes = {"tensor": "int8", "shape": [2**20, 2**40], "bytes": None}  # 8 EiB as float64
    huge = Outcome(decode(sizes), None, {}, "")
    verdict = judge(EXERCISES["relu_backward"], lambda arguments: huge._replace(after=arguments))
    assert "got (1048576, 1099511627776)." in " ".join(report(verdict).split())


def test_a_result_without_numbers_takes_no_time_whatever_its_shape() -> None:
    shown = values({"result": torch.zeros(1, 0).expand(2**40, 0), "stride": 2})
    assert shown == ["result: 1099511627776×0, float32", "    (no numbers)", "stride = 2"]


# --- Hostile replies ----------------------------------------------------------------------------

SHAPES = st.lists(st.sampled_from([2, 1, 3, 0, 2**20, 2**31, 2**62, -1]), max_size=3)
BYTES = st.sampled_from([None, None, None, "", "AAAAAAAA8D8=", "AAAAQA==", "?"])
TENSORS = st.fixed_dictionaries(
    {"tensor": st.sampled_from([*DTYPES, "complex64"]), "shape": SHAPES, "bytes": BYTES}
)
FOREIGN = st.sampled_from([{"a": 1}, "right", 10**400, 1j]).map(encode)
ONE = arrays().map(encode) | numbers.map(encode) | FOREIGN | TENSORS
RESULTS = ONE | st.lists(ONE, min_size=2, max_size=3).map(lambda parts: {"tuple": parts})
TEXT = st.just("\n\nrelu_backward: right. 80 cases agree with torch") | st.text(max_size=40)
FAULTS = st.none() | st.tuples(st.sampled_from([*sorted(KINDS), "values"]), TEXT).map(list)
SECONDS = st.sampled_from([0, 0.25, 0.5, 2, 3.0, 60, 1e9, None])
AFTER = st.dictionaries(st.sampled_from(["grad", "input"]), RESULTS)


@pytest.mark.slow
@mostly_meaningful
@settings(suppress_health_check=[HealthCheck.nested_given])  # the judge draws its cases, too
@given(
    st.sampled_from(sorted(EXERCISES)),
    st.fixed_dictionaries(
        {"got": RESULTS, "fault": FAULTS, "after": AFTER, "printed": TEXT, "seconds": SECONDS}
    ),
    st.booleans(),
)
def test_no_reply_breaks_the_grader_or_looks_like_its_verdict(name, reply, unchanged) -> None:
    """The same reply to every call is wrong, and in its report only the head is not indented."""
    try:
        outcome = decode_outcome(json.loads(json.dumps(reply)))
    except Exception:  # the submission then "broke the connection"
        meaningful(False)
        return
    meaningful(True)

    def answer(arguments: dict[str, Any]) -> Outcome:
        return outcome._replace(after=arguments) if unchanged else outcome

    verdict = judge(EXERCISES[name], answer, 3, 5)
    assert not verdict.right
    head, *lines = report(verdict).splitlines()
    assert head.startswith((f"{name}: not right yet.", f"{name}: not written yet."))
    assert all(line.startswith("  ") or not line.strip() for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("kind", ["values", "changed", "ended", "unsteady", ""])
def test_a_kind_of_fault_that_is_found_elsewhere_is_refused(kind: str) -> None:
    reply = {"got": None, "fault": [kind, "words"], "after": {}, "printed": ""}
    with pytest.raises(ValueError, match=f"kind must be one of .*raised.*, got '{kind}'"):
        decode_outcome(reply)


@given(st.text() | st.text("ab\t\r\n\x1b\x08\u202e\u2028\x85 ☃"))
def test_plain_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    event("something to replace" if plain(text) != text else "plain already")
    assert all(line.isprintable() for line in plain(text).split("\n"))


@given(st.text())
def test_an_error_is_said_in_one_line(message: str) -> None:
    assert len(said(ValueError(message)).splitlines()) == 1


def test_an_error_whose_message_fails_is_said_by_its_type() -> None:
    class WeirdError(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    assert said(WeirdError()) == "WeirdError"
    outcome = call(lambda: (_ for _ in ()).throw(WeirdError()), {})
    assert outcome.fault is not None
    assert outcome.fault.kind == "raised"


def test_an_outcome_arrives_as_it_is() -> None:
    outcome = Outcome(2.5, Fault("raised", "It raised"), {"a": 1, "b": (2, 3)}, "here", 0.5)
    assert decode_outcome(json.loads(json.dumps(encode_outcome(outcome)))) == outcome
    called = partial(call, max)({"a": 1, "b": 2})
    assert called._replace(seconds=0.0) == Outcome(2, None, {"a": 1, "b": 2}, "")
    assert 0 < called.seconds < 1


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan])
def test_a_duration_that_is_none_is_refused(seconds: float) -> None:
    reply = encode_outcome(Outcome(1, None, {}, seconds=seconds))
    with pytest.raises(ValueError, match=f"^seconds must be at least 0 and finite, got {seconds}$"):
        decode_outcome(json.loads(json.dumps(reply)))
