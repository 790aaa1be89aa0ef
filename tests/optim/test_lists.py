"""Elementwise maths on lists: all tensors at once or one by one, the numbers are the same."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn.optim import lists
from minicnn.testing import Numbers, fill

WAYS = {"at once": lists.AT_ONCE, "one by one": lists.ONE_BY_ONE}
every_way = pytest.mark.parametrize("maths", WAYS.values(), ids=WAYS.keys())
every_name = pytest.mark.parametrize("name", lists.NAMES)

# What each function takes after its first list: lists of the same length, numbers, and options.
TAKES: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "add": ((0.7,), {}),
    "addcmul": ((list, list), {"value": 0.7}),
    "div": ((list,), {}),
    "lerp": ((list, 0.7), {}),
    "maximum": ((list,), {}),
    "mul": ((0.7,), {}),
    "sqrt": ((), {}),
}

shapes = st.lists(st.lists(st.integers(0, 3), max_size=3).map(tuple), min_size=1, max_size=5)
kinds = st.builds(
    Numbers,
    st.sampled_from([torch.float32, torch.float64]),
    st.sampled_from(["normal", "special"]),
)


def numbers(shapes: list[tuple[int, ...]], kind: Numbers, seed: int) -> list[Tensor]:
    """Make a list of tensors."""
    return [fill(shape, kind, seed + i) for i, shape in enumerate(shapes)]


def rows(first: list[Tensor], rest: list[Any]) -> list[tuple[Any, ...]]:
    """Put together what belongs to each tensor of the first list."""
    columns = [x if isinstance(x, list) else [x] * len(first) for x in rest]
    return list(zip(first, *columns, strict=True))


def assert_same_bits(actual: Any, expected: Any) -> None:
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)


def test_no_function_is_left_out() -> None:
    assert set(TAKES) == set(lists.NAMES)
    for maths in WAYS.values():
        assert set(vars(maths)) == {*lists.NAMES, *(f"{name}_" for name in lists.NAMES)}


@every_way
@every_name
@given(shapes=shapes, kind=kinds, seed=st.integers(0, 99))
def test_each_function_is_torchs_of_each_tensor_bit_for_bit(
    maths: SimpleNamespace, name: str, shapes: list[tuple[int, ...]], kind: Numbers, seed: int
) -> None:
    takes, options = TAKES[name]
    first = numbers(shapes, kind, seed)
    rest = [numbers(shapes, kind, seed + i) if x is list else x for i, x in enumerate(takes, 1)]
    expected = [getattr(torch, name)(*row, **options) for row in rows(first, rest)]
    copies = [x.clone() for x in first]
    assert_same_bits(getattr(maths, name)(first, *rest, **options), expected)
    assert_same_bits(first, copies)  # is left as it was
    assert_same_bits(getattr(maths, f"{name}_")(first, *rest, **options), expected)


@every_name
def test_in_place_all_at_once_makes_no_new_tensors(name: str) -> None:
    xs, ys = ([torch.ones(3), torch.ones(2, 2)] for _ in range(2))
    before = [x.data_ptr() for x in xs]
    takes, _ = TAKES[name]
    result = getattr(lists.AT_ONCE, f"{name}_")(xs, *(ys if x is list else x for x in takes))
    assert [x.data_ptr() for x in result] == before


@every_way
def test_a_second_list_is_matched_tensor_by_tensor_and_a_number_serves_all(
    maths: SimpleNamespace,
) -> None:
    xs, ys = [torch.tensor(1.0), torch.tensor([2.0, 3.0])], [torch.tensor(10.0), torch.ones(2)]
    assert [x.tolist() for x in maths.add(xs, ys)] == [11, [3, 4]]
    assert [x.tolist() for x in maths.add(xs, 0.5)] == [1.5, [2.5, 3.5]]
    assert [x.tolist() for x in maths.lerp(xs, ys, 0.5)] == [5.5, [1.5, 2]]


@every_way
def test_lists_of_different_lengths_are_refused(maths: SimpleNamespace) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        maths.add([torch.ones(2)] * 2, [torch.ones(2)] * 3)


# Which way is taken


def test_plain_numbers_are_computed_all_at_once() -> None:
    xs = [torch.ones(2), torch.ones(3)]
    assert lists.maths(xs) is lists.AT_ONCE
    assert lists.maths(xs, xs) is lists.AT_ONCE


def test_a_tree_without_leaves_gives_empty_lists() -> None:
    """Of which torch's functions for lists want nothing to know."""
    assert lists.maths((), ()).add((), ()) == []


def test_under_vmap_it_is_done_one_by_one_even_if_a_single_tensor_is_batched() -> None:
    xs = [torch.arange(6.0).reshape(3, 2), torch.arange(3.0)]  # a batch of 3
    ones = [torch.ones(2), torch.tensor(1.0)]  # of which all three see the same

    def combine(first: Tensor, second: Tensor) -> tuple[Tensor, ...]:
        batched, mixed = [first, second], [ones[0], second]
        for both in ((batched, ones), (ones, batched), (ones, mixed)):
            assert lists.maths(*both) is lists.ONE_BY_ONE
        maths = lists.maths(ones, batched)
        return (*maths.add_(maths.mul(batched, 2.0), ones), *maths.addcmul(ones, ones, mixed))

    together = torch.vmap(combine)(*xs)
    for i in range(3):
        alone = combine_alone(xs[0][i], xs[1][i], ones)
        assert_same_bits([result[i] for result in together], alone)


def combine_alone(first: Tensor, second: Tensor, ones: list[Tensor]) -> tuple[Tensor, ...]:
    """Compute what the test above does, without lists."""
    return 2 * first + ones[0], 2 * second + 1, ones[0] + ones[0] * ones[0], 1 + second


def test_in_place_is_allowed_where_vmap_batches_the_second_list_only() -> None:
    """In place, the numbers of all members of the batch would have to fit in those of one."""

    def shifted(x: Tensor) -> Tensor:
        (result,) = lists.maths([x]).add_([torch.zeros(2)], [x])
        return result

    x = torch.arange(6.0).reshape(3, 2)
    assert torch.equal(torch.vmap(shifted)(x), x)


def test_derivatives_pass() -> None:
    def of_squares(x: Tensor) -> Tensor:
        maths = lists.maths([x])
        return maths.addcmul_(maths.mul([x], 3.0), [x], [x], value=5.0)[0].sum()

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert lists.maths([x]) is lists.AT_ONCE
    (eager,) = torch.autograd.grad(of_squares(x), x)
    assert eager.tolist() == [3 + 10, 3 + 20]
    assert torch.func.grad(of_squares)(x.detach()).tolist() == [3 + 10, 3 + 20]
