"""A threshold: two kinds of values, told apart at one number."""

import torch
from torch import Tensor


def threshold(values: Tensor, start: float) -> float:
    """Separate two kinds of values: halfway between the mean of one kind and that of the other.

        t = (mean of {v > t} + mean of {v ≤ t}) / 2

    Where there are three kinds, the start decides which of them are separated. From the mean, it is
    two that are frequent; from halfway between the smallest and the largest value, it may be a few
    pixels of ink on much paper, which Otsu's threshold does not find.

    Args:
        values: of any shape, floating point; at least two different ones.
        start: where to begin, at least the smallest and below the largest value.

    Returns:
        t, between the smallest and the largest value.

    Example:
        >>> values = torch.tensor([0.0] * 500 + [0.2] * 500 + [0.8, 0.9])
        >>> round(threshold(values, start=0.1), 2), round(threshold(values, start=0.45), 2)
        (0.1, 0.48)

    Reference: Ridler and Calvard, "Picture thresholding using an iterative selection method", IEEE
    Transactions on Systems, Man, and Cybernetics 8(8), 1978.
    """
    previous, t = -torch.inf, start
    # Both means rise and fall with t, so t moves on one way only, until it stays.
    while abs(t - previous) > 1e-4:
        above = values > t
        previous, t = t, (values[above].mean().item() + values[~above].mean().item()) / 2
    return t
