"""The obvious loops are right: they agree with torch, so they can judge the fast forms."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn import naive

sizes = st.integers(1, 3)
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
    theirs = torch.nn.functional.cross_entropy(logits, labels)
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


@st.composite
def images_and_kernels(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Kernels from 1 × 1 to the whole image."""
    batch, channels, kernels = draw(sizes), draw(sizes), draw(sizes)
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    window = draw(st.integers(1, height)), draw(st.integers(1, width))
    seed = draw(seeds)
    image = random(batch, channels, height, width, seed=seed)
    return image, random(kernels, channels, *window, seed=seed + 1)


@given(images_and_kernels())
def test_the_classic_convolution_and_its_gradients_are_torchs(pair: tuple[Tensor, Tensor]) -> None:
    x, weight = (t.requires_grad_() for t in pair)
    ours = naive.ClassicConv2d.apply(x, weight)
    theirs = torch.nn.functional.conv2d(x, weight)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    g = random(*theirs.shape, seed=0)
    for a, b in zip(
        torch.autograd.grad(ours, (x, weight), g),
        torch.autograd.grad(theirs, (x, weight), g),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_the_classic_convolution_has_second_derivatives() -> None:
    x, weight = random(2, 2, 3, 4, seed=0).requires_grad_(), random(2, 2, 2, 2, seed=1)
    assert torch.autograd.gradgradcheck(naive.ClassicConv2d.apply, (x, weight.requires_grad_()))


def test_the_classic_convolution_works_under_vmap() -> None:
    x, weight = random(5, 2, 2, 4, 4, seed=0), random(3, 2, 2, 2, seed=1)
    each = torch.vmap(naive.ClassicConv2d.apply, in_dims=(0, None))(x, weight)
    assert torch.equal(each, torch.stack([naive.ClassicConv2d.apply(one, weight) for one in x]))
