"""Cases of nll_loss and cross_entropy."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.case import Case
from minicnn.testing.cases.geometry import LENGTHS, mostly
from minicnn.testing.tensors import EXACT, Numbers, tensors


@st.composite
def nll_loss(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw log-probabilities (any numbers are valid), labels, class weights and options."""
    kind = draw(numbers)
    input = draw(scores(kind))
    ignore_index = draw(st.integers(-2, 3) | st.just(-100))
    weights = tensors((classes(input),), kind._replace(kind="positive"))
    return Case(
        {"input": input},
        {
            "target": draw(labels(input, ignore_index)),
            "weight": draw(st.none() | weights),
            "ignore_index": ignore_index,
            "reduction": draw(st.sampled_from(["mean", "sum", "none"])),
        },
    )


@st.composite
def cross_entropy(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw scores, labels or class probabilities, and options.

    Excluded is the mean over no class probabilities: it is 0/0 = NaN, and so are our second
    derivatives of it, while those of torch are 0.
    """
    smoothing = st.sampled_from([0.0, 0.1, 0.5, 1.0]) | st.floats(0, 1)
    case = draw(nll_loss(numbers)).replace(label_smoothing=draw(smoothing))
    if draw(st.booleans()):
        return case
    input = case.inputs["input"]
    target = draw(tensors(tuple(input.shape), Numbers(input.dtype, "positive")))
    options = {name: value for name, value in case.options.items() if name != "target"}
    if input.numel() == 0:
        options["reduction"] = draw(st.sampled_from(["sum", "none"]))
    return Case({"input": input, "target": target}, {**options, "ignore_index": -100})


@st.composite
def scores(draw: st.DrawFn, numbers: Numbers) -> Tensor:
    """Draw scores of shape (N, C), (N, C, d1, …) or (C,)."""
    shape: tuple[int, ...] = (draw(LENGTHS.filter(bool)),)
    if draw(mostly(st.just(True), st.just(False), times=4)):
        shape = (draw(LENGTHS), *shape, *draw(st.lists(LENGTHS, max_size=2)))
    return draw(tensors(shape, numbers))


@st.composite
def labels(draw: st.DrawFn, input: Tensor, ignore_index: int) -> Tensor:
    """Draw labels for the scores, some of them ignored, sometimes one out of range."""
    known = [*range(classes(input)), *range(classes(input)), ignore_index]
    allowed = draw(mostly(st.just(known), st.just([*known, classes(input)])))
    shape = input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    choice = torch.randint(len(allowed), tuple(shape), generator=generator)
    return torch.tensor(allowed)[choice]


def classes(input: Tensor) -> int:
    """Return the number of classes C.

    Example:
        >>> classes(torch.zeros(5, 3)), classes(torch.zeros(3))
        (3, 3)
    """
    return input.shape[1 if input.ndim > 1 else 0]
