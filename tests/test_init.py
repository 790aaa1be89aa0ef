"""Initial weights: equal to torch.nn.init, with the variances of the papers."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import init

Shape = tuple[int, ...]

shapes = st.tuples(*[st.integers(1, 5)] * 2) | st.tuples(*[st.integers(1, 5)] * 4)
seeds = st.integers(0, 2**32 - 1)
slopes = st.floats(0, 3)
gains = st.floats(0.1, 3)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def torchs(function: Callable[..., Any], shape: Shape, seed: int, **options: Any) -> torch.Tensor:
    """Draw with torch.nn.init, which draws from the global generator."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return function(torch.empty(shape), **options)


@given(shapes, seeds, slopes)
def test_kaiming_equals_torchs_under_the_same_seed(shape: Shape, seed: int, a: float) -> None:
    for ours, theirs in (
        (init.kaiming_uniform, torch.nn.init.kaiming_uniform_),
        (init.kaiming_normal, torch.nn.init.kaiming_normal_),
    ):
        assert torch.equal(ours(generator(seed), shape, a), torchs(theirs, shape, seed, a=a))


@given(shapes, seeds, gains)
def test_xavier_equals_torchs_under_the_same_seed(shape: Shape, seed: int, gain: float) -> None:
    for ours, theirs in (
        (init.xavier_uniform, torch.nn.init.xavier_uniform_),
        (init.xavier_normal, torch.nn.init.xavier_normal_),
    ):
        expected = torchs(theirs, shape, seed, gain=gain)
        assert torch.equal(ours(generator(seed), shape, gain), expected)


@given(shapes, seeds)
def test_the_defaults_are_torchs(shape: Shape, seed: int) -> None:
    for name in ("kaiming_uniform", "kaiming_normal", "xavier_uniform", "xavier_normal"):
        expected = torchs(getattr(torch.nn.init, f"{name}_"), shape, seed)
        assert torch.equal(getattr(init, name)(generator(seed), shape), expected)


@given(shapes, seeds, st.floats(0, 10))
def test_uniform_and_normal_equal_torchs(shape: Shape, seed: int, scale: float) -> None:
    uniform = torchs(torch.nn.init.uniform_, shape, seed, a=-scale, b=scale)
    assert torch.equal(init.uniform(generator(seed), shape, scale), uniform)
    normal = torchs(torch.nn.init.normal_, shape, seed, std=scale)
    assert torch.equal(init.normal(generator(seed), shape, scale), normal)


@given(shapes, slopes, gains)
def test_standard_deviations_are_those_of_the_papers(shape: Shape, a: float, gain: float) -> None:
    fan_in, fan_out = init.fans(shape)
    window = math.prod(shape[2:])
    assert (fan_in, fan_out) == (shape[1] * window, shape[0] * window)
    # He et al.: ½ (1 + a²) fan_in Var = 1; Glorot & Bengio: Var = gain² · 2 / (fan_in + fan_out)
    assert 0.5 * (1 + a * a) * fan_in * init.kaiming_std(shape, a) ** 2 == pytest.approx(1)
    assert init.xavier_std(shape, gain) ** 2 * (fan_in + fan_out) / 2 == pytest.approx(gain**2)


@pytest.mark.parametrize(
    ("draw", "std"),
    [
        (init.kaiming_uniform, init.kaiming_std),
        (init.kaiming_normal, init.kaiming_std),
        (init.xavier_uniform, init.xavier_std),
        (init.xavier_normal, init.xavier_std),
    ],
)
def test_a_large_sample_has_the_mean_and_the_standard_deviation(draw: Any, std: Any) -> None:
    shape = (100, 50, 5, 5)
    sample = draw(generator(0), shape, 0.7)
    # The standard error of the mean of n numbers is std / √n; that of their std is no larger.
    error = std(shape, 0.7) / math.sqrt(sample.numel())
    assert abs(sample.mean().item()) < 4 * error
    assert abs(sample.std().item() - std(shape, 0.7)) < 4 * error


def test_kaiming_keeps_the_signal_alive_through_thirty_relu_layers() -> None:
    rng = generator(0)
    start = torch.randn(100, 200, generator=rng)
    good, unit, small = start, start, start
    for _ in range(30):
        weight = init.kaiming_normal(rng, (200, 200))
        good = (good @ weight.T).relu()
        unit = (unit @ init.normal(rng, (200, 200), 1.0).T).relu()
        small = (small @ init.normal(rng, (200, 200), 0.01).T).relu()
    rms = [x.square().mean().sqrt().item() for x in (start, good, unit, small)]
    assert 0.2 < rms[1] / rms[0] < 5
    assert rms[2] / rms[0] > 1e20
    assert rms[3] / rms[0] < 1e-20


@given(seeds)
def test_the_weights_depend_only_on_the_generator_which_advances(seed: int) -> None:
    before = torch.get_rng_state()
    rng = generator(seed)
    first, second = (init.kaiming_uniform(rng, (3, 4)) for _ in range(2))
    assert torch.equal(first, init.kaiming_uniform(generator(seed), (3, 4)))
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize(
    "draw", [init.kaiming_uniform, init.kaiming_normal, init.xavier_uniform, init.xavier_normal]
)
def test_a_shape_without_inputs_and_outputs_is_refused(draw: Any, shape: Shape) -> None:
    with pytest.raises(ValueError, match=r"shape must have at least 2 dimensions .* got \("):
        draw(generator(0), shape)


@pytest.mark.parametrize(("draw", "name"), [(init.uniform, "bound"), (init.normal, "std")])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_an_invalid_scale_is_refused(draw: Any, name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a finite number of at least 0, got"):
        draw(generator(0), (2, 2), value)


@given(shapes, st.floats(-10, 10))
def test_constant_and_zeros_draw_nothing(shape: Shape, value: float) -> None:
    rng = generator(0)
    expected = torchs(torch.nn.init.constant_, shape, 0, val=value)
    assert torch.equal(init.constant(rng, shape, value), expected)
    assert torch.equal(init.zeros(rng, shape), torch.zeros(shape))
    assert torch.equal(rng.get_state(), generator(0).get_state())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_constant_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"value must be finite, got {value}"):
        init.constant(generator(0), (2,), value)
