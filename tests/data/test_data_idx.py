"""The IDX format: round trips, and an error for every fault."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn.data import idx

from ..meaningful import meaningful, mostly_meaningful


@st.composite
def arrays(draw):
    dims = draw(st.sampled_from([2, 3, 4, 2, 3, 1, 0]))
    sides = st.sampled_from([2, 3, 4, 5, 2, 3, 4, 5, 1, 0])
    shape = draw(st.lists(sides, min_size=dims, max_size=dims))
    seed = draw(st.integers(0, 2**32))
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@mostly_meaningful
@given(arrays())
def test_decode_inverts_encode(array):
    meaningful(array.numel() > 1)
    decoded = idx.decode(idx.encode(array))
    assert decoded.dtype == torch.uint8
    assert decoded.shape == array.shape
    assert decoded.equal(array)


@mostly_meaningful
@given(arrays(), st.data())
def test_strides_of_the_array_do_not_matter(array, draw):
    orders = list(itertools.permutations(range(array.dim())))
    view = array.permute(draw.draw(st.sampled_from(orders[::-1])))  # first what is not in order
    meaningful(not view.is_contiguous())
    assert idx.encode(view) == idx.encode(view.contiguous())


def test_header_is_that_of_mnist():
    content = idx.encode(torch.zeros(3, 28, 28, dtype=torch.uint8))
    assert content[:16].hex() == "00000803" + "00000003" + "0000001c" + "0000001c"
    assert len(content) == 16 + 3 * 28 * 28


@given(arrays(), st.data())
def test_truncated_content_is_refused_with_its_size(array, draw):
    content = idx.encode(array)
    size = draw.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ValueError, match=f"truncated: has {size} bytes, expected"):
        idx.decode(content[:size])


@given(arrays(), st.binary(min_size=1, max_size=9))
def test_additional_content_is_refused_with_its_size(array, more):
    content = idx.encode(array)
    has = len(content) + len(more)
    with pytest.raises(ValueError, match=f"too long: has {has} bytes, expected {len(content)}"):
        idx.decode(content + more)


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html>", b"\x1f\x8b\x08\x00....", b"\0\0\x0d\x01...."]
)
def test_other_kinds_of_files_are_refused(content):
    with pytest.raises(ValueError, match="not an IDX file of unsigned bytes: starts with"):
        idx.decode(content)


def test_only_bytes_are_written():
    with pytest.raises(TypeError, match=r"array must be uint8, got torch\.float32"):
        idx.encode(torch.zeros(3))
