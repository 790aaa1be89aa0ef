"""The middle of a measurement, and how far it scatters."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of some numbers between their quartiles: half of them lie in [low, high]."""

    low: float
    median: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Compute median and quartiles, interpolated between neighbours.

    Neither cares how far out an outlier is: a measurement that another program disturbed.

    Args:
        values: at least one number.

    Raises:
        ValueError: no number at all.

    Example:
        >>> spread([0.5, 0.625, 0.75, 0.875, 90.0])
        Spread(low=0.625, median=0.75, high=0.875)
    """
    if not values:
        raise ValueError("values must hold at least one number, got none")
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def geometric_mean(ratios: Sequence[float]) -> float:
    """Compute (r₁ · … · rₙ)^(1/n), the mean for ratios: twice and half the time cancel out.

    Raises:
        ValueError: no ratio at all, or one that is not above zero.

    Example:
        >>> geometric_mean([0.5, 2.0])
        1.0
    """
    if not ratios or min(ratios) <= 0:
        raise ValueError(f"ratios must be at least one number above zero, got {ratios}")
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))
