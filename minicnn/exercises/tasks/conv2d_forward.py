"""Exercise: convolve."""

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32, places
from minicnn.exercises.conv_cases import convolutions
from minicnn.exercises.exercise import Exercise, Probe, Suspect
from minicnn.exercises.stub import Stub
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
    """Slide every kernel over every image, and take the scalar product at each place.

        out[n, o, y, x] = bias[o]
            + Σ_c,i,j weight[o, c, i, j] · input[n, c', y·s + i·d − p, x·s + j·d − p]

    Cells outside the image count as 0. c' is channel c of the group that o belongs to: kernels and
    channels are cut into G runs, and each run of kernels sees only its own run of channels.

    Args:
        input: images, (N, C, H, W).
        weight: kernels, (O, C/G, kH, kW).
        bias: (O,), or None.
        stride: s, cells from one place to the next.
        padding: p, cells of 0 on each of the four sides.
        dilation: d, cells from one kernel cell to the next.
        groups: G, which divides C and O.

    Returns:
        (N, O, OH, OW): a number for each place that the kernel has in the padded image.

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
    """Walk over the places; at each, multiply every kernel with the cells below it."""
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
    """Ask torch."""
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
    """Skip by the stride, but count the places as if it were 1."""
    x, w, s = case.inputs["input"], case.inputs["weight"], case.options["stride"]
    rows, cols = (places(x.shape[i], w.shape[i]) // s for i in (2, 3))
    return other(case)[:, :, :rows, :cols]


EXERCISE = Exercise(
    stub=conv2d_forward,
    task="convolution, by loops or as you like",
    chapter=2,
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one square image, one square kernel",
            convolutions(square=True),
            "Put the kernel on the top left corner: which cells of the image lie below it?",
        ),
        Probe(
            "sides of different lengths",
            convolutions(),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several channels",
            convolutions(channels=2),
            "One number comes from all channels below the kernel, each with its own weights.",
        ),
        Probe(
            "several kernels",
            convolutions(kernels=3),
            "Every kernel makes a channel of the result, from the same image.",
        ),
        Probe(
            "several images",
            convolutions(images=3),
            "The images of a batch do not know of each other.",
        ),
        Probe("a bias", convolutions(kernels=2, bias=True), "One number for each kernel."),
        Probe(
            "stride 2",
            convolutions(stride=2),
            "Right for stride 1: from one place to the next the kernel now moves on by two cells, "
            "and the last place may leave cells over.",
        ),
        Probe(
            "padding 1",
            convolutions(padding=1),
            "Right without padding: the kernel may now hang over each of the four sides.",
        ),
        Probe(
            "dilation 2",
            convolutions(dilation=2),
            "Right for dilation 1: the kernel's cells now lie apart, and it spans more of the "
            "image with as many numbers.",
        ),
        Probe(
            "groups 2",
            convolutions(groups=2, channels=2, kernels=2),
            "Right for one group: which channels may kernel o see, and where do they begin?",
        ),
        Probe(
            "stride 2, padding 1, dilation 2 together",
            convolutions(stride=2, padding=1, dilation=2),
            "Each is right alone. In which order do you bring them in?",
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
            "The kernel is turned round. Networks compute cross-correlation: its first cell meets "
            "the first cell of the image.",
        ),
        Suspect(
            "kernel transposed",
            lambda case: other(case, weight=case.inputs["weight"].mT),
            "Which index of the kernel goes with the rows of the image?",
        ),
        Suspect(
            "mean for sum",
            lambda case: other(case) / case.inputs["weight"][0].numel(),
            "A scalar product is a sum; you divide by the number of its terms.",
        ),
        Suspect(
            "bias forgotten",
            lambda case: other(case, bias=None),
            "Right but for the bias: where is it used?",
        ),
        Suspect(
            "only one channel",
            lambda case: other(
                case, input=case.inputs["input"][:, :1], weight=case.inputs["weight"][:, :1]
            ),
            "The image has several channels, and only the first counts.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: other(case, stride=1),
            "The argument `stride` has no effect.",
        ),
        Suspect(
            "size with stride",
            within_the_image,
            "The numbers are right, but places are missing at the end. How many places are there "
            "on three cells, for a kernel of one and stride 2?",
        ),
        Suspect(
            "padding forgotten",
            lambda case: other(case, padding=0),
            "The argument `padding` has no effect.",
        ),
        Suspect(
            "padding on two sides",
            at_the_end,
            "All of the zeros come after the image. Half of them belong before it.",
        ),
        Suspect(
            "dilation forgotten",
            lambda case: other(case, dilation=1),
            "The argument `dilation` has no effect.",
        ),
    ),
)
