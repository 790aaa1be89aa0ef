"""Cases of convolution and of its gradients, as plain or as involved as a probe wants them."""

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
    """Draw an image, kernels, and with ``gradient`` what comes back from their convolution.

    Args:
        draw: hypothesis's.
        square: whether images and kernels have as many rows as columns.
        images: how many there are at most.
        channels: how many each group sees at most.
        kernels: how many each group has at most.
        bias: whether there is one, rather than None.
        stride: as everywhere, and so are padding, dilation and groups.
        padding: the same on all sides.
        dilation: between a kernel's cells.
        groups: into which the channels fall.
        gradient: whether to draw (grad, input, weight) rather than (input, weight, bias).

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> simplest(convolutions(stride=2)).options
        {'bias': None, 'stride': 2, 'padding': 0, 'dilation': 1, 'groups': 1}
    """
    largest = 3 if max(images, channels, kernels, groups) == 1 else 2
    room = 1 + stride
    # Until a kernel has two cells its dilation cannot be seen.
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
    """Differentiate ⟨grad, conv2d(input, weight)⟩ by torch.

    Example:
        >>> from minicnn.exercises.search import simplest
        >>> case = simplest(convolutions(gradient=True))
        >>> conv_gradient(case, "weight")
        tensor([[[[0.]]]], dtype=torch.float64)
    """
    x, weight = (case.inputs[name].detach().requires_grad_() for name in ("input", "weight"))
    y = torch.conv2d(x, weight, None, **case.options)
    return torch.autograd.grad(y, {"input": x, "weight": weight}[by], case.inputs["grad"])[0]
