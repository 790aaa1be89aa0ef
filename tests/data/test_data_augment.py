"""Random shifts against pixel-by-pixel loops."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import data

from ..meaningful import meaningful, mostly_meaningful


def naive_shift(images, offsets):
    shifted = torch.zeros_like(images)
    h, w = images.shape[2:]
    for b in range(len(images)):
        dy, dx = offsets[b].tolist()
        for i in range(h):
            for j in range(w):
                if 0 <= i - dy < h and 0 <= j - dx < w:
                    shifted[b, :, i, j] = images[b, :, i - dy, j - dx]
    return shifted


@st.composite
def batches_with_offsets(draw):
    n, c = draw(st.sampled_from([2, 3, 4, 5, 1, 0])), draw(st.integers(1, 5))
    h, w = (draw(st.sampled_from([3, 4, 5, 2, 1])) for _ in range(2))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    dtype = draw(st.sampled_from([torch.uint8, torch.float32]))
    images = torch.randint(1, 256, (n, c, h, w), generator=generator).to(dtype)
    size = torch.tensor([h, w])
    offsets = (torch.rand(n, 2, generator=generator) * (2 * size + 1)).long() - size
    return images, offsets  # from -size to size: just out of the image


@mostly_meaningful
@given(batches_with_offsets())
def test_shift_equals_the_direct_loop(case):
    images, offsets = case
    inside = (offsets.abs() < torch.tensor(images.shape[2:])).all(1)
    meaningful(bool((inside & offsets.any(1)).any()))  # an image is moved and can still be seen
    shifted = data.shift(images, offsets)
    assert shifted.dtype == images.dtype
    assert shifted.is_contiguous()
    assert shifted.equal(naive_shift(images, offsets))


@mostly_meaningful
@given(batches_with_offsets())
def test_shift_does_not_change_its_input(case):
    images, offsets = case
    meaningful(images.numel() > 0)
    before = images.clone()
    data.shift(images, offsets).fill_(7)
    assert images.equal(before)


@pytest.mark.parametrize("max_pixels", [0, 1, 2])
def test_random_shifts_are_all_offsets_and_no_others(max_pixels):
    images = torch.zeros(1000, 1, 7, 7)
    images[:, :, 3, 3] = 1
    shifted = data.random_shift(max_pixels)(images, torch.Generator().manual_seed(0))
    found = {(row - 3, column - 3) for _, _, row, column in shifted.nonzero().tolist()}
    allowed = range(-max_pixels, max_pixels + 1)
    assert shifted.sum() == 1000
    assert found == {(dy, dx) for dy in allowed for dx in allowed}


def test_random_shift_depends_only_on_the_generator():
    images = torch.rand(16, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    augment, before = data.random_shift(2), torch.get_rng_state()
    a, b, c = (augment(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert a.equal(b)
    assert not a.equal(c)
    assert torch.get_rng_state().equal(before)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="max_pixels must be at least 0, got -1"):
        data.random_shift(-1)
    with pytest.raises(ValueError, match=r"images must have shape \(N, C, H, W\), got \(3, 3\)"):
        data.shift(torch.zeros(3, 3), torch.zeros(3, 2).long())
    with pytest.raises(ValueError, match=r"offsets must have shape \(1, 2\), got \(2,\)"):
        data.shift(torch.zeros(1, 1, 3, 3), torch.zeros(2).long())
