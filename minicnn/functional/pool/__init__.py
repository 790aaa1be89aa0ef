"""Pooling: the maximum or the mean of each window, of fixed or of adaptive size."""

from minicnn.functional.pool.adaptive import adaptive_avg_pool2d, adaptive_max_pool2d
from minicnn.functional.pool.average import avg_pool2d
from minicnn.functional.pool.maximum import max_pool2d

__all__ = ["adaptive_avg_pool2d", "adaptive_max_pool2d", "avg_pool2d", "max_pool2d"]
