"""Cases of unfold and fold."""

from hypothesis import strategies as st

from minicnn.testing.case import Case
from minicnn.testing.cases.geometry import images, pair, reach, roomy, sizes
from minicnn.testing.tensors import EXACT, Numbers, tensors


@st.composite
def unfold(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw images and the windows to list."""
    kernel, dilation = draw(sizes(1, 3)), draw(sizes(1, 3))
    padding, stride = draw(sizes(0, 2)), draw(sizes(1, 3))
    size = draw(roomy(reach(kernel, dilation), padding))
    x = draw(images(draw(numbers), draw(st.integers(1, 3)), size))
    return Case(
        {"input": x},
        {"kernel_size": kernel, "dilation": dilation, "padding": padding, "stride": stride},
    )


@st.composite
def fold(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw columns, now and then one too many, and the images to add them up to."""
    kernel, dilation = draw(sizes(1, 3)), draw(sizes(1, 3))
    padding, stride = draw(sizes(0, 2)), draw(sizes(1, 3))
    size = draw(roomy(reach(kernel, dilation), padding))
    count = draw(st.sampled_from([0, 0, 0, 0, 0, 1]))  # columns too many
    ways = zip(size, pair(padding), reach(kernel, dilation), pair(stride), strict=True)
    rows, cols = ((n + 2 * p - r) // s + 1 for n, p, r, s in ways)
    rows, cols = max(rows, 1), max(cols, 1)
    k = pair(kernel)
    columns = (draw(st.integers(1, 2)) * k[0] * k[1], rows * cols + count)
    batch = draw(st.none() | st.integers(0, 3))
    shape = columns if batch is None else (batch, *columns)
    return Case(
        {"input": draw(tensors(shape, draw(numbers)))},
        {
            "output_size": size,
            "kernel_size": kernel,
            "dilation": dilation,
            "padding": padding,
            "stride": stride,
        },
    )
