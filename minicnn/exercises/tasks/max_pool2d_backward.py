"""Exercise: the gradient of max pooling."""

from collections.abc import Callable

import torch
from torch import Tensor

from minicnn.exercises.cases import in_float32
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.exercises.pool_cases import pools, sent_back, windows
from minicnn.testing.case import Case


@Stub
def max_pool2d_backward(
    grad: Tensor, input: Tensor, kernel_size: int, stride: int, padding: int
) -> Tensor:
    """Compute the gradient of the loss with respect to the input of max pooling.

    The output is that of max_pool2d_forward, and a window is won by its maximum. If several cells
    are equal to the maximum, the first one wins: row by row, from left to right. By how much
    does an output change if one cell of its window grows a little? (Chapter 6, “One winner in each
    window”.)

    Args:
        grad: ∂L/∂out, (N, C, OH, OW).
        input: the images, (N, C, H, W).
        kernel_size: k, rows and columns of the window.
        stride: s.
        padding: p, cells by which windows extend past each side; these never win.

    Returns:
        ∂L/∂input, (N, C, H, W), with the dtype of ``input``.

    Example:
        >>> image = torch.tensor([[[[1.0, 2.0, 7.0, 8.0], [4.0, 3.0, 5.0, 6.0]]]])
        >>> max_pool2d_backward(torch.tensor([[[[10.0, 20.0]]]]), image, 2, 2, 0)
        tensor([[[[ 0.,  0.,  0., 20.],
                  [10.,  0.,  0.,  0.]]]])
    """
    raise NotImplementedError


def solution(grad: Tensor, input: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
    """Find the winner of each window, and add the gradient of the window to it."""
    n_images, channels, height, width = input.shape
    result = torch.zeros_like(input)
    for n in range(n_images):
        for c in range(channels):
            for y in range(grad.shape[2]):
                for x in range(grad.shape[3]):
                    winner, largest = None, None
                    for h in range(y * stride - padding, y * stride - padding + kernel_size):
                        for w in range(x * stride - padding, x * stride - padding + kernel_size):
                            if 0 <= h < height and 0 <= w < width:
                                value = input[n, c, h, w].item()
                                if largest is None or value > largest:
                                    winner, largest = (h, w), value
                    assert winner is not None  # every window contains some of the image
                    result[n, c, winner[0], winner[1]] += grad[n, c, y, x]
    return result


def twin(grad: Tensor, input: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
    """Compute the gradient with torch's autograd."""
    x = input.detach().requires_grad_()
    return torch.autograd.grad(torch.max_pool2d(x, kernel_size, stride, padding), x, grad)[0]


def first_largest(window: Tensor) -> Tensor:
    """Mark the first maximum of each window (N, C, h, w)."""
    flat = window.flatten(2)
    return torch.zeros_like(flat).scatter(2, flat.argmax(2, True), 1.0).view_as(window)


def all_largest(window: Tensor) -> Tensor:
    """Mark all cells equal to the maximum."""
    return (window == window.amax((2, 3), keepdim=True)).to(window.dtype)


def by(case: Case, share: Callable[[Tensor], Tensor]) -> Tensor:
    """Distribute the gradient by another rule."""
    return sent_back(case.inputs["grad"], case, case.inputs["input"], share)


def overwritten(case: Case) -> Tensor:
    """Assign the gradient to the winner instead of adding it."""
    x, grad = case.inputs["input"], case.inputs["grad"]
    result = torch.zeros_like(x)
    for y, x_, rows, cols in windows(case, tuple(grad.shape[2:])):
        won = first_largest(x[:, :, rows, cols]).bool()
        here = result[:, :, rows, cols]
        result[:, :, rows, cols] = torch.where(won, grad[:, :, y, x_, None, None], here)
    return result


def shared(window: Tensor) -> Tensor:
    """Share equally among all cells equal to the maximum."""
    winners = all_largest(window)
    return winners / winners.sum((2, 3), keepdim=True)


def last_largest(window: Tensor) -> Tensor:
    """Mark the last maximum."""
    return first_largest(window.flip(2, 3)).flip(2, 3)


def down_first(window: Tensor) -> Tensor:
    """Mark the first maximum, searching column by column."""
    return first_largest(window.mT).mT


EXERCISE = Exercise(
    stub=max_pool2d_backward,
    task="the gradient of max pooling",
    chapter="pooling",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "no ties, no overlaps",
            pools(distinct=True, gradient=True),
            "A small change of the winner changes the output by the same amount; a small change of "
            "any other cell has no effect.",
        ),
        Probe(
            "sides of different lengths",
            pools(square=False, distinct=True, gradient=True),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several images and channels",
            pools(planes=2, distinct=True, gradient=True),
            "Images and channels are independent: each has its own winners.",
        ),
        Probe(
            "ties",
            pools(gradient=True),
            "Right if all numbers differ: read again which cell wins a tie.",
        ),
        Probe(
            "a stride that is not the kernel's size",
            pools(strides=(1, 2, 3), gradient=True),
            "Right if windows neither overlap nor leave gaps: a cell can win several windows, and "
            "some cells are in no window.",
        ),
        Probe(
            "padding 1",
            pools(strides=(1, 2), padding=1, gradient=True),
            "Right without padding: windows now extend past the edge by one cell. Which cell of "
            "the image is the first in a window?",
        ),
        Probe("float32", in_float32(pools(gradient=True)), "The result has the input's dtype."),
    ),
    suspects=(
        Suspect(
            "all maxima win",
            lambda case: by(case, all_largest),
            "Every cell equal to the maximum gets the whole gradient; only one cell should.",
        ),
        Suspect(
            "maxima share",
            lambda case: by(case, shared),
            "The cells equal to the maximum share the gradient; one of them should get all of it.",
        ),
        Suspect(
            "last winner",
            lambda case: by(case, last_largest),
            "The last of several equal cells wins; it should be the first.",
        ),
        Suspect(
            "order of the search",
            lambda case: by(case, down_first),
            "Ties are searched column by column; it should be row by row.",
        ),
        Suspect(
            "smallest, not largest",
            lambda case: by(case.replace(input=-case.inputs["input"]), first_largest),
            "The gradient goes to the minima of the windows.",
        ),
        Suspect(
            "overlaps overwritten",
            overwritten,
            "A cell that wins several windows keeps the gradient of only one of them.",
        ),
        Suspect(
            "spread over the window",
            lambda case: by(case, lambda w: torch.full_like(w, case.options["kernel_size"] ** -2)),
            "Each cell gets a share, as in average pooling. Only the maximum affects the output.",
        ),
        Suspect(
            "spread over the window",
            lambda case: by(case, torch.ones_like),
            "Every cell gets the gradient. Only the maximum affects the output.",
        ),
        Suspect(
            "gradient forgotten",
            lambda case: by(case.replace(grad=torch.ones_like(case.inputs["grad"])), first_largest),
            "The winners are right, but their values do not depend on `grad`.",
        ),
    ),
    hints=(
        "Take a window with the numbers 1, 5, 5, 2. By how much does the maximum change if "
        "each of them changes a little? Which of the two fives does the docstring choose?",
        "Each window gives its whole gradient to one cell. A cell that wins in several "
        "windows gets the sum.",
        "For each window, find the row and column of its first largest cell, going row by row "
        "and keeping a cell only if it is larger than all before. Add the gradient of the "
        "window there, in a result of zeros.",
    ),
    why=(
        "The maximum is equal to its winner in a small neighbourhood, so its derivative is 1 "
        "for the winner and 0 for all others. At a tie there is no derivative, and the first "
        "one is a convention."
    ),
    fast=Fast(
        "minicnn.functional.pool.winners.route",
        "compares each cell of all windows with the maxima at once",
    ),
)
