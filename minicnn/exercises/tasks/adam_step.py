"""Exercise: a step of Adam."""

from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn import optim
from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.optim.adam import AdamState
from minicnn.testing.case import Case


@Stub
def adam_step(
    param: Tensor,
    grad: Tensor,
    m: Tensor,
    v: Tensor,
    t: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute step t = 1, 2, … of Adam.

    m is a running mean of the gradients and v one of their squares; each keeps the fraction β of
    itself. Both start from 0, so at first they are too small: m̂ and v̂ are the two, corrected for
    this bias. The step is against m̂, divided by the root of v̂; ε is added to the root. The next
    step continues from m' and v', without the correction. Write down the five equations first.

    Args:
        param: the parameters θ, any shape; not changed, the new ones are returned.
        grad: the gradient g of the loss with respect to θ.
        m: the running mean of the gradients.
        v: the running mean of the squared gradients.
        t: the number of this step; the first is 1.
        lr: the learning rate γ.
        betas: (β₁, β₂).
        eps: ε.

    Returns:
        θ', m' and v', with the shape and the dtype of ``param``.

    Example:
        >>> theta, g, zero = torch.tensor([[1.0], [4.0], [0.0]])
        >>> adam_step(theta, g, zero, zero, 1, 0.5, (0.5, 0.75), 0.0)
        (tensor([0.5000]), tensor([2.]), tensor([4.]))
    """
    raise NotImplementedError


def solution(
    param: Tensor,
    grad: Tensor,
    m: Tensor,
    v: Tensor,
    t: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Follow the equations, line by line."""
    b1, b2 = betas
    new_m = m * b1 + grad * (1 - b1)
    new_v = v * b2 + grad * grad * (1 - b2)
    m_hat = new_m / (1 - b1**t)
    v_hat = new_v / (1 - b2**t)
    return param - lr * m_hat / (v_hat.sqrt() + eps), new_m, new_v


def twin(
    param: Tensor, grad: Tensor, m: Tensor, v: Tensor, t: int, **settings: Any
) -> tuple[Any, ...]:
    """Compute the step with minicnn.optim, which is bit-equal to torch.optim."""
    state = AdamState(torch.tensor(t - 1), m, v, ())
    updates, state = optim.adam(**settings).update(grad, state, param)
    return param + updates, state.m, state.v


@st.composite
def cases(
    draw: DrawFn, steps: tuple[int, ...] = (1,), eps: float = 1e-8, lr: float = 1.0, sides: int = 1
) -> Case:
    """Draw parameters, a gradient and moments, which are 0 before the first step."""
    shape = draw(st.lists(st.integers(1, 3), min_size=sides, max_size=sides))
    t = draw(st.sampled_from(steps))
    m, v = torch.zeros(2, *shape, dtype=torch.float64)
    if t > 1:
        m, v = draw(whole(*shape)), draw(whole(*shape, low=0, high=4))
    tensors = {"param": draw(whole(*shape)), "grad": draw(whole(*shape)), "m": m, "v": v}
    return Case(tensors, {"t": t, "lr": lr, "betas": (0.5, 0.75), "eps": eps})


def by(case: Case, **changes: Any) -> tuple[Tensor, ...]:
    """Compute a step with something done differently."""
    a = {**case.arguments, "square": torch.square, "c1": None, "c2": None, **changes}
    b1, b2 = a["betas"]
    m = b1 * a["m"] + (1 - b1) * a["grad"]
    v = b2 * a["v"] + (1 - b2) * a["square"](a["grad"])
    m_hat = m / (a["c1"] or 1 - b1 ** a["t"])
    v_hat = v / (a["c2"] or 1 - b2 ** a["t"])
    root = (v_hat + a["eps"]).sqrt() if "inside" in a else v_hat.sqrt() + a["eps"]
    if "root" in a:
        root = v_hat + a["eps"]
    kept = (m_hat, v_hat) if "hats" in a else (m, v)
    return a["param"] - a["lr"] * m_hat / root, *kept


def beta(case: Case, i: int) -> float:
    """Return β₁ or β₂."""
    return case.options["betas"][i - 1]


EXERCISE = Exercise(
    stub=adam_step,
    task="a step of Adam, with bias correction",
    chapter="from-gradient-descent-to-adam",
    solution=solution,
    twin=twin,
    returns=("θ'", "m'", "v'"),
    probes=(
        Probe(
            "the first step",
            cases(),
            "At t = 1, m and v are 0: compute m', v', m̂ and v̂ by hand for a gradient of 2.",
        ),
        Probe(
            "later steps",
            cases(steps=(2, 3)),
            "Right for the first step: now m and v are not 0, and t > 1.",
        ),
        Probe(
            "large epsilon",
            cases(steps=(1, 2), eps=0.5),
            "Right for a small ε. Where is it in the equation?",
        ),
        Probe(
            "another learning rate", cases(steps=(1, 3), lr=0.25), "Right for γ = 1: where is γ?"
        ),
        Probe("several dimensions", cases((1, 2), sides=3), "The parameters are independent."),
        Probe(
            "float32", in_float32(cases((1, 2))), "The results have the dtype of the parameters."
        ),
    ),
    suspects=(
        Suspect(
            "no bias correction",
            lambda case: by(case, c1=1.0, c2=1.0),
            "m' and v' are right, but used without correction. At first they are too small: what "
            "corrects that?",
        ),
        Suspect(
            "bias correction of one moment only",
            lambda case: by(case, c2=1.0),
            "m̂ is right, but v' is used where v̂ belongs.",
        ),
        Suspect(
            "bias correction of one moment only",
            lambda case: by(case, c1=1.0),
            "v̂ is right, but m' is used where m̂ belongs.",
        ),
        Suspect(
            "power of t forgotten",
            lambda case: by(case, c1=1 - beta(case, 1), c2=1 - beta(case, 2)),
            "The correction is the same at every step; it should decrease as t grows.",
        ),
        Suspect(
            "t off by one",
            lambda case: by(case, t=case.options["t"] + 1),
            "The correction is that of the next step: the first step has t = 1.",
        ),
        Suspect(
            "corrected moments returned",
            lambda case: by(case, hats=True),
            "θ' is right, but m̂ and v̂ are returned: the next step would correct them again.",
        ),
        Suspect(
            "square forgotten",
            lambda case: by(case, square=lambda g: g),
            "v is the running mean of the squares of the gradients.",
        ),
        Suspect("uphill", lambda case: by(case, lr=-case.options["lr"]), "The step goes uphill."),
        Suspect(
            "root forgotten",
            lambda case: by(case, root=True),
            "You divide by v̂ itself, which has the units of a squared gradient.",
        ),
        Suspect(
            "epsilon under the root",
            lambda case: by(case, inside=True),
            "ε is added under the square root; it belongs outside of it.",
        ),
        Suspect(
            "betas exchanged",
            lambda case: by(case, betas=case.options["betas"][::-1]),
            "β₁ and β₂ are exchanged.",
        ),
    ),
    hints=(
        "Take a first step with the gradient 2, β₁ = ½ and β₂ = ¾. Compute both running means "
        "by hand. How far are they from the gradient and its square?",
        "Both means start from 0, so after t steps their weights sum to 1 − β^t instead of 1. "
        "Divide by that.",
        "Update m with the gradient and v with its square; correct both for the bias; divide "
        "the corrected mean by the root of the corrected mean square. ε is added to the root. "
        "Return the means without the correction.",
    ),
    why=(
        "m̂/√v̂ is a mean gradient in units of its own size, so a step is about γ long for "
        "each parameter, whatever the scale of its gradients. The correction makes the first "
        "steps as long as later ones."
    ),
    fast=Fast(
        "minicnn.optim.adam",
        "does the same for a tree of parameters, in torch's order of operations, bit for bit",
    ),
)
