"""Exercise: the gradient of a convolution by its bias."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
from minicnn.testing.case import Case


@Stub
def conv2d_grad_bias(grad: Tensor) -> Tensor:
    """Send a gradient back through a convolution, to its bias.

        ∂L/∂bias[o] = Σ_n,k,y,x ∂L/∂out[n, k, y, x] · ∂out[n, k, y, x]/∂bias[o]

    where out[n, o, y, x] = bias[o] + … for all n, y and x, whatever stride, padding, dilation and
    groups are.

    Args:
        grad: ∂L/∂out, (N, O, OH, OW).

    Returns:
        ∂L/∂bias, (O,).

    Example:
        >>> conv2d_grad_bias(torch.ones(4, 2, 1, 3))
        tensor([12., 12.])
    """
    raise NotImplementedError


def solution(grad: Tensor) -> Tensor:
    """Add up all that comes back to a kernel."""
    result = grad.new_zeros(grad.shape[1])
    for image in grad:
        for o, channel in enumerate(image):
            result[o] += channel.sum()
    return result


def twin(grad: Tensor) -> Tensor:
    """Ask torch's autograd, of a convolution with a kernel of one cell."""
    n, kernels, height, width = grad.shape
    bias = grad.new_zeros(kernels).requires_grad_()
    image, weight = grad.new_zeros(n, 1, height, width), grad.new_zeros(kernels, 1, 1, 1)
    return torch.autograd.grad(torch.conv2d(image, weight, bias), bias, grad)[0]


@st.composite
def gradients(draw: DrawFn, images: int = 1, kernels: int = 1, size: int = 3) -> Case:
    """Draw what comes back, (N, O, OH, OW)."""
    sides = [draw(st.integers(1, most)) for most in (images, kernels, size, size)]
    return Case({"grad": draw(whole(*sides))}, {})


EXERCISE = Exercise(
    stub=conv2d_grad_bias,
    task="the gradient of convolution by its bias",
    chapter=4,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one kernel, one place",
            gradients(size=1),
            "out = … + bias: by how much does out change if the bias grows by 1?",
        ),
        Probe(
            "one kernel, several places",
            gradients(),
            "The same bias is added at every place: each of them sends something back.",
        ),
        Probe(
            "several kernels",
            gradients(kernels=3),
            "Each kernel has a bias of its own, which acts on its own channel.",
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
            "mean over the places",
            lambda case: case.inputs["grad"].mean((2, 3)).sum(0),
            "You divide by the number of places. The chain rule has a sum there.",
        ),
        Suspect(
            "mean over the batch",
            lambda case: case.inputs["grad"].sum((2, 3)).mean(0),
            "You divide by the number of images. If the loss is a mean, `grad` has that factor.",
        ),
        Suspect(
            "one number for all kernels",
            lambda case: case.inputs["grad"].sum().expand(case.inputs["grad"].shape[1]),
            "Everything is added up, the kernels' channels too; each has a bias of its own.",
        ),
        Suspect(
            "one number for all kernels",
            lambda case: case.inputs["grad"].sum(),
            "Everything is added up, the kernels' channels too; each has a bias of its own.",
        ),
        Suspect(
            "not summed over the batch",
            lambda case: case.inputs["grad"].sum((2, 3)),
            "There is a row for every image; but they share one bias.",
        ),
        Suspect(
            "only one image",
            lambda case: case.inputs["grad"][0].sum((1, 2)),
            "Of the batch, only one image counts.",
        ),
        Suspect(
            "only one place",
            lambda case: case.inputs["grad"][:, :, 0, 0].sum(0),
            "Only the first place counts; but the bias is added at all of them.",
        ),
    ),
)
