"""Exercise: the gradient of a convolution with respect to its bias."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def conv2d_grad_bias(grad: Tensor) -> Tensor:
    """Compute the gradient of the loss with respect to the bias of a convolution.

        ∂L/∂bias[o] = Σ_n,k,y,x ∂L/∂out[n, k, y, x] · ∂out[n, k, y, x]/∂bias[o]

    where out[n, o, y, x] = bias[o] + … for all n, y and x, independent of stride, padding, dilation
    and groups.

    Args:
        grad: ∂L/∂out, (N, O, OH, OW).

    Returns:
        ∂L/∂bias, (O,), with the dtype of ``grad``.

    Example:
        >>> conv2d_grad_bias(torch.ones(4, 2, 1, 3))
        tensor([12., 12.])
    """
    raise NotImplementedError


def solution(grad: Tensor) -> Tensor:
    """Sum the gradient of each output channel."""
    result = grad.new_zeros(grad.shape[1])
    for image in grad:
        for o, channel in enumerate(image):
            result[o] += channel.sum()
    return result


def twin(grad: Tensor) -> Tensor:
    """Compute the gradient with torch's autograd and a kernel of one cell."""
    n, kernels, height, width = grad.shape
    bias = grad.new_zeros(kernels).requires_grad_()
    image, weight = grad.new_zeros(n, 1, height, width), grad.new_zeros(kernels, 1, 1, 1)
    return torch.autograd.grad(torch.conv2d(image, weight, bias), bias, grad)[0]


@st.composite
def gradients(draw: DrawFn, images: int = 1, kernels: int = 1, size: int = 3) -> Case:
    """Draw the gradient of the output, (N, O, OH, OW)."""
    sides = [draw(st.integers(1, most)) for most in (images, kernels, size, size)]
    return Case({"grad": draw(whole(*sides))}, {})


EXERCISE = Exercise(
    stub=conv2d_grad_bias,
    task="the gradient of convolution with respect to its bias",
    chapter="the-backward-pass-of-convolution",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one kernel, one position",
            gradients(size=1),
            "out = … + bias: by how much does out change if the bias increases by 1?",
        ),
        Probe(
            "one kernel, several positions",
            gradients(),
            "The same bias is added at every position, and each contributes to the gradient.",
        ),
        Probe(
            "several kernels",
            gradients(kernels=3),
            "Each kernel has its own bias, which is added to its own channel.",
        ),
        Probe(
            "several images",
            gradients(images=3, kernels=2),
            "The same bias is added in every image of the batch.",
        ),
        Probe("float32", in_float32(gradients(2, 2)), "The result has the dtype of the gradient."),
    ),
    suspects=(
        Suspect(
            "mean over the positions",
            lambda case: case.inputs["grad"].mean((2, 3)).sum(0),
            "You divide by the number of positions. The chain rule has a sum there.",
        ),
        Suspect(
            "mean over the batch",
            lambda case: case.inputs["grad"].sum((2, 3)).mean(0),
            "You divide by the number of images. If the loss is a mean, that factor is in `grad`.",
        ),
        Suspect(
            "one number for all kernels",
            lambda case: case.inputs["grad"].sum().expand(case.inputs["grad"].shape[1]),
            "You sum over the channels too; each kernel has its own bias.",
        ),
        Suspect(
            "one number for all kernels",
            lambda case: case.inputs["grad"].sum(),
            "You sum over the channels too; each kernel has its own bias.",
        ),
        Suspect(
            "not summed over the batch",
            lambda case: case.inputs["grad"].sum((2, 3)),
            "There is a row for every image, but all images share one bias.",
        ),
        Suspect(
            "only one image",
            lambda case: case.inputs["grad"][0].sum((1, 2)),
            "Only one image of the batch is used.",
        ),
        Suspect(
            "only one position",
            lambda case: case.inputs["grad"][:, :, 0, 0].sum(0),
            "Only the first position is used, but the bias is added at all of them.",
        ),
    ),
    hints=(
        "Take one kernel and two outputs. Each of them is a sum of products plus the bias. "
        "What is the derivative of each with respect to the bias?",
        "The bias of a kernel is added to every output of its channel. The chain rule sums "
        "the gradient over everything that depends on the bias.",
        "The result has one number for each kernel. The gradient has four dimensions: which "
        "of them does the result not have?",
    ),
    why=(
        "∂out/∂bias is 1 for all outputs of the kernel and 0 for all others, so the chain "
        "rule leaves a sum of the gradient over images, rows and columns."
    ),
    fast=Fast(
        "minicnn.functional.conv.functions.Convolve",
        "does it with one call of torch's sum, in `backward`",
    ),
)
