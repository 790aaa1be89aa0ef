"""Cases of nll_loss and cross_entropy."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from minicnn.testing.case import Case
from minicnn.testing.tensors import EXACT, Numbers, tensors

reductions = st.sampled_from(["mean", "sum", "none"])


@st.composite
def scores(draw: st.DrawFn, numbers: Numbers) -> Tensor:
    """Draw (N, C), (N, C, d1, …) or (C,)."""
    classes = draw(st.integers(1, 4))
    more = st.lists(st.integers(0, 3), max_size=3)
    shape = draw(st.none() | st.tuples(st.integers(0, 4), more))
    return draw(tensors((classes,) if shape is None else (shape[0], classes, *shape[1]), numbers))


@st.composite
def labels(draw: st.DrawFn, input: Tensor, ignore_index: int) -> Tensor:
    """Draw labels for the scores ``input``, some of them ignored; now and then one is not there."""
    classes = input.shape[input.ndim > 1]
    shape = input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    valid = [*range(classes), ignore_index]
    allowed = draw(st.sampled_from([valid] * 9 + [[*valid, classes]]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    choice = torch.randint(len(allowed), tuple(shape), generator=generator)
    return torch.tensor(allowed)[choice]


@st.composite
def nll_loss(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw log-probabilities (any numbers will do), labels and options."""
    kind = draw(numbers)
    input = draw(scores(kind))
    ignore_index = draw(st.integers(-2, 3) | st.just(-100))
    weight = draw(st.none() | tensors((input.shape[input.ndim > 1],), kind._replace(kind="positive")))
    return Case(
        {"input": input},
        {
            "target": draw(labels(input, ignore_index)),
            "weight": weight,
            "ignore_index": ignore_index,
            "reduction": draw(reductions),
        },
    )


@st.composite
def cross_entropy(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw scores, labels or class probabilities, and options."""
    case = draw(nll_loss(numbers))
    case = case.replace(label_smoothing=draw(st.just(0.0) | st.floats(0, 1)))
    if draw(st.booleans()):
        return case
    target = draw(tensors(tuple(case.inputs["input"].shape), Numbers(case.inputs["input"].dtype, "positive")))
    options = case.options | {"ignore_index": -100}
    del options["target"]
    return Case({**case.inputs, "target": target}, options)
