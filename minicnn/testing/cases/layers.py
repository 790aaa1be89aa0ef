"""Cases of linear, activations, dropout and normalisation."""

import torch
from hypothesis import strategies as st

from minicnn.testing.case import Case
from minicnn.testing.cases.conv import finite, optional
from minicnn.testing.cases.geometry import LENGTHS, mostly
from minicnn.testing.tensors import EXACT, Numbers, tensors

shapes = mostly(st.lists(LENGTHS, min_size=1, max_size=4).map(tuple), st.just(()))


@st.composite
def linear(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw rows of features, sometimes one too many, and weights."""
    kind = draw(numbers)
    leading = draw(st.lists(LENGTHS, max_size=3))
    features, outputs = draw(LENGTHS), draw(st.none() | LENGTHS)
    surplus = draw(mostly(st.just(0), st.just(1)))
    input = draw(tensors((*leading, features + surplus), finite(kind)))
    if outputs is None:
        return Case({"input": input, "weight": draw(tensors((features,), finite(kind)))}, {})
    weight = draw(tensors((outputs, features), kind))
    return Case({"input": input, "weight": weight, **draw(optional("bias", (outputs,), kind))}, {})


@st.composite
def relu(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a tensor of any shape."""
    return Case({"input": draw(tensors(draw(shapes), draw(numbers)))}, {})


sigmoid = tanh = silu = relu


@st.composite
def leaky_relu(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a tensor of any shape, and a slope of either sign."""
    slopes = st.sampled_from([0.01, 0, 1, 2, -0.5]) | st.floats(-2, 2)
    return draw(relu(numbers)).replace(negative_slope=draw(slopes))


@st.composite
def gelu(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a tensor of any shape, and one of the two forms."""
    return draw(relu(numbers)).replace(approximate=draw(st.sampled_from(["none", "tanh"])))


@st.composite
def softmax(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw scores and a dimension, which sometimes does not exist."""
    shape = draw(shapes)
    dims = max(len(shape), 1)
    return Case(
        {"input": draw(tensors(shape, draw(numbers)))},
        {
            "dim": draw(mostly(st.integers(-dims, dims - 1), st.sampled_from([dims, -dims - 1]))),
            "dtype": draw(st.sampled_from([None, None, torch.float64])),
        },
    )


log_softmax = softmax


@st.composite
def dropout(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a tensor and a dropout probability, which is sometimes out of range."""
    return Case(
        {"input": draw(tensors(draw(shapes), draw(numbers)))},
        {
            "p": draw(mostly(st.floats(0, 0.6), st.sampled_from([0, 1, -0.1, 1.1]), times=9)),
            "training": draw(st.sampled_from([True, True, True, False])),
        },
    )


@st.composite
def batch_norm(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a batch, sometimes of a single value, and running statistics."""
    kind = draw(numbers)
    channels = (draw(st.integers(1, 3)),)
    known = st.sampled_from([(False, True), (True, False), (True, True)])  # statistics of either
    training, tracked = draw(mostly(known, st.just((False, False))))
    batch = draw(st.integers(0 if tracked and not training else 1, 4))
    shape = (batch, *channels, *draw(st.lists(st.integers(1, 3), max_size=3)))
    positive = kind._replace(kind="positive")
    return Case(
        {
            "input": draw(tensors(shape, kind)),
            **draw(optional("weight", channels, finite(kind))),
            **draw(optional("bias", channels, finite(kind))),
        },
        {
            "running_mean": draw(tensors(channels, finite(kind))) if tracked else None,
            "running_var": draw(tensors(channels, positive)) if tracked else None,
            "training": training,
            "momentum": draw(st.floats(0, 1)),
            "eps": draw(st.floats(1e-5, 1)),
        },
    )


@st.composite
def layer_norm(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw examples, and how many of the last dimensions to normalise over."""
    kind = draw(numbers)
    leading = draw(st.lists(LENGTHS, max_size=2))
    sizes = mostly(st.integers(2, 4), st.just(1))  # one number is its own mean
    shape = tuple(draw(st.lists(sizes, min_size=1, max_size=2)))
    surplus = draw(st.sampled_from([0, 0, 0, 0, 0, 1]))
    return Case(
        {
            "input": draw(tensors((*leading, *shape[:-1], shape[-1] + surplus), kind)),
            **draw(optional("weight", shape, finite(kind))),
            **draw(optional("bias", shape, finite(kind))),
        },
        {"normalized_shape": shape, "eps": draw(st.floats(1e-5, 1))},
    )


@st.composite
def group_norm(draw: st.DrawFn, numbers: st.SearchStrategy[Numbers] = EXACT) -> Case:
    """Draw a batch, and a number of groups, which sometimes does not divide the channels."""
    kind = draw(numbers)
    groups = draw(st.integers(1, 3))
    channels = (groups * draw(st.integers(1, 3)),)
    batch = draw(mostly(st.integers(1, 3), st.just(0)))
    sizes = mostly(st.integers(2, 3), st.just(1))  # one number is its own mean
    shape = (batch, *channels, *draw(st.lists(sizes, max_size=2)))
    surplus = draw(st.sampled_from([0, 0, 0, 0, 0, 1]))
    return Case(
        {
            "input": draw(tensors(shape, kind)),
            **draw(optional("weight", channels, finite(kind))),
            **draw(optional("bias", channels, finite(kind))),
        },
        {"num_groups": groups + surplus, "eps": draw(st.floats(1e-5, 1))},
    )
