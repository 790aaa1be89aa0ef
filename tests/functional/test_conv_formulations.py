"""Convolution's three formulations: each is reached by some geometry, and all compute the same."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import assume, event, given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import grad, vmap
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn.functional.conv import blocks, depthwise, products, rows
from minicnn.functional.conv.geometry import geometry
from minicnn.functional.windows import windows
from minicnn.testing import (
    EXACT,
    NORMAL,
    ROUNDED,
    SPECIAL,
    Case,
    Numbers,
    accepted,
    assert_differentiable,
    assert_layout_follows,
    assert_near,
    assert_twins,
    cases,
    fill,
    tensors,
)
from minicnn.testing.cases.conv import finite
from minicnn.testing.cases.geometry import pair
from minicnn.testing.profiles import fewer

FORMS = (rows, blocks, depthwise)
Strategy = st.SearchStrategy[Case]


def name_of(form: ModuleType) -> str:
    return form.__name__.rpartition(".")[2]


@st.composite
def one_kernel_a_channel(draw: st.DrawFn, any_case: Strategy, numbers: Numbers) -> Case:
    """Draw a case, and give each of its channels a kernel, and a group, of its own."""
    case = draw(any_case)
    channels = case.inputs["input"].shape[-3]
    assume(channels > 1)
    weight = draw(tensors((channels, 1, *case.inputs["weight"].shape[2:]), finite(numbers)))
    if "bias" in case.inputs:
        case = case.replace(bias=draw(tensors((channels,), finite(numbers))))
    return case.replace(weight=weight, groups=channels)


def cases_for(form: ModuleType, name: str, numbers: st.SearchStrategy[Numbers] = EXACT) -> Strategy:
    """Return a strategy for cases that a formulation can compute: depthwise not all of them."""
    make = getattr(cases, name)
    if form is not depthwise:
        return make(numbers)
    return numbers.flatmap(lambda kind: one_kernel_a_channel(make(st.just(kind)), kind))


@contextmanager
def chosen(form: ModuleType, buffer: int = blocks.BUFFER) -> Iterator[Counter[str]]:
    """Have everything computed by one formulation; count how often it was asked for."""
    asked: Counter[str] = Counter()

    def choose(*_: Any) -> ModuleType:
        asked[name_of(form)] += 1
        return form

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "choose", choose)
        patch.setattr(blocks, "BUFFER", buffer)
        yield asked


every_form = pytest.mark.parametrize("form", FORMS, ids=name_of)
both_functions = pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
buffers = st.sampled_from([1, 40, 1 << 22])  # one output row a block; some; all of them


# Each formulation, whatever the geometry, is torch's convolution


@every_form
@both_functions
@fewer(times=2)
@given(data=st.data(), buffer=buffers)
def test_value_gradients_and_second_derivatives_are_torchs(
    form: ModuleType, name: str, data: st.DataObject, buffer: int
) -> None:
    case = data.draw(cases_for(form, name))
    with chosen(form, buffer) as asked:
        assert_twins(getattr(F, name), getattr(twin, name), case)
    event(f"computed {bool(asked)}")


@every_form
@both_functions
@fewer(times=2)
@given(data=st.data(), buffer=buffers)
def test_nan_and_infinity_reach_what_they_reach_in_torch(
    form: ModuleType, name: str, data: st.DataObject, buffer: int
) -> None:
    case = data.draw(cases_for(form, name, SPECIAL))
    with chosen(form, buffer):
        assert_twins(getattr(F, name), getattr(twin, name), case, order=1)


@every_form
@both_functions
@fewer(times=2)
@given(data=st.data(), buffer=buffers)
def test_float32_and_bfloat16_differ_from_the_truth_by_rounding_only(
    form: ModuleType, name: str, data: st.DataObject, buffer: int
) -> None:
    case = data.draw(cases_for(form, name, ROUNDED))
    with chosen(form, buffer):
        assert_twins(getattr(F, name), getattr(twin, name), case, order=1)


@every_form
@both_functions
@fewer(times=5)
@given(data=st.data(), buffer=buffers)
def test_derivatives_are_limits_of_differences(
    form: ModuleType, name: str, data: st.DataObject, buffer: int
) -> None:
    case = data.draw(cases_for(form, name, NORMAL))
    with chosen(form, buffer):
        assert_differentiable(getattr(F, name), case)


@every_form
@both_functions
@fewer(times=2)
@given(data=st.data())
def test_the_result_lies_in_memory_as_the_input_does(
    form: ModuleType, name: str, data: st.DataObject
) -> None:
    with chosen(form):
        assert_layout_follows(getattr(F, name), data.draw(cases_for(form, name)))


@every_form
@both_functions
@fewer(times=5)
@given(data=st.data(), buffer=buffers)
def test_vmap_of_grad_is_a_loop(
    form: ModuleType, name: str, data: st.DataObject, buffer: int
) -> None:
    """vmap stands for many tensors where a formulation sees one, also where it writes in place."""
    f: Callable[..., Tensor] = getattr(F, name)
    with chosen(form, buffer):
        case = data.draw(accepted(f, cases_for(form, name, NORMAL)))
        mapped_by = data.draw(st.sets(st.sampled_from(sorted(case.inputs)), min_size=1))

        def loss(inputs: dict[str, Tensor]) -> Tensor:
            return Case(inputs, case.options).call(f).sin().sum()

        stacked = {k: torch.stack([x, -2 * x]) if k in mapped_by else x
                   for k, x in case.inputs.items()}  # fmt: skip
        in_dims = {key: 0 if key in mapped_by else None for key in stacked}
        mapped = vmap(grad(loss), (in_dims,))(stacked)
        for i in range(2):
            alone = grad(loss)({k: x[i] if k in mapped_by else x for k, x in stacked.items()})
            for key, gradient in alone.items():
                assert_near(mapped[key][i], gradient, f"{name}, by {key}")


@pytest.mark.parametrize("form", [rows, blocks], ids=name_of)
def test_each_group_gets_its_own_run_of_biases(form: ModuleType) -> None:
    bias = torch.tensor([1.0, 2.0, 3.0, 4.0])
    with chosen(form):
        y = F.conv2d(torch.zeros(2, 1, 1), torch.ones(4, 1, 1, 1), bias, groups=2)
    assert y.flatten().tolist() == [1, 2, 3, 4]


# The choice


@contextmanager
def watched() -> Iterator[set[str]]:
    """Collect the names of the formulations that are chosen."""
    found: set[str] = set()
    choose = products.choose

    def noting(*arguments: Any) -> ModuleType:
        form = choose(*arguments)
        found.add(name_of(form))
        return form

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "choose", noting)
        yield found


@st.composite
def reaching(draw: st.DrawFn, form: ModuleType) -> Case:
    """Draw a convolution of the kind that a formulation is for."""
    kernel, groups, per_group = draw(st.tuples(*[st.integers(1, 3)] * 2)), 1, (2, 2)
    size, batch = draw(st.tuples(*[st.integers(3, 5)] * 2)), draw(st.integers(1, 3))
    if form is depthwise:
        groups, per_group = draw(st.integers(2, 4)), (1, 1)
    elif form is blocks and draw(st.booleans()):  # many groups
        groups, per_group = draw(st.integers(16, 17)), (draw(st.integers(1, 2)), 2)
    elif form is blocks:  # a large weight
        per_group = 64, 32 * 16 // (kernel[0] * kernel[1]) + 1
    weight = fill((groups * per_group[0], per_group[1], *kernel), draw(EXACT), seed=1)
    x = fill((batch, groups * per_group[1], *size), draw(EXACT), seed=2)
    options = {
        "stride": draw(st.integers(1, 2)),
        "padding": draw(st.integers(0, 1)),
        "groups": groups,
    }
    return Case({"input": x, "weight": weight}, options)


@every_form
@fewer(times=4)
@given(data=st.data())
def test_each_formulation_is_chosen_for_value_and_gradients_alike(
    form: ModuleType, data: st.DataObject
) -> None:
    """Unforced: what is drawn is what the formulation is for, and nothing else computes it."""
    case = data.draw(reaching(form))
    with watched() as found:
        assert_twins(F.conv2d, twin.conv2d, case, order=1)
    event(str(found))
    assert found == {name_of(form)}


@pytest.mark.parametrize(
    ("batch", "channels", "size", "kernels", "kernel", "groups", "form"),
    [
        (1, 512, 7, 512, 3, 1, blocks),  # a large weight, few places
        (8, 512, 7, 512, 3, 1, blocks),
        (8, 256, 4, 256, 3, 1, blocks),
        (1, 512, 1, 512, 1, 1, blocks),
        (32, 256, 14, 256, 3, 1, rows),  # many places
        (32, 64, 28, 64, 3, 1, rows),
        (1, 16, 28, 16, 3, 1, rows),  # a small weight
        (256, 1, 28, 24, 5, 1, rows),
        (8, 128, 14, 128, 3, 4, rows),  # few groups, many places
        (4, 128, 14, 128, 3, 4, blocks),  # few places
        (4, 64, 14, 64, 3, 4, rows),  # and a small weight
        (64, 128, 14, 128, 3, 32, blocks),  # many groups
        (8, 128, 14, 128, 3, 128, depthwise),
        (8, 128, 14, 256, 3, 128, blocks),  # two kernels a channel: many groups
        (8, 1, 14, 1, 3, 1, rows),  # one channel, one kernel: there are no groups
    ],
)
def test_the_choice(
    batch: int, channels: int, size: int, kernels: int, kernel: int, groups: int, form: ModuleType
) -> None:
    half = kernel // 2
    axis = windows(size, kernel, 1, (half, half), 1)
    assert products.choose(geometry(axis, axis, groups), channels, kernels, batch) is form


@given(accepted(F.conv2d, cases.conv2d()), st.integers(1, 200))
def test_the_blocks_are_all_output_rows_once_and_no_larger_than_the_buffer(
    case: Case, buffer: int
) -> None:
    options, (height, width) = case.options, case.inputs["input"].shape[-2:]
    assume(not isinstance(options["padding"], str))
    axes = [
        windows(size, k, s, (p, p), d)
        for size, k, s, p, d in zip(
            (height, width),
            case.inputs["weight"].shape[2:],
            *(pair(options[name]) for name in ("stride", "padding", "dilation")),
            strict=True,
        )
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BUFFER", buffer)
        made = list(blocks.split(geometry(axes[0], axes[1], 1), channels=2, batch=3))
    assert [row for cut, _ in made for row in range(cut.start, cut.stop)] == list(
        range(axes[0].out)
    )
    row = 2 * 3 * axes[0].kernel * axes[1].kernel * axes[1].out
    assert all(axis.out == 1 or axis.out * row <= buffer for _, axis in made)
