"""Cases of pooling: over windows of fixed size, and over windows fitted to the output."""

from hypothesis import assume
from hypothesis import strategies as st

from minicnn.testing.case import Case
from minicnn.testing.cases.geometry import images, pair, reach, roomy, sizes
from minicnn.testing.tensors import EXACT, Numbers


@st.composite
def max_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw the arguments of max pooling; every window has a cell inside the image.

    Where a window has none, torch 2.15 writes outside its memory.
    """
    kernel, dilation = draw(sizes(1, 3)), draw(sizes(1, 3))
    stride = draw(st.none() | sizes(1, 4))
    padding, ceil_mode = draw(sizes(0, 1)), draw(st.booleans())
    size = draw(roomy(reach(kernel, dilation), padding))
    x = draw(images(draw(numbers), draw(st.integers(1, 3)), size))
    for n, k, s, p, d in zip(
        size, pair(kernel), pair(kernel if stride is None else stride), pair(padding),
        pair(dilation), strict=True,
    ):  # fmt: skip
        starts = range(-p, n + p, s)
        assume(all(any(0 <= a + i * d < n for i in range(k)) for a in starts if a < n))
    return Case(
        {"input": x},
        {
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "ceil_mode": ceil_mode,
            "return_indices": draw(st.booleans()),
        },
    )


@st.composite
def avg_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw the arguments of average pooling."""
    kernel, stride = draw(sizes(1, 4)), draw(st.none() | sizes(1, 4))
    padding = draw(sizes(0, 2))
    size = draw(roomy(reach(kernel), padding))
    return Case(
        {"input": draw(images(draw(numbers), draw(st.integers(1, 3)), size))},
        {
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "ceil_mode": draw(st.booleans()),
            "count_include_pad": draw(st.booleans()),
            "divisor_override": draw(st.none() | st.integers(-3, 5)),
        },
    )


@st.composite
def adaptive_avg_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw images and an output size: smaller, equal, larger or none at all."""
    size = (draw(st.integers(1, 7)), draw(st.integers(1, 7)))
    out = st.integers(1, 8) | st.none()
    return Case(
        {"input": draw(images(draw(numbers), draw(st.integers(1, 3)), size))},
        {"output_size": draw(st.integers(1, 8) | st.tuples(out, out))},
    )


@st.composite
def adaptive_max_pool2d(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw the same, and whether to return indices."""
    case = draw(adaptive_avg_pool2d(numbers))
    return case.replace(return_indices=draw(st.booleans()))
