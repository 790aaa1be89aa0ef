"""Cases of pooling: with windows of a given size, or with a given output size."""

from hypothesis import assume
from hypothesis import strategies as st

from minicnn.testing.case import Case
from minicnn.testing.cases.geometry import batches, mostly, pair, reach, roomy, sizes, up_to
from minicnn.testing.tensors import EXACT, Numbers


@st.composite
def max_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw images, and windows with at least one cell inside the image.

    Excluded are windows with none (dilated cells on both sides of a narrow image): for them the
    backward of torch 2.15 writes out of bounds.
    """
    kernel, dilation = draw(sizes(1, 3)), draw(sizes(1, 3))
    stride, padding = draw(st.none() | sizes(1, 4)), draw(sizes(0, 1))
    size = draw(roomy(reach(kernel, dilation), padding))
    steps = pair(kernel if stride is None else stride)
    ways = zip(size, pair(kernel), steps, pair(padding), pair(dilation), strict=True)
    for n, k, s, p, d in ways:
        assume(all(any(0 <= start + i * d < n for i in range(k)) for start in range(-p, n, s)))
    return Case(
        {"input": draw(batches(draw(numbers), (draw(st.integers(1, 3)), *size)))},
        {
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "ceil_mode": draw(st.booleans()),
            "return_indices": draw(st.booleans()),
        },
    )


@st.composite
def avg_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw images, windows, and the divisor."""
    kernel, stride = draw(sizes(1, 4)), draw(st.none() | sizes(1, 4))
    half = (k // 2 for k in pair(kernel))  # more padding is rejected
    padding = draw(mostly(up_to(*half), sizes(0, 2)))
    size = draw(roomy(reach(kernel), padding))
    return Case(
        {"input": draw(batches(draw(numbers), (draw(st.integers(1, 3)), *size)))},
        {
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "ceil_mode": draw(st.booleans()),
            "count_include_pad": draw(st.booleans()),
            "divisor_override": draw(mostly(st.none() | st.integers(1, 5), st.integers(-3, 0))),
        },
    )


@st.composite
def adaptive_avg_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw images, and a smaller, equal or larger output size; None keeps a size.

    Excluded are empty outputs, which torch computes but cannot differentiate.
    """
    out = st.integers(1, 8)
    size = (draw(out), draw(out))
    return Case(
        {"input": draw(batches(draw(numbers), (draw(st.integers(1, 3)), *size)))},
        {"output_size": draw(out | st.tuples(out | st.none(), out | st.none()))},
    )


@st.composite
def adaptive_max_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw the same cases, and whether to return indices."""
    return draw(adaptive_avg_pool2d(numbers)).replace(return_indices=draw(st.booleans()))
