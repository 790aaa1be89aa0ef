"""Signs of a mistake in the numbers of any exercise: a factor, a transpose, …"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicnn.exercises.compare import near
from minicnn.exercises.exercise import Diagnosis
from minicnn.exercises.trial import Trial
from minicnn.exercises.words import number

Pairs = list[tuple[Tensor, Tensor]]  # expected, got


def sign(trials: list[Trial]) -> Diagnosis | None:
    """Return what the wrong results of several trials have in common, or None.

    Example:
        >>> from minicnn.exercises.compare import Fault
        >>> from minicnn.testing.case import Case
        >>> fault = Fault("values", "")
        >>> expected = torch.tensor([[1.0, 2.0], [1.0, 0.0]])
        >>> sign([Trial(Case({}, {}), row, 3 * row, fault) for row in expected]).hint
        'Every number is 3 times what it should be.'
    """
    wrong = [_pair(t) for t in trials if t.fault and t.fault.kind in ("values", "shape")]
    if any(e.numel() != g.numel() for e, g in wrong):
        return None  # before it is copied: a result may claim to be of any size
    pairs = [(e.double(), g.double()) for e, g in wrong]
    same_shape = [(e, g) for e, g in pairs if e.shape == g.shape]
    if same_shape and len(same_shape) == len(pairs):
        for look in LOOKS if len(pairs) > 1 else SURE:
            found = look(same_shape)
            if found:
                return found
    if pairs and all(e.ndim == g.ndim >= 2 and e.mT.shape == g.shape for e, g in pairs):
        return _transposed(pairs)
    return None


def _pair(trial: Trial) -> tuple[Tensor, Tensor]:
    """Return the wrong part, expected and got, as tensors."""

    def part(value: Any) -> Tensor:
        chosen = value[trial.fault.part] if isinstance(value, (tuple, list)) else value  # type: ignore[union-attr]
        is_tensor = isinstance(chosen, Tensor)
        return chosen.detach() if is_tensor else torch.tensor(chosen, dtype=torch.float64)

    return part(trial.expected), part(trial.got)


def _not_finite(pairs: Pairs) -> Diagnosis | None:
    if any((e.isfinite() & ~g.isfinite()).any() for e, g in pairs):
        return Diagnosis(
            "not finite",
            "The result has a nan or inf where a finite number was expected: look for a division "
            "by 0, a logarithm of 0, or the exponential of a large number.",
        )
    return None


def _zeros(pairs: Pairs) -> Diagnosis | None:
    if all(not g.any() for _, g in pairs) and any(e.numel() > 1 for e, _ in pairs):
        return Diagnosis("zeros", "The result is all zeros: is it ever written to?")
    return None


def _factor(pairs: Pairs) -> Diagnosis | None:
    e, g = max(pairs, key=lambda pair: pair[0].abs().max().item())
    largest = e.abs().argmax()
    if not e.any():
        return None
    factor = (g.flatten()[largest] / e.flatten()[largest]).item()
    if not any(g.any() for _, g in pairs):  # single numbers: see _zeros for tensors
        return Diagnosis("zeros", "The result is always 0.")
    if not all(near(factor * e, g).all() for e, g in pairs):
        return None
    if near(torch.tensor(-1.0), torch.tensor(factor)):
        return Diagnosis("sign", "Every number has the wrong sign.")
    return Diagnosis("factor", f"Every number is {number(factor)} times what it should be.")


def _transposed(pairs: Pairs) -> Diagnosis | None:
    if all(e.ndim >= 2 and e.mT.shape == g.shape and near(e.mT, g).all() for e, g in pairs):
        return Diagnosis("transposed", "The numbers are right, but rows and columns are exchanged.")
    return None


def _flipped(pairs: Pairs) -> Diagnosis | None:
    for dims, words in (((-1,), "left and right"), ((-2,), "top and bottom"), ((-2, -1), "both")):
        if all(e.ndim >= len(dims) and -dims[0] <= e.ndim for e, _ in pairs) and all(
            near(e.flip(dims), g).all() for e, g in pairs
        ):
            return Diagnosis("flipped", f"The numbers are right, but in reverse order: {words}.")
    return None


def _offset(pairs: Pairs) -> Diagnosis | None:
    e, g = pairs[0]
    offset = (g - e).flatten()[0].item()
    if all(near(e + offset, g).all() for e, g in pairs):
        return Diagnosis(
            "offset", f"Every number is too {_large(offset)} by {number(abs(offset))}."
        )
    return None


def _large(offset: float) -> str:
    return "large" if offset > 0 else "small"


def _shuffled(pairs: Pairs) -> Diagnosis | None:
    if all(near(e.flatten().sort()[0], g.flatten().sort()[0]).all() for e, g in pairs):
        return Diagnosis("order", "The numbers are right, but in the wrong positions.")
    return None


Look = Callable[[Pairs], Diagnosis | None]
SURE: tuple[Look, ...] = (_not_finite, _zeros)
# The other signs would occasionally match a single failure by accident.
LOOKS: tuple[Look, ...] = (*SURE, _factor, _transposed, _flipped, _offset, _shuffled)
