"""Cases of what stands between convolutions: linear, activations, dropout and batch_norm."""

import torch
from hypothesis import strategies as st

from minicnn.testing.case import Case
from minicnn.testing.cases.conv import optional
from minicnn.testing.tensors import EXACT, Numbers, tensors

shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@st.composite
def linear(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw rows, and weights for them; now and then rows that are one number too long."""
    kind = draw(numbers)
    leading = draw(st.lists(st.integers(0, 3), max_size=3))
    features, outputs = draw(st.integers(0, 4)), draw(st.none() | st.integers(0, 4))
    surplus = draw(st.sampled_from([0, 0, 0, 0, 0, 1]))
    inputs = {
        "input": draw(tensors((*leading, features + surplus), kind)),
        "weight": draw(tensors((features,) if outputs is None else (outputs, features), kind)),
    }
    if outputs is not None:
        inputs |= draw(optional("bias", (outputs,), kind))
    return Case(inputs, {})


@st.composite
def relu(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a tensor of any shape."""
    return Case({"input": draw(tensors(draw(shapes), draw(numbers)))}, {})


@st.composite
def softmax(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw scores, and the dimension they compete along; now and then one that is not there."""
    shape = draw(shapes)
    return Case(
        {"input": draw(tensors(shape, draw(numbers)))},
        {
            "dim": draw(st.integers(-len(shape) - 1, len(shape))),
            "dtype": draw(st.sampled_from([None, None, torch.float64])),
        },
    )


log_softmax = softmax


@st.composite
def dropout(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a tensor, how much of it to forget, and a seed; now and then a p out of [0, 1]."""
    return Case(
        {"input": draw(tensors(draw(shapes), draw(numbers)))},
        {
            "p": draw(st.sampled_from([0, 1, 0.0, 1.0, -0.1, 1.1]) | st.floats(0, 1)),
            "training": draw(st.sampled_from([True, True, True, False])),
        },
    )


@st.composite
def batch_norm(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a batch, statistics that were learnt before, and what to do with both."""
    kind = draw(numbers)
    finite = kind._replace(kind="integers") if kind.kind == "special" else kind
    positive = kind._replace(kind="positive")
    channels = draw(st.integers(1, 3))
    shape = (draw(st.integers(0, 4)), channels, *draw(st.lists(st.integers(1, 3), max_size=3)))
    statistics = {
        "running_mean": draw(tensors((channels,), finite)),
        "running_var": draw(tensors((channels,), positive)),
    }
    return Case(
        {
            "input": draw(tensors(shape, kind)),
            **draw(optional("weight", (channels,), finite)),
            **draw(optional("bias", (channels,), finite)),
        },
        {
            **draw(st.just(statistics) | st.just(dict.fromkeys(statistics))),
            "training": draw(st.booleans()),
            "momentum": draw(st.floats(0, 1)),
            "eps": draw(st.floats(1e-5, 1)),
        },
    )
