"""Exercise: the gradient of a convolution with respect to its input."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32
from minicnn.exercises.conv_cases import conv_gradient, convolutions
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def conv2d_grad_input(
    grad: Tensor,
    input: Tensor,
    weight: Tensor,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> Tensor:
    """Compute the gradient of the loss with respect to the input of a convolution.

        ∂L/∂input[n, c, h, w] = Σ_o,y,x ∂L/∂out[n, o, y, x] · ∂out[n, o, y, x]/∂input[n, c, h, w]

    where out is the output of conv2d_forward. For each cell of the image: which outputs does it
    contribute to, and with which weight? Or the other way round: each output passes its gradient
    back to the cells under its window.

    Args:
        grad: ∂L/∂out, (N, O, OH, OW).
        input: the images, (N, C, H, W); only the shape is used.
        weight: the kernels, (O, C/G, kH, kW).
        stride: s.
        padding: p, on each of the four sides.
        dilation: d.
        groups: G, which divides C and O.

    Returns:
        ∂L/∂input, (N, C, H, W), with the dtype of ``input``.

    Example:
        >>> kernel = torch.tensor([[[[1.0, 2.0, 1.0]]]])
        >>> grad = torch.tensor([[[[1.0, 10.0]]]])
        >>> conv2d_grad_input(grad, torch.zeros(1, 1, 1, 5), kernel, 2, 0, 1, 1)
        tensor([[[[ 1.,  2., 11., 20., 10.]]]])
    """
    raise NotImplementedError


def solution(
    grad: Tensor,
    input: Tensor,
    weight: Tensor,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> Tensor:
    """Add each kernel, scaled by the gradient, at its position; then crop the padding."""
    n_images, channels, height, width = input.shape
    n_kernels, seen, k_h, k_w = weight.shape
    padded = grad.new_zeros(n_images, channels, height + 2 * padding, width + 2 * padding)
    for o in range(n_kernels):
        first = o // (n_kernels // groups) * seen
        for y in range(grad.shape[2]):
            for x in range(grad.shape[3]):
                for i in range(k_h):
                    for j in range(k_w):
                        h, w = y * stride + i * dilation, x * stride + j * dilation
                        share = grad[:, o, y, x, None] * weight[o, :, i, j]
                        padded[:, first : first + seen, h, w] += share
    return padded[:, :, padding : padding + height, padding : padding + width]


def twin(**arguments: Tensor) -> Tensor:
    """Compute the gradient with torch's autograd."""
    names = ("grad", "input", "weight")
    inputs = {name: arguments.pop(name) for name in names}
    return conv_gradient(Case(inputs, arguments), "input")


def other(case: Case, **arguments: object) -> Tensor:
    """Differentiate with some arguments changed."""
    return case.replace(**arguments).call(twin)


def uncut(case: Case) -> Tensor:
    """Keep the border that the padding added."""
    n, c, height, width = case.inputs["input"].shape
    p = 2 * case.options["padding"]
    wider = case.inputs["grad"].new_zeros(n, c, height + p, width + p)
    return other(case, input=wider, padding=0)


def cut_at_the_end(case: Case) -> Tensor:
    """Crop the border on the wrong side."""
    height, width = case.inputs["input"].shape[2:]
    return uncut(case)[:, :, :height, :width]


def closer_together(case: Case, **one: int) -> Tensor:
    """Use 1 for the stride or the dilation; cells that the kernels do not reach stay 0."""
    geometry = {**case.options, **one}
    x, grad, weight = (case.inputs[name] for name in ("input", "grad", "weight"))
    spans = [geometry["dilation"] * (k - 1) + 1 for k in weight.shape[2:]]
    p, s = geometry["padding"], geometry["stride"]
    reached = [(n - 1) * s - 2 * p + k for n, k in zip(grad.shape[2:], spans, strict=True)]
    image = x.new_zeros(*x.shape[:2], *reached)
    result = torch.zeros_like(x)
    result[:, :, : reached[0], : reached[1]] = other(case, input=image, **one)
    return result


EXERCISE = Exercise(
    stub=conv2d_grad_input,
    task="the gradient of convolution with respect to its input",
    chapter="the-backward-pass-of-convolution",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one square image, one square kernel",
            convolutions(square=True, gradient=True),
            "Take a kernel of two cells on an image of three: write down the two outputs as sums, "
            "and differentiate them with respect to the middle cell.",
        ),
        Probe(
            "sides of different lengths",
            convolutions(gradient=True),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several channels",
            convolutions(channels=2, gradient=True),
            "The gradient of each channel depends on its own weights.",
        ),
        Probe(
            "several kernels",
            convolutions(kernels=3, gradient=True),
            "All kernels are applied to the image: their contributions are summed.",
        ),
        Probe(
            "several images",
            convolutions(images=3, gradient=True),
            "The images of a batch are independent.",
        ),
        Probe(
            "stride 2",
            convolutions(stride=2, gradient=True),
            "Right for stride 1: neighbours in `grad` are now two cells apart in the image. The "
            "result has the shape of `input`; cells that no kernel reaches have gradient 0.",
        ),
        Probe(
            "padding 1",
            convolutions(padding=1, gradient=True),
            "Right without padding: position 0 now starts outside the image, and the gradient of "
            "the border is discarded.",
        ),
        Probe(
            "dilation 2",
            convolutions(dilation=2, gradient=True),
            "Right for dilation 1: there are now gaps between the cells of a window.",
        ),
        Probe(
            "groups 2",
            convolutions(groups=2, channels=2, kernels=2, gradient=True),
            "Right for one group: a kernel has no gradient for channels that it does not see.",
        ),
        Probe(
            "stride 2, padding 1, dilation 2 together",
            convolutions(stride=2, padding=1, dilation=2, gradient=True),
            "Each is right on its own. In which order do you apply them?",
        ),
        Probe(
            "float32",
            in_float32(convolutions(channels=2, gradient=True)),
            "The result has the dtype of the gradient.",
        ),
    ),
    suspects=(
        Suspect(
            "kernel flipped",
            lambda case: other(case, weight=case.inputs["weight"].flip(2, 3)),
            "The kernel is flipped once too often, or not at all. The first cell of the kernel "
            "passes the gradient to the first cell under it.",
        ),
        Suspect(
            "kernel transposed",
            lambda case: other(case, weight=case.inputs["weight"].mT),
            "Which index of the kernel corresponds to the rows of the image?",
        ),
        Suspect(
            "only one kernel",
            lambda case: other(
                case, grad=case.inputs["grad"][:, :1], weight=case.inputs["weight"][:1]
            ),
            "Several kernels are applied to the image, but you use only the first.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: closer_together(case, stride=1),
            "The argument `stride` has no effect.",
        ),
        Suspect(
            "dilation forgotten",
            lambda case: closer_together(case, dilation=1),
            "The argument `dilation` has no effect.",
        ),
        Suspect(
            "border not cropped",
            uncut,
            "The result has the size of the padded image: the zeros around it are not input.",
        ),
        Suspect(
            "border cropped on the wrong side",
            cut_at_the_end,
            "The size is right, but the whole border is cropped at the end; half of it is at the "
            "beginning.",
        ),
    ),
    hints=(
        "Take a kernel of two cells on an image of three. Write both outputs as sums, and "
        "differentiate each with respect to the middle cell. Which weights do you find, and "
        "in which order?",
        "A cell contributes to every output whose window contains it. It is easier the other "
        "way round: each output gives a share of its gradient to each cell under its window.",
        "Start with zeros in the shape of the padded image. For each output and each kernel "
        "cell, find the image cell as in the forward pass, and add the gradient of the output "
        "times the weight. Remove the padding at the end.",
    ),
    why=(
        "If out reads a cell with a weight, a change of the cell changes out by that weight; "
        "so the gradient returns along the same connection with the same weight. This is the "
        "transpose of the convolution as a matrix."
    ),
    fast=Fast(
        "minicnn.functional.conv.rows.transpose",
        "computes the shares of a whole row as one matrix product, and adds them",
    ),
)
