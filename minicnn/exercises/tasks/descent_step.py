"""Exercise: a step of gradient descent for a straight line."""

from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def descent_step(
    x: Tensor, y: Tensor, weight: float, bias: float, lr: float
) -> tuple[float, float]:
    """Take one step of gradient descent for the line w·x + b.

    The loss is the mean of the squared errors over all measurements. Write down its derivatives
    with respect to w and b first, then the step.

    Args:
        x: what was measured at, (n,).
        y: what was measured, (n,).
        weight: w before the step.
        bias: b before the step.
        lr: the learning rate γ.

    Returns:
        w and b after the step, as Python floats.

    Example:
        >>> x, y = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 4.0])
        >>> descent_step(x, y, 1.0, 0.0, 0.5)  # both errors are −1
        (3.0, 1.0)
    """
    raise NotImplementedError


def solution(x: Tensor, y: Tensor, weight: float, bias: float, lr: float) -> tuple[float, float]:
    """Sum over the measurements, one by one."""
    slope_w, slope_b, n = 0.0, 0.0, len(x)
    for at, measured in zip(x.tolist(), y.tolist(), strict=True):
        error = weight * at + bias - measured
        slope_w += 2 * error * at / n
        slope_b += 2 * error / n
    return weight - lr * slope_w, bias - lr * slope_b


def twin(x: Tensor, y: Tensor, weight: float, bias: float, lr: float) -> tuple[float, float]:
    """Compute the gradient with torch's autograd."""
    p = torch.tensor([weight, bias], dtype=x.dtype, requires_grad=True)
    loss = ((p[0] * x + p[1] - y) ** 2).mean()
    (g,) = torch.autograd.grad(loss, p)
    w, b = (p.detach() - lr * g).tolist()
    return w, b


@st.composite
def cases(
    draw: DrawFn, measurements: int = 1, started: bool = False, rates: tuple[float, ...] = (1.0,)
) -> Case:
    """Draw measurements, and a line, which is 0 unless ``started``."""
    n = draw(st.integers(1, measurements))
    line = [float(draw(st.integers(-3, 3))) if started else 0.0 for _ in range(2)]
    lr = draw(st.sampled_from(rates))
    tensors = {"x": draw(whole(n)), "y": draw(whole(n))}
    return Case(tensors, {"weight": line[0], "bias": line[1], "lr": lr})


def by(case: Case, factor: float = 1.0, mean: bool = True, **changes: Any) -> tuple[float, float]:
    """Take the step with another factor, a sum for the mean, or other gradients."""
    a = case.arguments
    e = a["weight"] * a["x"] + a["bias"] - a["y"]
    n = len(e) if mean else 1
    slope_w = (2 * e * changes.get("inner", a["x"])).sum() / n
    slope_b = (2 * changes.get("outer", 1.0) * e).sum() / n
    w, b = a["weight"] - factor * a["lr"] * slope_w, a["bias"] - factor * a["lr"] * slope_b
    return w.item(), b.item()


EXERCISE = Exercise(
    stub=descent_step,
    task="a step of gradient descent for a straight line",
    chapter="one-weight",
    solution=solution,
    twin=twin,
    returns=("the new w", "the new b"),
    probes=(
        Probe(
            "one measurement, w = b = 0",
            cases(),
            "The error is −y. What is the derivative of its square with respect to w, and to b?",
        ),
        Probe(
            "another line",
            cases(started=True),
            "Right for w = b = 0: now the error is w·x + b − y, and the step begins at w and b.",
        ),
        Probe(
            "several measurements",
            cases(measurements=4, started=True),
            "Right for one measurement: the loss is a mean over all of them.",
        ),
        Probe(
            "other learning rates",
            cases(measurements=3, started=True, rates=(0.5, 0.25)),
            "Right for γ = 1: where is the learning rate?",
        ),
    ),
    hints=(
        "Take one measurement. The loss is e², with e = w·x + b − y. What are the derivatives of e "
        "with respect to w and to b?",
        "By the chain rule, the derivative of e² is 2e times that of e. The loss is a mean, so its "
        "derivative is the mean of these.",
        "For each measurement compute the error. Add 2·error·x for w and 2·error for b, and divide "
        "both sums by n. Subtract the learning rate times the results.",
    ),
    why=(
        "The derivative of the mean of e² with respect to w is the mean of 2e·x, and with respect "
        "to b the mean of 2e. Both parameters move at once, each against its own derivative: the "
        "way on which the loss falls fastest."
    ),
    fast=Fast("minicnn.optim.sgd", "takes this step for any number of parameters"),
    suspects=(
        Suspect("uphill", lambda case: by(case, factor=-1.0), "The step goes uphill."),
        Suspect(
            "square not differentiated",
            lambda case: by(case, factor=0.5),
            "The derivative of e² is not e.",
        ),
        Suspect(
            "sum, not mean",
            lambda case: by(case, mean=False),
            "You add the derivatives of all measurements; the loss is their mean.",
        ),
        Suspect(
            "x forgotten",
            lambda case: by(case, inner=torch.ones_like(case.inputs["x"])),
            "w is multiplied by x: the derivative of the error with respect to w is not 1.",
        ),
        Suspect(
            "x in the bias",
            lambda case: by(case, outer=case.inputs["x"]),
            "b is added to the prediction, without x: the derivative of the error is 1.",
        ),
        Suspect(
            "learning rate forgotten",
            lambda case: by(case.replace(lr=1.0)),
            "The argument `lr` has no effect.",
        ),
    ),
)
