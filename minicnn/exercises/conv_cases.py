"""Strategies for cases of convolution and of its gradients."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.cases import places, sides, whole
from minicnn.testing.case import Case


@st.composite
def convolutions(
    draw: DrawFn,
    square: bool = False,
    images: int = 1,
    channels: int = 1,
    kernels: int = 1,
    bias: bool = False,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    gradient: bool = False,
) -> Case:
    """Draw images and kernels, with ``gradient`` also the gradient of their convolution.

    Args:
        draw: supplied by hypothesis.
        square: whether images and kernels are square.
        images: maximal number of images.
        channels: maximal number of input channels per group.
        kernels: maximal number of kernels per group.
        bias: whether to draw a bias instead of None.
        stride: pixels from one position to the next.
        padding: zeros on each side.
        dilation: pixels from one kernel cell to the next.
        groups: number of groups of channels.
        gradient: whether to draw (grad, input, weight) instead of (input, weight, bias).

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> simplest(convolutions(stride=2)).options
        {'bias': None, 'stride': 2, 'padding': 0, 'dilation': 1, 'groups': 1}
    """
    largest = 3 if max(images, channels, kernels, groups) == 1 else 2
    room = 1 + stride
    # Dilation has no effect on a kernel with a single cell.
    height, width, k_h, k_w = draw(sides(square, largest, padding, dilation, room))
    n, c, o = draw(st.integers(1, images)), draw(st.integers(1, channels)), 1
    o = groups * draw(st.integers(1, kernels))
    input = draw(whole(n, groups * c, height, width))
    weight = draw(whole(o, c, k_h, k_w))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if gradient:
        out_h = places(height, k_h, stride, padding, dilation)
        out_w = places(width, k_w, stride, padding, dilation)
        grad = draw(whole(n, o, out_h, out_w))
        return Case({"grad": grad, "input": input, "weight": weight}, options)
    if bias:
        return Case({"input": input, "weight": weight, "bias": draw(whole(o))}, options)
    return Case({"input": input, "weight": weight}, {"bias": None, **options})


def conv_gradient(case: Case, by: str) -> torch.Tensor:
    """Differentiate ⟨grad, conv2d(input, weight)⟩ with torch's autograd.

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> case = simplest(convolutions(gradient=True))
        >>> conv_gradient(case, "weight")
        tensor([[[[0.]]]], dtype=torch.float64)
    """
    x, weight = (case.inputs[name].detach().requires_grad_() for name in ("input", "weight"))
    y = torch.conv2d(x, weight, None, **case.options)
    return torch.autograd.grad(y, {"input": x, "weight": weight}[by], case.inputs["grad"])[0]
