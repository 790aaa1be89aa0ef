"""Exercise: the arithmetic and the traffic of a convolution."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def conv2d_cost(
    images: int, channels: int, height: int, width: int, kernels: int, kernel_size: int
) -> tuple[int, int]:
    """Count the operations of a convolution, and the fewest bytes that it must move.

    Stride 1, no padding, no bias, square kernels. A product and the addition of that product are
    two operations (the first addition, to 0, is counted too). The images and the kernels are read
    once and the result is written once, in float32, which has four bytes.

    Args:
        images: N.
        channels: C.
        height: H.
        width: W.
        kernels: O.
        kernel_size: k, rows and columns of a kernel.

    Returns:
        The operations and the bytes. Their quotient is the arithmetic intensity.

    Example:
        >>> conv2d_cost(1, 1, 2, 2, 1, 1)  # four products; 4 + 1 numbers read, 4 written
        (8, 36)
    """
    raise NotImplementedError


def solution(
    images: int, channels: int, height: int, width: int, kernels: int, kernel_size: int
) -> tuple[int, int]:
    """Count the outputs first."""
    rows, cols = height - kernel_size + 1, width - kernel_size + 1
    outputs = images * kernels * rows * cols
    window = channels * kernel_size**2
    pixels = images * channels * height * width
    return 2 * outputs * window, 4 * (pixels + kernels * window + outputs)


def twin(
    images: int, channels: int, height: int, width: int, kernels: int, kernel_size: int
) -> tuple[int, int]:
    """Count the numbers of tensors without memory."""
    x = torch.empty(images, channels, height, width, device="meta")
    weight = torch.empty(kernels, channels, kernel_size, kernel_size, device="meta")
    y = torch.conv2d(x, weight)
    return 2 * y.numel() * weight[0].numel(), 4 * (x.numel() + weight.numel() + y.numel())


@st.composite
def cases(
    draw: DrawFn, kernel: int = 3, images: int = 1, channels: int = 1, kernels: int = 1,
    square: bool = False,
) -> Case:  # fmt: skip
    """Draw the sizes of a convolution."""
    k = draw(st.integers(1, kernel))
    height = k + draw(st.integers(0, 3))
    width = height if square else k + draw(st.integers(0, 3))
    n, c, o = (draw(st.integers(1, most)) for most in (images, channels, kernels))
    names = ("images", "channels", "height", "width", "kernels", "kernel_size")
    return Case({}, dict(zip(names, (n, c, height, width, o, k), strict=True)))


def parts(case: Case) -> tuple[int, int, int, int]:
    """Return the numbers of pixels, weights and outputs, and of the products of an output."""
    o = case.options
    window = o["channels"] * o["kernel_size"] ** 2
    bytes_ = case.call(twin)[1]
    pixels = o["images"] * o["channels"] * o["height"] * o["width"]
    weights = o["kernels"] * window
    return pixels, weights, bytes_ // 4 - pixels - weights, window


def same_size(case: Case) -> tuple[int, int]:
    """Take the size of the image for that of the output."""
    o = case.options
    pixels, weights, _, window = parts(case)
    outputs = o["images"] * o["kernels"] * o["height"] * o["width"]
    return 2 * outputs * window, 4 * (pixels + weights + outputs)


def one_channel(case: Case) -> tuple[int, int]:
    """Forget that an output is a sum over the channels."""
    operations, moved = case.call(twin)
    return operations // case.options["channels"], moved


EXERCISE = Exercise(
    stub=conv2d_cost,
    task="the operations and the bytes of a convolution",
    chapter="how-it-got-fast",
    solution=solution,
    twin=twin,
    returns=("the operations", "the bytes"),
    probes=(
        Probe(
            "a kernel of one cell",
            cases(kernel=1, square=True),
            "There are as many outputs as pixels, each of one product.",
        ),
        Probe(
            "larger kernels",
            cases(square=True),
            "How many positions does the kernel have, and how many products at each?",
        ),
        Probe("sides of different lengths", cases(), "Rows and columns have their own sizes."),
        Probe(
            "several images, channels and kernels",
            cases(images=3, channels=3, kernels=3),
            "Each kernel gives an output for each image, and each output is a sum over channels.",
        ),
    ),
    hints=(
        "Take an image of three by three and a kernel of two by two. How many outputs are there, "
        "and how many products does each need?",
        "Operations: the outputs times the cells of one kernel, all its channels, times two. "
        "Bytes: count the numbers of three tensors.",
        "The output has n − k + 1 rows for n rows of the image. Multiply out its four dimensions. "
        "The same number appears twice: in the operations and in the bytes.",
    ),
    why=(
        "Each output is a scalar product of as many cells as one kernel has. Whatever the order of "
        "the loops, these operations remain, and no program can move fewer bytes: together they "
        "say whether arithmetic or memory limits the speed."
    ),
    fast=Fast(
        "minicnn.functional.conv.products.choose",
        "chooses the fastest of three orders of the loops from such sizes",
    ),
    suspects=(
        Suspect(
            "additions forgotten",
            lambda case: (case.call(twin)[0] // 2, case.call(twin)[1]),
            "Only the products are counted: each of them is added to a sum, too.",
        ),
        Suspect(
            "numbers, not bytes",
            lambda case: (case.call(twin)[0], case.call(twin)[1] // 4),
            "You count numbers; each of them has four bytes.",
        ),
        Suspect("size of the output", same_size, "The output is smaller than the image."),
        Suspect(
            "output not written",
            lambda case: (case.call(twin)[0], 4 * sum(parts(case)[:2])),
            "What is written counts as well as what is read.",
        ),
        Suspect(
            "kernels not read",
            lambda case: (case.call(twin)[0], case.call(twin)[1] - 4 * parts(case)[1]),
            "The kernels must be read, too.",
        ),
        Suspect("channels forgotten", one_channel, "An output is a sum over all channels."),
    ),
)
