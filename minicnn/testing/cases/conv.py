"""Cases of conv2d and conv_transpose2d."""

from hypothesis import assume
from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.case import Case
from minicnn.testing.cases.geometry import batches, mostly, pair, reach, roomy, sizes, up_to
from minicnn.testing.tensors import EXACT, Numbers, tensors


@st.composite
def conv2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw images, kernels, and options."""
    kind = draw(numbers)
    groups = draw(st.integers(1, 3))
    channels, kernels = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel, dilation, stride = draw(sizes(1, 3)), draw(sizes(1, 3)), draw(sizes(1, 3))
    padding = draw(sizes(0, 2) | st.sampled_from(["same", "valid"]))
    size = draw(roomy(reach(kernel, dilation), 0 if isinstance(padding, str) else padding))
    weight_shape = (kernels, channels // groups, *pair(kernel))
    return Case(
        {
            "input": draw(batches(kind, (channels, *size))),
            "weight": draw(tensors(weight_shape, finite(kind))),
            **draw(optional("bias", (kernels,), finite(kind))),
        },
        {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
    )


@st.composite
def conv_transpose2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw the output of a convolution, kernels, and options.

    Excluded are empty outputs, which torch rejects in some dtypes and accepts in others, and output
    padding for an empty batch, which torch does not check.
    """
    kind = draw(numbers)
    groups = draw(st.integers(1, 3))
    kernels, channels = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel, dilation, stride = draw(sizes(1, 3)), draw(sizes(1, 3)), draw(sizes(1, 3))
    padding = draw(sizes(0, 2))
    most = (max(s, d) - 1 for s, d in zip(pair(stride), pair(dilation), strict=True))
    output_padding = draw(mostly(up_to(*most), sizes(0, 2)))
    size = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    spans = reach(kernel, dilation)
    ways = zip(size, pair(stride), pair(padding), spans, pair(output_padding), strict=True)
    assume(0 not in [(n - 1) * s - 2 * p + span + extra for n, s, p, span, extra in ways])
    input = draw(batches(kind, (kernels, *size)))
    assume(len(input) or pair(output_padding) == (0, 0))
    weight_shape = (kernels, channels // groups, *pair(kernel))
    return Case(
        {
            "input": input,
            "weight": draw(tensors(weight_shape, finite(kind))),
            **draw(optional("bias", (channels,), finite(kind))),
        },
        {
            "stride": stride,
            "padding": padding,
            "output_padding": output_padding,
            "groups": groups,
            "dilation": dilation,
        },
    )


def finite(numbers: Numbers) -> Numbers:
    """Keep weights finite: otherwise 0 · ∞ reveals whether an op multiplies the zeros of padding.

    Example:
        >>> import torch
        >>> finite(Numbers(torch.float64, "special")).kind
        'integers'
    """
    return numbers._replace(kind="integers") if numbers.kind == "special" else numbers


@st.composite
def optional(
    draw: st.DrawFn, name: str, shape: tuple[int, ...], numbers: Numbers
) -> dict[str, Tensor]:
    """Draw an argument that may be absent."""
    return {name: draw(tensors(shape, numbers))} if draw(st.booleans()) else {}
