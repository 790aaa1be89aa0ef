"""The obvious loops are right: they agree with torch, so they can judge the fast forms."""

import inspect

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn import naive
from minicnn.testing import (
    EXACT,
    NORMAL,
    ROUNDED,
    Case,
    Numbers,
    accepted,
    assert_differentiable,
    assert_near,
    assert_twins,
    cases,
)
from minicnn.testing.profiles import fewer

seeds = st.integers(0, 2**32 - 1)
moderate = st.floats(-100, 100)


def random(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


@given(st.integers(1, 4), st.integers(1, 4), st.floats(0.1, 100), seeds)
def test_cross_entropy_is_torchs(batch: int, classes: int, scale: float, seed: int) -> None:
    logits = (scale * random(batch, classes, seed=seed)).requires_grad_()
    labels = torch.randint(classes, (batch,), generator=torch.Generator().manual_seed(seed))
    ours = naive.cross_entropy(logits, labels)
    theirs = twin.cross_entropy(logits, labels)
    # A few roundings of scores as large as ``scale``
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-14 * (1 + scale))
    (gradient,) = torch.autograd.grad(ours, logits)
    torch.testing.assert_close(gradient, torch.autograd.grad(theirs, logits)[0], rtol=0, atol=1e-12)


def test_cross_entropy_of_huge_logits_is_finite() -> None:
    logits = torch.tensor([[1000.0, 0.0], [-1000.0, 0.0]])
    assert naive.cross_entropy(logits, torch.tensor([1, 1])) == 500


@given(
    st.floats(-10, 10),
    st.lists(moderate, min_size=1, max_size=10),
    st.floats(1e-4, 1.0),
    st.tuples(st.floats(0.5, 0.99), st.floats(0.9, 0.999)),
    st.floats(1e-8, 1.0),
)
def test_adam_step_is_torchs_adam(
    start: float, grads: list[float], lr: float, betas: tuple[float, float], eps: float
) -> None:
    theirs = torch.tensor(start, dtype=torch.float64)
    optimizer = torch.optim.Adam([theirs], lr, betas, eps)
    ours, m, v = start, 0.0, 0.0
    for t, grad in enumerate(grads, start=1):
        theirs.grad = torch.tensor(grad, dtype=torch.float64)
        optimizer.step()
        ours, m, v = naive.adam_step(ours, grad, m, v, t, lr, betas, eps)
        # torch's order of arithmetic is another one: a few roundings in each step, of which those
        # of m count up to √(1 / (1 − β₂)) ≈ 30 times, where it is divided by √v
        assert abs(ours - theirs.item()) < 1e-12 * (1 + abs(ours))


def test_adam_steps_defaults_are_the_papers() -> None:
    theirs = torch.tensor(1.0, dtype=torch.float64)
    theirs.grad = torch.tensor(0.3, dtype=torch.float64)
    torch.optim.Adam([theirs]).step()
    assert abs(naive.adam_step(1.0, 0.3, 0.0, 0.0, t=1)[0] - theirs.item()) < 1e-15


# The classic convolution, on whatever geometry and numbers hypothesis draws


def plain(case: Case) -> Case:
    """Make a case one that naive functions take: a batch of images, and ints in place of pairs."""
    x, options = case.inputs["input"], {}
    for name, value in case.options.items():
        options[name] = value[0] if isinstance(value, tuple) else 0 if value == "valid" else value
    return case.replace(input=x if x.ndim == 4 else x[None], **options)


def classic(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0,
    dilation: int = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    return naive.ClassicConv2d.apply(input, weight, bias, stride, padding, dilation, groups)


def convolutions(numbers: st.SearchStrategy[Numbers] = EXACT) -> st.SearchStrategy[Case]:
    """Draw convolutions that are accepted."""
    cases_of_ints = cases.conv2d(numbers).map(plain)
    with_numbers = cases_of_ints.filter(lambda case: case.options["padding"] != "same")
    return accepted(F.conv2d, with_numbers)


@given(convolutions())
def test_the_classic_convolution_is_torchs_with_its_gradients_and_second_derivatives(
    case: Case,
) -> None:
    assert_twins(classic, twin.conv2d, case)


@given(convolutions(), st.data())
def test_each_of_its_gradients_is_the_same_if_no_other_is_asked_for(
    case: Case, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(case.inputs)))
    assert_twins(classic, twin.conv2d, case.by(name))


@given(convolutions(ROUNDED))
def test_in_float32_and_bfloat16_it_differs_from_the_truth_by_rounding_only(case: Case) -> None:
    assert_twins(classic, twin.conv2d, case, order=1)


@fewer(times=3)
@given(convolutions(NORMAL))
def test_its_derivatives_are_limits_of_differences(case: Case) -> None:
    assert_differentiable(classic, case)


@given(convolutions())
def test_it_computes_what_seven_loops_compute(case: Case) -> None:
    x = case.inputs["input"][:, :, :4, :4]
    case = case.replace(input=x)
    try:
        expected = case.call(twin.conv2d)
    except RuntimeError:  # now the kernel is larger than the image
        return
    assert_near(case.call(naive.conv2d), expected)
    assert_near(case.call(classic), expected)


@given(convolutions(), st.integers(1, 3))
def test_the_classic_convolution_works_under_vmap(case: Case, members: int) -> None:
    x = case.inputs["input"]
    several = torch.stack([(i + 1) * x for i in range(members)])
    each = torch.vmap(lambda one: case.replace(input=one).call(classic))(several)
    assert_near(each, torch.stack([case.replace(input=one).call(classic) for one in several]))


def test_the_classic_convolution_fits_in_forty_lines() -> None:
    """What is shown first must be taken in at one glance."""
    lines = inspect.getsource(naive.ClassicConv2d).splitlines()
    assert len(lines) <= 40
