"""Cases of unfold and fold."""

from hypothesis import strategies as st

from minicnn.testing.case import Case
from minicnn.testing.cases.geometry import batches, mostly, pair, reach, roomy, sizes
from minicnn.testing.tensors import EXACT, Numbers


@st.composite
def unfold(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw images, and windows."""
    kernel, dilation = draw(sizes(1, 3)), draw(sizes(1, 3))
    padding, stride = draw(sizes(0, 2)), draw(sizes(1, 3))
    size = draw(roomy(reach(kernel, dilation), padding))
    return Case(
        {"input": draw(batches(draw(numbers), (draw(st.integers(1, 3)), *size)))},
        {"kernel_size": kernel, "dilation": dilation, "padding": padding, "stride": stride},
    )


@st.composite
def fold(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw columns, sometimes one too many, and the size of the images that they add up to."""
    geometry = draw(unfold(numbers))
    *_, height, width = geometry.inputs["input"].shape
    kernel, dilation, padding, stride = geometry.options.values()
    ways = zip((height, width), pair(padding), reach(kernel, dilation), pair(stride), strict=True)
    rows, cols = (max((n + 2 * p - span) // s + 1, 1) for n, p, span, s in ways)
    surplus = draw(mostly(st.just(0), st.just(1)))
    cells = draw(st.integers(1, 2)) * pair(kernel)[0] * pair(kernel)[1]
    return Case(
        {"input": draw(batches(draw(numbers), (cells, rows * cols + surplus)))},
        {"output_size": (height, width), **geometry.options},
    )
