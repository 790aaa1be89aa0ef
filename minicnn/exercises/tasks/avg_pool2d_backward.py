"""Exercise: the gradient of average pooling."""

import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from minicnn.exercises.cases import in_float32
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.exercises.pool_cases import pools, sent_back
from minicnn.testing.case import Case


@Stub
def avg_pool2d_backward(
    grad: Tensor, height: int, width: int, kernel_size: int, stride: int, padding: int
) -> Tensor:
    """Compute the gradient of the loss with respect to the input of average pooling.

        out[n, c, y, x] = 1/k² · Σ_i,j input[n, c, y·s + i − p, x·s + j − p]

    where cells outside the image are 0 and are included in the k². The images themselves are not
    needed, only their size.

    Args:
        grad: ∂L/∂out, (N, C, OH, OW).
        height: H, rows of the images.
        width: W, columns of the images.
        kernel_size: k, rows and columns of the window.
        stride: s.
        padding: p, cells by which windows extend past each side.

    Returns:
        ∂L/∂input, (N, C, H, W), with the dtype of ``grad``.

    Example:
        >>> avg_pool2d_backward(torch.tensor([[[[8.0, 4.0]]]]), 2, 5, 2, 2, 0)
        tensor([[[[2., 2., 1., 1., 0.],
                  [2., 2., 1., 1., 0.]]]])
    """
    raise NotImplementedError


def solution(
    grad: Tensor, height: int, width: int, kernel_size: int, stride: int, padding: int
) -> Tensor:
    """Give every cell of a window the same share; then crop the padding."""
    n, channels, out_h, out_w = grad.shape
    padded = grad.new_zeros(n, channels, height + 2 * padding, width + 2 * padding)
    for y in range(out_h):
        for x in range(out_w):
            share = grad[:, :, y, x, None, None] / kernel_size**2
            rows = slice(y * stride, y * stride + kernel_size)
            cols = slice(x * stride, x * stride + kernel_size)
            padded[:, :, rows, cols] += share
    return padded[:, :, padding : padding + height, padding : padding + width]


def twin(
    grad: Tensor, height: int, width: int, kernel_size: int, stride: int, padding: int
) -> Tensor:
    """Compute the gradient with torch's autograd."""
    x = grad.new_zeros(*grad.shape[:2], height, width).requires_grad_()
    geometry = (2 * [n] for n in (kernel_size, stride, padding))
    return torch.autograd.grad(torch.ops.aten.avg_pool2d(x, *geometry), x, grad)[0]


def gradients(
    square: bool = True, planes: int = 1, strides: tuple[int, ...] = (), padding: int = 0
) -> SearchStrategy[Case]:
    """Draw the gradient of the output and the size of the images."""

    def without_image(case: Case) -> Case:
        height, width = case.inputs["input"].shape[2:]
        sizes = {"height": height, "width": width}
        return Case({"grad": case.inputs["grad"]}, {**sizes, **case.options})

    return pools(square, planes, 0, strides, padding, gradient=True).map(without_image)


def by(case: Case, divisor: float, inside_only: bool = False, add: bool = True) -> Tensor:
    """Distribute the gradient with another divisor, or without adding."""
    grad = case.inputs["grad"]
    image = grad.new_zeros(*grad.shape[:2], case.options["height"], case.options["width"])

    def share(window: Tensor) -> Tensor:
        cells = window[0, 0].numel() if inside_only else divisor
        return torch.ones_like(window) / cells

    return sent_back(grad, case, image, share, add)


def k(case: Case) -> int:
    """Return the kernel size."""
    return case.options["kernel_size"]


def uncut(case: Case) -> Tensor:
    """Keep the border that the padding added."""
    o, p = case.options, 2 * case.options["padding"]
    return case.replace(height=o["height"] + p, width=o["width"] + p, padding=0).call(twin)


EXERCISE = Exercise(
    stub=avg_pool2d_backward,
    task="the gradient of average pooling",
    chapter="pooling",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one square image, no overlaps",
            gradients(),
            "A mean of four cells: by how much does it change if one of them increases by 1?",
        ),
        Probe(
            "sides of different lengths",
            gradients(square=False),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several images and channels",
            gradients(planes=2),
            "Images and channels are independent.",
        ),
        Probe(
            "a stride that is not the kernel's size",
            gradients(strides=(1, 2, 3)),
            "Right if windows neither overlap nor leave gaps: a cell can be in several windows, "
            "or in none.",
        ),
        Probe(
            "padding 1",
            gradients(strides=(1, 2), padding=1),
            "Right without padding: the first window starts outside the image, and the gradient of "
            "the border is discarded.",
        ),
        Probe(
            "float32",
            in_float32(gradients(planes=2)),
            "The result has the dtype of the gradient.",
        ),
    ),
    suspects=(
        Suspect(
            "not divided",
            lambda case: by(case, 1),
            "Every cell gets the whole gradient, but it is only one term of the mean.",
        ),
        Suspect(
            "divided by the side",
            lambda case: by(case, k(case)),
            "You divide by the number of rows. How many cells does a window have?",
        ),
        Suspect(
            "overlaps overwritten",
            lambda case: by(case, k(case) ** 2, add=False),
            "A cell in several windows keeps the gradient of the last; it should get the sum.",
        ),
        Suspect(
            "padding not counted",
            lambda case: by(case, k(case) ** 2, inside_only=True),
            "You divide by the number of cells in the image. The docstring includes those outside.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: by(case.replace(stride=k(case)), k(case) ** 2),
            "The argument `stride` has no effect: the window moves by its own size.",
        ),
        Suspect(
            "border not cropped",
            uncut,
            "The result has the size of the padded image: the zeros around it are not input.",
        ),
        Suspect(
            "border cropped on the wrong side",
            lambda case: uncut(case)[:, :, : case.options["height"], : case.options["width"]],
            "The size is right, but the whole border is cropped at the end; half of it is at the "
            "beginning.",
        ),
    ),
    hints=(
        "Take a window of four cells. By how much does their mean change if one of them "
        "increases by 1?",
        "Each window gives the same share to all of its cells, and a cell in several windows "
        "gets the sum of the shares.",
        "Start with zeros in the size of the padded image. For each window, add its gradient "
        "divided by the number of cells to all of its cells. Remove the padding at the end.",
    ),
    why=(
        "A mean is linear with the same weight 1/k² for each cell, so the gradient is "
        "distributed with this weight, through every window that contains the cell."
    ),
    fast=Fast(
        "minicnn.functional.avg_pool2d",
        "adds the shares along the columns, then along the rows: 2k additions instead of k²",
    ),
)
