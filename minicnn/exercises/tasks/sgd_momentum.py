"""Exercise: a step of SGD with momentum."""

from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn import optim
from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.optim.sgd import SgdState
from minicnn.testing.case import Case


@Stub
def sgd_momentum(
    param: Tensor, grad: Tensor, buffer: Tensor, lr: float, momentum: float
) -> tuple[Tensor, Tensor]:
    """Compute one step of gradient descent with momentum.

    The buffer is a velocity: it keeps the fraction μ of itself, and the whole gradient is added to
    it. The parameters move against the new buffer, times the learning rate, which is not part of
    the buffer. Write down the two equations first.

    Args:
        param: the parameters θ, any shape; not changed, the new ones are returned.
        grad: the gradient g of the loss with respect to θ.
        buffer: the momentum buffer b from the previous step.
        lr: the learning rate γ.
        momentum: μ.

    Returns:
        θ' and b', with the shape and the dtype of ``param``.

    Example:
        >>> sgd_momentum(torch.tensor([1.0]), torch.tensor([4.0]), torch.tensor([2.0]), 0.5, 0.5)
        (tensor([-1.5000]), tensor([5.]))
    """
    raise NotImplementedError


def solution(
    param: Tensor, grad: Tensor, buffer: Tensor, lr: float, momentum: float
) -> tuple[Tensor, Tensor]:
    """Decay the buffer, add the gradient, and step against it."""
    velocity = grad + buffer * momentum
    return param - velocity * lr, velocity


def twin(
    param: Tensor, grad: Tensor, buffer: Tensor, lr: float, momentum: float
) -> tuple[Tensor, Tensor]:
    """Compute the step with minicnn.optim, which is tested against torch.optim."""
    if momentum == 0:  # without momentum it keeps no buffer
        return param - lr * grad, grad
    state = SgdState(torch.tensor(1), buffer)
    updates, state = optim.sgd(lr, momentum).update(grad, state, param)
    return param + updates, state.momentum  # type: ignore[return-value]


@st.composite
def cases(
    draw: DrawFn, momenta: tuple[float, ...] = (0.5,), started: bool = True,
    rates: tuple[float, ...] = (1.0,), sides: int = 1,
) -> Case:  # fmt: skip
    """Draw parameters, a gradient and a buffer, which is 0 before the first step."""
    shape = draw(st.lists(st.integers(1, 3), min_size=sides, max_size=sides))
    tensors = {name: draw(whole(*shape)) for name in ("param", "grad")}
    buffer = draw(whole(*shape)) if started else torch.zeros(shape, dtype=torch.float64)
    lr, momentum = draw(st.sampled_from(rates)), draw(st.sampled_from(momenta))
    return Case({**tensors, "buffer": buffer}, {"lr": lr, "momentum": momentum})


def parts(case: Case) -> tuple[Any, ...]:
    """Return the arguments and the correct new buffer."""
    a = case.arguments
    b = a["momentum"] * a["buffer"] + a["grad"]
    return a["param"], a["grad"], a["buffer"], a["lr"], a["momentum"], b


def damped(case: Case) -> tuple[Tensor, Tensor]:
    """Keep a running mean in the buffer, as Adam does."""
    theta, g, b, lr, mu, _ = parts(case)
    return theta - lr * (mu * b + (1 - mu) * g), mu * b + (1 - mu) * g


def nesterov(case: Case) -> tuple[Tensor, Tensor]:
    """Look ahead along the momentum."""
    theta, g, _, lr, mu, new = parts(case)
    return theta - lr * (g + mu * new), new


def rate_inside(case: Case) -> tuple[Tensor, Tensor]:
    """Include the learning rate in the buffer."""
    theta, g, b, lr, mu, _ = parts(case)
    return theta - (mu * b + lr * g), mu * b + lr * g


def all_decays(case: Case) -> tuple[Tensor, Tensor]:
    """Let the gradient decay with the buffer."""
    theta, g, b, lr, mu, _ = parts(case)
    return theta - lr * mu * (b + g), mu * (b + g)


EXERCISE = Exercise(
    stub=sgd_momentum,
    task="a step of SGD with momentum",
    chapter="from-gradient-descent-to-adam",
    solution=solution,
    twin=twin,
    returns=("θ'", "b'"),
    probes=(
        Probe(
            "no momentum",
            cases(momenta=(0.0,)),
            "With μ = 0 this is plain gradient descent, and b' is the gradient.",
        ),
        Probe(
            "the first step",
            cases(started=False),
            "Right without momentum: the buffer is 0, and the whole gradient is added to it.",
        ),
        Probe(
            "later steps",
            cases(),
            "Right for the first step: now the buffer is not 0. How much of it is kept, and which "
            "buffer determines the step, the old or the new one?",
        ),
        Probe(
            "other learning rates",
            cases(rates=(0.5, 0.25)),
            "Right for γ = 1: in which of the two equations is γ?",
        ),
        Probe("several dimensions", cases(sides=3), "The parameters are independent."),
        Probe("float32", in_float32(cases()), "The results have the dtype of the parameters."),
    ),
    suspects=(
        Suspect(
            "uphill",
            lambda case: (case.inputs["param"] + parts(case)[3] * parts(case)[5], parts(case)[5]),
            "The step goes along the gradient, so the loss increases.",
        ),
        Suspect(
            "damped",
            damped,
            "The gradient has a factor of 1 − μ, as in Adam. In SGD it has no factor.",
        ),
        Suspect(
            "Nesterov's step",
            nesterov,
            "b' is right, but the momentum is applied twice in the step: that is Nesterov's "
            "method.",
        ),
        Suspect(
            "learning rate in the buffer",
            rate_inside,
            "The buffer holds γ · g instead of g; for a constant γ this does not show in θ'.",
        ),
        Suspect(
            "gradient decays too",
            all_decays,
            "μ multiplies the sum; only the old buffer should decay.",
        ),
        Suspect(
            "old buffer",
            lambda case: (case.inputs["param"] - parts(case)[3] * parts(case)[2], parts(case)[5]),
            "b' is right, but the step uses the old b.",
        ),
        Suspect(
            "momentum without effect on the step",
            lambda case: (case.inputs["param"] - parts(case)[3] * parts(case)[1], parts(case)[5]),
            "b' is right, but the step uses only the gradient.",
        ),
        Suspect(
            "results exchanged",
            lambda case: case.call(twin)[::-1],
            "θ' and b' are right, but returned in the wrong order.",
        ),
    ),
    hints=(
        "Take the gradient 1 in every step, μ = ½, and a buffer that starts from 0. What "
        "should the buffer be after one, two and three steps?",
        "The buffer is a velocity: each step keeps the fraction μ of it and adds the "
        "gradient. The parameters move against it.",
        "First compute the new buffer from the old one, without a learning rate in it. Then "
        "use the new buffer, times the learning rate, for the step.",
    ),
    why=(
        "Directions that repeat add up to 1/(1 − μ) times a single step, and directions that "
        "alternate cancel. The learning rate outside the buffer lets a schedule change it at "
        "any step."
    ),
    fast=Fast("minicnn.optim.sgd", "does the same for a whole tree of parameters"),
)
