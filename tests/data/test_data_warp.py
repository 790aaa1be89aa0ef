"""Warps and their random fields, compared with torch's grid_sample and with known properties."""

import math
import re

import pytest
import torch
import torch.nn.functional as TF
from hypothesis import given
from hypothesis import strategies as st

from minicnn import data

from ..meaningful import meaningful, mostly_meaningful


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def to_grid(displacement: torch.Tensor) -> torch.Tensor:
    """The same positions in the convention of grid_sample: (x, y) from −1 to 1 between corners."""
    h, w = displacement.shape[2:]
    rows = displacement[:, 0] + torch.arange(h).view(h, 1)
    columns = displacement[:, 1] + torch.arange(w)
    return torch.stack([2 * columns / (w - 1) - 1, 2 * rows / (h - 1) - 1], 3)


def normalised(matrices: torch.Tensor, shifts: torch.Tensor, h: int, w: int) -> torch.Tensor:
    """The same maps in the convention of affine_grid: (x, y), in units of half the size."""
    half = torch.tensor([(w - 1) / 2, (h - 1) / 2], dtype=matrices.dtype)
    linear = matrices.flip(1, 2) * half / half.unsqueeze(1)
    return torch.cat([linear, (shifts.flip(1) / half).unsqueeze(2)], 2)


@st.composite
def images_with_displacements(draw):
    n, c = draw(st.sampled_from([2, 3, 4, 1, 0])), draw(st.integers(1, 3))
    h, w = draw(st.integers(2, 7)), draw(st.integers(2, 7))
    generator = rng(draw(st.integers(0, 2**32)))
    images = torch.randn(n, c, h, w, dtype=torch.float64, generator=generator)
    size = draw(st.sampled_from([0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 0.0, 1e6]))
    displacement = torch.randn(n, 2, h, w, dtype=torch.float64, generator=generator)
    return images, size * displacement


def moves(case):
    """Whether there are images, which are moved, but not far out of sight."""
    images, displacement = case
    return len(images) > 0 and 0 < displacement.abs().max() < 100


@st.composite
def affine_maps(draw):
    n, h, w = draw(st.integers(1, 4)), draw(st.integers(2, 7)), draw(st.integers(2, 7))
    generator = rng(draw(st.integers(0, 2**32)))
    matrices = torch.randn(n, 2, 2, dtype=torch.float64, generator=generator)
    return matrices, 2 * torch.randn(n, 2, dtype=torch.float64, generator=generator), h, w


# --- warp --------------------------------------------------------------------------------------


@mostly_meaningful
@given(images_with_displacements())
def test_warp_equals_grid_sample(case):
    images, displacement = case
    meaningful(moves(case))
    if len(images) == 0:  # grid_sample refuses empty inputs
        assert data.warp(images, displacement).shape == images.shape
        return
    expected = TF.grid_sample(images, to_grid(displacement), align_corners=True)
    torch.testing.assert_close(data.warp(images, displacement), expected, rtol=0, atol=1e-12)


@mostly_meaningful
@given(images_with_displacements(), st.floats(-2, 2))
def test_warp_is_linear_in_the_image(case, factor):
    images, displacement = case
    meaningful(moves(case) and factor != 0)
    other = images.flip(0).cos()
    together = data.warp(images + factor * other, displacement)
    apart = data.warp(images, displacement) + factor * data.warp(other, displacement)
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-12)


@mostly_meaningful
@given(images_with_displacements(), st.integers(0, 2**32))
def test_a_warp_by_whole_pixels_is_a_shift(case, seed):
    images, displacement = case
    offsets = torch.randint(-3, 4, (len(images), 2), generator=rng(seed))
    inside = (offsets.abs() < torch.tensor(images.shape[2:])).all(1)
    meaningful(bool((inside & offsets.any(1)).any()))
    constant = -offsets.view(-1, 2, 1, 1).double().expand_as(displacement)
    assert data.warp(images, constant).equal(data.shift(images, offsets))


@mostly_meaningful
@given(images_with_displacements())
def test_warp_does_not_change_its_inputs(case):
    meaningful(moves(case))
    before = [x.clone() for x in case]
    data.warp(*case).fill_(7)
    assert all(x.equal(y) for x, y in zip(case, before, strict=True))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_warp_keeps_the_dtype(dtype):
    images = torch.ones(2, 1, 4, 4, dtype=dtype)
    assert data.warp(images, torch.zeros(2, 2, 4, 4)).dtype == dtype


# --- affine ------------------------------------------------------------------------------------


@given(affine_maps())
def test_affine_displacement_equals_affine_grid(case):
    matrices, shifts, h, w = case
    theta = normalised(matrices, shifts, h, w)
    expected = TF.affine_grid(theta, [len(theta), 1, h, w], align_corners=True)
    found = to_grid(data.affine_displacement(*case))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [5, 6])
def test_a_rotation_by_90_degrees_is_rot90(size):
    images = torch.rand(2, 3, size, size, dtype=torch.float64, generator=rng())
    clockwise = torch.tensor([[[0.0, 1.0], [-1.0, 0.0]]]).expand(2, 2, 2)
    displacement = data.affine_displacement(clockwise, torch.zeros(2, 2), size, size)
    assert data.warp(images, displacement).equal(torch.rot90(images, 1, (2, 3)))


def backward_maps(n=4000, **limits):
    """What affine_field draws: the matrices A and shifts b of p ↦ A·p + b about the centre."""
    displacement = data.affine_field(**limits)((n, 3, 3), rng())
    shifts = displacement[:, :, 1, 1]
    columns = displacement[:, :, [2, 1], [1, 2]] - shifts.unsqueeze(2)
    return columns + torch.eye(2), shifts


def assert_uniform(values, low, high):
    values = values.double().sort().values
    expected = torch.linspace(low, high, len(values), dtype=torch.float64)
    # By Kolmogorov and Smirnov: beyond 2/√n once in 1,500 seeds, and the seed is fixed
    assert (values - expected).abs().max() < 2 * (high - low) / math.sqrt(len(values))


def test_degrees_rotate_by_angles_between_the_limits():
    matrices, shifts = backward_maps(degrees=30)
    angles = torch.atan2(matrices[:, 0, 1], matrices[:, 0, 0])
    assert_uniform(angles.rad2deg(), -30, 30)
    torch.testing.assert_close(matrices @ matrices.mT, torch.eye(2).expand_as(matrices))
    assert matrices.det().min() > 0
    assert shifts.abs().max() == 0


def test_scale_changes_height_and_width_independently():
    matrices, shifts = backward_maps(scale=0.25)
    height, width = (1 / matrices.diagonal(dim1=1, dim2=2)).unbind(1)
    assert_uniform(height, 0.75, 1.25)
    assert_uniform(width, 0.75, 1.25)
    assert torch.corrcoef(torch.stack([height, width]))[0, 1].abs() < 0.05
    assert matrices[:, [0, 1], [1, 0]].abs().max() == 0
    assert shifts.abs().max() == 0


def test_shear_is_along_the_rows():
    matrices, _ = backward_maps(shear=40)
    assert_uniform(-matrices[:, 1, 0].atan().rad2deg(), -40, 40)
    matrices[:, 1, 0] = 0
    torch.testing.assert_close(matrices, torch.eye(2).expand_as(matrices), rtol=0, atol=1e-6)


def test_shifts_are_not_only_whole_pixels():
    matrices, shifts = backward_maps(pixels=2)
    assert_uniform(shifts[:, 0], -2, 2)
    assert_uniform(shifts[:, 1], -2, 2)
    assert matrices.equal(torch.eye(2).expand_as(matrices))


def test_the_parts_compose_as_scale_shear_rotation_shift():
    limits = {"degrees": 50.0, "scale": 0.3, "shear": 30.0, "pixels": 3.0}
    backward, back = backward_maps(1000, **limits)
    # Each part drawn alone has the same numbers of the generator as all together.
    parts = {name: backward_maps(1000, **{name: limit}) for name, limit in limits.items()}
    forward = (
        parts["degrees"][0].inverse() @ parts["shear"][0].inverse() @ parts["scale"][0].inverse()
    )
    torch.testing.assert_close(backward, forward.inverse(), rtol=0, atol=1e-5)
    t = -parts["pixels"][1]
    torch.testing.assert_close(back, -(backward @ t.unsqueeze(2)).squeeze(2), rtol=0, atol=1e-5)


# --- elastic -----------------------------------------------------------------------------------


def cosine(x, y):
    """The cosine of the angle between two vectors."""
    return sum(a * b for a, b in zip(x, y, strict=True)) / math.hypot(*x) / math.hypot(*y)


@pytest.mark.parametrize(("sigma", "h", "w"), [(1.0, 7, 5), (4.0, 6, 6)])
def test_elastic_displacements_have_the_covariance_of_smoothed_noise(sigma, h, w):
    n = 20000
    drawn = data.elastic_field(1.5, sigma)((n, h, w), rng()).double().flatten(1)

    def correlation(size):
        bump = [
            [math.exp(-((i - j) ** 2) / (2 * sigma**2)) for j in range(size)] for i in range(size)
        ]
        return torch.tensor(
            [[cosine(x, y) for y in bump] for x in bump],
            dtype=torch.float64,
        )

    expected = 1.5**2 * torch.block_diag(*[torch.kron(correlation(h), correlation(w))] * 2)
    # Each covariance of n samples is off by at most about 5·1.5²·√(2/n)
    torch.testing.assert_close(drawn.T @ drawn / n, expected, rtol=0, atol=0.12)


@mostly_meaningful
@given(st.integers(0, 2**32), st.floats(0, 3), st.floats(0.1, 10))
def test_elastic_displacements_are_proportional_to_pixels(seed, pixels, sigma):
    meaningful(pixels not in (0, 1))
    size = (2, 5, 4)
    unit = data.elastic_field(1.0, sigma)(size, rng(seed))
    torch.testing.assert_close(data.elastic_field(pixels, sigma)(size, rng(seed)), pixels * unit)


# --- random_warp -------------------------------------------------------------------------------

FIELDS = (
    data.affine_field(degrees=10, scale=0.1, shear=10, pixels=2),
    data.elastic_field(1.0),
)


def test_fields_of_zero_strength_change_nothing():
    images = torch.rand(8, 2, 6, 5, generator=rng())
    still = data.random_warp(data.affine_field(), data.elastic_field(0.0))
    assert still(images, rng(1)).equal(images)


def test_random_warp_warps_once_by_the_sum_of_its_fields():
    images = torch.rand(8, 1, 6, 5, generator=rng())
    used = rng(1)
    total = FIELDS[0]((8, 6, 5), used) + FIELDS[1]((8, 6, 5), used)
    assert data.random_warp(*FIELDS)(images, rng(1)).equal(data.warp(images, total))


def test_random_warp_depends_only_on_the_generator():
    images = torch.rand(16, 1, 6, 6, generator=rng())
    augment, before = data.random_warp(*FIELDS), torch.get_rng_state()
    a, b, c = (augment(images, rng(seed)) for seed in (1, 1, 2))
    assert a.equal(b)
    assert not a.equal(c)
    assert torch.get_rng_state().equal(before)


def test_each_image_has_its_own_warp_shared_by_all_channels():
    images = torch.rand(1, 1, 9, 9, generator=rng()).expand(6, 2, 9, 9)
    warped = data.random_warp(*FIELDS)(images, rng(1))
    assert warped[:, 0].equal(warped[:, 1])
    assert len({tuple(image.flatten().tolist()) for image in warped}) == 6


# --- Refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: data.affine_field(degrees=-1), ValueError, "degrees must be a finite number of"),
        (lambda: data.affine_field(scale=1), ValueError, "scale must be in [0, 1), got 1"),
        (lambda: data.affine_field(shear=90), ValueError, "shear must be in [0, 90), got 90"),
        (lambda: data.affine_field(pixels=-2), ValueError, "pixels must be a finite number of"),
        (lambda: data.elastic_field(-1), ValueError, "pixels must be a finite number of at least"),
        (lambda: data.elastic_field(1, 0), ValueError, "sigma must be a finite number above 0"),
        (lambda: data.random_warp(), ValueError, "fields must hold at least one field, got none"),
        (
            lambda: data.warp(torch.zeros(3, 3), torch.zeros(1)),
            ValueError,
            "images must have shape (N, C, H, W), got (3, 3)",
        ),
        (
            lambda: data.warp(torch.zeros(1, 1, 3, 3).byte(), torch.zeros(1, 2, 3, 3)),
            TypeError,
            "images must be floating point, got torch.uint8",
        ),
        (
            lambda: data.warp(torch.zeros(1, 1, 3, 4), torch.zeros(1, 2, 4, 3)),
            ValueError,
            "displacement must have shape (1, 2, 3, 4), got (1, 2, 4, 3)",
        ),
        (
            lambda: data.affine_displacement(torch.zeros(2, 2), torch.zeros(2, 2), 3, 3),
            ValueError,
            "matrices must have shape (N, 2, 2), got (2, 2)",
        ),
        (
            lambda: data.affine_displacement(torch.zeros(1, 2, 2), torch.zeros(2), 3, 3),
            ValueError,
            "shifts must have shape (1, 2), got (2,)",
        ),
    ],
)
def test_bad_arguments_are_refused(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call()
