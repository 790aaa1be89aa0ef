"""Exercise: convolution."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, places
from minicnn.exercises.conv_cases import convolutions
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def conv2d_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> Tensor:
    """Slide every kernel over every image, and take the dot product at each position.

    The bias of the kernel is added to each. Cells outside the image count as 0. Kernels and
    channels are split into G groups, and each kernel sees only the channels of its own group. Write
    down the sum first: what are its indices? (Chapter 3, “Every argument, and the size of the
    output”.)

    Args:
        input: images, (N, C, H, W).
        weight: kernels, (O, C/G, kH, kW).
        bias: (O,), or None.
        stride: s, cells from one position to the next.
        padding: p, cells of 0 on each of the four sides.
        dilation: d, cells from one kernel cell to the next.
        groups: G, which divides C and O.

    Returns:
        (N, O, OH, OW), with the dtype of ``input``: one number for each position of the kernel in
        the padded image.

    Example:
        >>> image = torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]])  # one row: dark, then bright
        >>> edge = torch.tensor([[[[-1.0, 1.0]]]])  # right cell minus left cell
        >>> conv2d_forward(image, edge, None, 1, 0, 1, 1)
        tensor([[[[0., 1., 0.]]]])
    """
    raise NotImplementedError


def solution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> Tensor:
    """Multiply every kernel with the cells under it, at every position."""
    n_images, channels, height, width = input.shape
    n_kernels, seen, k_h, k_w = weight.shape
    padded = input.new_zeros(n_images, channels, height + 2 * padding, width + 2 * padding)
    padded[:, :, padding : padding + height, padding : padding + width] = input
    span_h, span_w = dilation * (k_h - 1) + 1, dilation * (k_w - 1) + 1
    rows = range(0, height + 2 * padding - span_h + 1, stride)
    cols = range(0, width + 2 * padding - span_w + 1, stride)
    out = input.new_zeros(n_images, n_kernels, len(rows), len(cols))
    for o in range(n_kernels):
        first = o // (n_kernels // groups) * seen
        for y, top in enumerate(rows):
            for x, left in enumerate(cols):
                cells = padded[:, first : first + seen, top : top + span_h, left : left + span_w]
                cells = cells[:, :, ::dilation, ::dilation]
                out[:, o, y, x] = (cells * weight[o]).sum((1, 2, 3))
        if bias is not None:
            out[:, o] += bias[o]
    return out


def twin(input: Tensor, weight: Tensor, bias: Tensor | None, **geometry: int) -> Tensor:
    """Compute the result with torch."""
    return torch.conv2d(input, weight, bias, **geometry)


def other(case: Case, **arguments: object) -> Tensor:
    """Convolve with some arguments changed."""
    return case.replace(**arguments).call(twin)


def at_the_end(case: Case) -> Tensor:
    """Put all of the padding below and to the right."""
    p = case.options["padding"]
    x = case.inputs["input"]
    wider = x.new_zeros(*x.shape[:2], x.shape[2] + 2 * p, x.shape[3] + 2 * p)
    wider[:, :, : x.shape[2], : x.shape[3]] = x
    return other(case, input=wider, padding=0)


def within_the_image(case: Case) -> Tensor:
    """Move by the stride, but count too few positions at the end."""
    x, w, s = case.inputs["input"], case.inputs["weight"], case.options["stride"]
    rows, cols = (places(x.shape[i], w.shape[i]) // s for i in (2, 3))
    return other(case)[:, :, :rows, :cols]


EXERCISE = Exercise(
    stub=conv2d_forward,
    task="convolution, with loops or any other way",
    chapter="convolution-by-hand",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one square image, one square kernel",
            convolutions(square=True),
            "Put the kernel on the top left corner: which cells of the image are under it?",
        ),
        Probe(
            "sides of different lengths",
            convolutions(),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several channels",
            convolutions(channels=2),
            "Each output is a sum over all channels, each with its own weights.",
        ),
        Probe(
            "several kernels",
            convolutions(kernels=3),
            "Every kernel computes one channel of the result, from the same image.",
        ),
        Probe(
            "several images",
            convolutions(images=3),
            "The images of a batch are independent.",
        ),
        Probe("a bias", convolutions(kernels=2, bias=True), "There is one bias for each kernel."),
        Probe(
            "stride 2",
            convolutions(stride=2),
            "Right for stride 1: the kernel now moves by two cells, and cells may be left over at "
            "the end.",
        ),
        Probe(
            "padding 1",
            convolutions(padding=1),
            "Right without padding: the kernel can now extend past each of the four sides.",
        ),
        Probe(
            "dilation 2",
            convolutions(dilation=2),
            "Right for dilation 1: there are now gaps between the cells under the kernel, and it "
            "spans more of the image.",
        ),
        Probe(
            "groups 2",
            convolutions(groups=2, channels=2, kernels=2),
            "Right for one group: which channels does kernel o see, and which is the first?",
        ),
        Probe(
            "stride 2, padding 1, dilation 2 together",
            convolutions(stride=2, padding=1, dilation=2),
            "Each is right on its own. In which order do you apply them?",
        ),
        Probe(
            "float32",
            in_float32(convolutions(channels=2, bias=True)),
            "The result has the dtype of the input.",
        ),
    ),
    suspects=(
        Suspect(
            "kernel flipped",
            lambda case: other(case, weight=case.inputs["weight"].flip(2, 3)),
            "The kernel is flipped. Networks compute a cross-correlation: the first weight is "
            "multiplied with the first cell of the image.",
        ),
        Suspect(
            "kernel transposed",
            lambda case: other(case, weight=case.inputs["weight"].mT),
            "Which index of the kernel corresponds to the rows of the image?",
        ),
        Suspect(
            "mean for sum",
            lambda case: other(case) / case.inputs["weight"][0].numel(),
            "A dot product is a sum; you divide it by the number of terms.",
        ),
        Suspect(
            "bias forgotten",
            lambda case: other(case, bias=None),
            "Right except for the bias: where is it added?",
        ),
        Suspect(
            "only one channel",
            lambda case: other(
                case, input=case.inputs["input"][:, :1], weight=case.inputs["weight"][:, :1]
            ),
            "Only the first channel of the image is used.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: other(case, stride=1),
            "The argument `stride` has no effect.",
        ),
        Suspect(
            "size with stride",
            within_the_image,
            "The numbers are right, but positions are missing at the end. How many positions does "
            "a kernel of one cell have on three cells with stride 2?",
        ),
        Suspect(
            "padding forgotten",
            lambda case: other(case, padding=0),
            "The argument `padding` has no effect.",
        ),
        Suspect(
            "padding on two sides",
            at_the_end,
            "All zeros are added after the image. Half of them belong before it.",
        ),
        Suspect(
            "dilation forgotten",
            lambda case: other(case, dilation=1),
            "The argument `dilation` has no effect.",
        ),
    ),
    hints=(
        "Take an image of three cells in a row and a kernel of two. Write down both outputs "
        "as sums of products, then do the same for stride 2 and for one cell of padding.",
        "There is one output for each image, kernel, row and column. Each is one sum over "
        "channels, kernel rows and kernel columns: so seven indices, four outside and three "
        "inside the sum.",
        "Copy the image into a larger tensor of zeros first, so that no index is negative. "
        "Then the window of an output begins at its row times the stride, and its cells are a "
        "dilation apart. Its first channel is the number of the group times the channels of a "
        "kernel.",
    ),
    why=(
        "Every output is one scalar product of a kernel with the cells under it. Stride, "
        "padding, dilation and groups only change which cells these are: the sum stays the "
        "same."
    ),
    fast=Fast(
        "minicnn.functional.conv.rows.convolve",
        "computes the outputs of a whole row, for all kernels and images, as one matrix product",
    ),
)
