"""Exercise: the gradient of relu."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def relu_backward(grad: Tensor, input: Tensor) -> Tensor:
    """Compute the gradient of the loss with respect to the input of y = max(x, 0).

        ∂L/∂x = ∂L/∂y · ∂y/∂x

    At x = 0, where the slope is undefined, it is 0 by convention.

    Args:
        grad: ∂L/∂y, with the shape of ``input``.
        input: x, of any shape.

    Returns:
        ∂L/∂x, with the shape and the dtype of ``input``.

    Example:
        >>> relu_backward(torch.tensor([10.0, 20.0]), torch.tensor([-1.0, 3.0]))
        tensor([ 0., 20.])
    """
    raise NotImplementedError


def solution(grad: Tensor, input: Tensor) -> Tensor:
    """Pass the gradient where x is positive."""
    passes = input > 0
    return grad * passes


def twin(grad: Tensor, input: Tensor) -> Tensor:
    """Compute the gradient with torch's autograd."""
    x = input.requires_grad_()
    return torch.autograd.grad(torch.relu(x), x, grad)[0]


@st.composite
def cases(draw: DrawFn, zeros: bool = True, sides: int = 1) -> Case:
    """Draw a gradient, and an input with or without zeros in it."""
    shape = draw(st.lists(st.integers(1, 3), min_size=sides, max_size=sides))
    input = draw(whole(*shape))
    if not zeros:
        input = torch.where(input == 0, 1.0, input)
    return Case({"grad": draw(whole(*shape)), "input": input}, {})


EXERCISE = Exercise(
    stub=relu_backward,
    task="the gradient of relu",
    chapter="softmax-and-cross-entropy",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "a row of numbers, none of them zero",
            cases(zeros=False),
            "What is the slope of max(x, 0) to the left and to the right of 0?",
        ),
        Probe("zeros", cases(), "Read what the docstring says about x = 0."),
        Probe("several dimensions", cases(sides=3), "The numbers are independent of each other."),
        Probe("float32", in_float32(cases()), "The result has the dtype of the gradient."),
    ),
    suspects=(
        Suspect(
            "zero let through",
            lambda case: case.inputs["grad"] * (case.inputs["input"] >= 0),
            "Right except at x = 0: what does the docstring say about it?",
        ),
        Suspect(
            "forward, not backward",
            lambda case: case.inputs["input"].clamp(min=0),
            "That is relu itself. The gradient depends on `grad`.",
        ),
        Suspect(
            "gradient forgotten",
            lambda case: (case.inputs["input"] > 0).to(case.inputs["input"]),
            "That is the slope ∂y/∂x. The chain rule has one more factor.",
        ),
        Suspect(
            "sign of the gradient",
            lambda case: case.inputs["grad"].clamp(min=0),
            "The mask is given by the sign of `input`, not of `grad`.",
        ),
        Suspect(
            "let through unchanged",
            lambda case: case.inputs["grad"],
            "Where x is negative, a small change of x does not change y.",
        ),
        Suspect(
            "times the input",
            lambda case: case.inputs["grad"] * case.inputs["input"].clamp(min=0),
            "The slope of a straight line is the same at every point.",
        ),
        Suspect(
            "the negative side",
            lambda case: case.inputs["grad"] * (case.inputs["input"] < 0),
            "Which of the two sides is the flat one?",
        ),
    ),
    hints=(
        "Draw the graph of max(x, 0). What is its slope on the left and on the right of 0?",
        "The chain rule multiplies the gradient by the slope, number by number.",
        "Make a tensor with 1 where the input is above 0 and 0 elsewhere. Which comparison "
        "does the docstring ask for at 0?",
    ),
    why=(
        "The slope of max(x, 0) is 1 where x is positive and 0 where it is negative, so the "
        "gradient passes unchanged or not at all."
    ),
    fast=Fast(
        "minicnn.functional.relu",
        "keeps its output for this and not its input: the next layer keeps it anyway",
    ),
)
