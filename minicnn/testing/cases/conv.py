"""Cases of conv2d and conv_transpose2d."""

from hypothesis import assume
from hypothesis import strategies as st

from minicnn.testing.case import Case
from minicnn.testing.cases.geometry import images, pair, reach, roomy, sizes
from minicnn.testing.tensors import EXACT, Numbers, tensors


@st.composite
def conv2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw the arguments of a convolution."""
    kind = draw(numbers)
    groups = draw(st.integers(1, 3))
    channels, kernels = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel, dilation, stride = draw(sizes(1, 3)), draw(sizes(1, 3)), draw(sizes(1, 3))
    padding = draw(sizes(0, 2) | st.sampled_from(["same", "valid"]))
    size = draw(roomy(reach(kernel, dilation), 0 if isinstance(padding, str) else padding))
    weights = weight_numbers(kind)
    return Case(
        {
            "input": draw(images(kind, channels, size)),
            "weight": draw(tensors((kernels, channels // groups, *pair(kernel)), weights)),
            **draw(optional("bias", (kernels,), weights)),
        },
        {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
    )


@st.composite
def conv_transpose2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw the arguments of a transposed convolution."""
    kind = draw(numbers)
    groups = draw(st.integers(1, 3))
    kernels, channels = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel, dilation, stride = draw(sizes(1, 3)), draw(sizes(1, 3)), draw(sizes(1, 3))
    padding, output_padding = draw(sizes(0, 2)), draw(sizes(0, 2))
    size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    out = [
        (n - 1) * s - 2 * p + r + extra
        for n, s, p, r, extra in zip(
            size,
            pair(stride),
            pair(padding),
            reach(kernel, dilation),
            pair(output_padding),
            strict=True,
        )  # fmt: skip
    ]
    weights = weight_numbers(kind)
    x = draw(images(kind, kernels, size))
    # Torch computes an output without cells, but not its gradient; and in front of an empty batch
    # it does not look at output_padding.
    assume(0 not in out)
    assume(x.numel() > 0 or pair(output_padding) == (0, 0))
    return Case(
        {
            "input": x,
            "weight": draw(tensors((kernels, channels // groups, *pair(kernel)), weights)),
            **draw(optional("bias", (channels,), weights)),
        },
        {
            "stride": stride,
            "padding": padding,
            "output_padding": output_padding,
            "groups": groups,
            "dilation": dilation,
        },
    )


def weight_numbers(numbers: Numbers) -> Numbers:
    """Keep weights finite: with 0 · ∞ it would matter whether an op multiplies the padding."""
    return numbers._replace(kind="integers") if numbers.kind == "special" else numbers


@st.composite
def optional(draw: st.DrawFn, name: str, shape: tuple[int, ...], numbers: Numbers) -> dict:
    """Draw an input, or its absence."""
    return {name: draw(tensors(shape, numbers))} if draw(st.booleans()) else {}
