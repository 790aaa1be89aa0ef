"""Optimizers as gradient transformations: two pure functions, ``init`` and ``update``.

    opt_state = opt.init(params)
    updates, opt_state = opt.update(grads, opt_state, params)
    params = apply_updates(params, updates)

Nothing is modified in place: a step maps old trees of tensors to new ones.
"""

from minicnn.optim.accumulate import AccumulateState, accumulate
from minicnn.optim.adam import AdamState, adam, adamw
from minicnn.optim.clip import clip_by_global_norm
from minicnn.optim.ema import EmaState, averaged, ema
from minicnn.optim.gradient import maximize, weight_decay
from minicnn.optim.partition import freeze, partition
from minicnn.optim.sgd import SgdState, sgd
from minicnn.optim.transform import Transform, apply_updates, chain

__all__ = [
    "AccumulateState",
    "AdamState",
    "EmaState",
    "SgdState",
    "Transform",
    "accumulate",
    "adam",
    "adamw",
    "apply_updates",
    "averaged",
    "chain",
    "clip_by_global_norm",
    "ema",
    "freeze",
    "maximize",
    "partition",
    "sgd",
    "weight_decay",
]
