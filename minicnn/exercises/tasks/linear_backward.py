"""Exercise: the gradients of a linear layer."""

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from minicnn.exercises.cases import in_float32, whole
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def linear_backward(grad: Tensor, input: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the gradients of the loss with respect to all that a linear layer is given.

        out[n, o] = bias[o] + Σ_i weight[o, i] · input[n, i]

    This is what the `backward` of its `autograd.Function` returns: one gradient for each argument.

    Args:
        grad: ∂L/∂out, (N, O).
        input: (N, I).
        weight: (O, I).

    Returns:
        ∂L/∂input (N, I), ∂L/∂weight (O, I) and ∂L/∂bias (O,), with the dtype of ``input``.

    Example:
        >>> x, w = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
        >>> linear_backward(torch.tensor([[10.0]]), x, w)
        (tensor([[30., 40.]]), tensor([[10., 20.]]), tensor([10.]))
    """
    raise NotImplementedError


def solution(grad: Tensor, input: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Let each output give its gradient to all that it was computed from."""
    to_input, to_weight = torch.zeros_like(input), torch.zeros_like(weight)
    to_bias = grad.new_zeros(grad.shape[1])
    for n in range(grad.shape[0]):
        for o in range(grad.shape[1]):
            to_input[n] += grad[n, o] * weight[o]
            to_weight[o] += grad[n, o] * input[n]
            to_bias[o] += grad[n, o]
    return to_input, to_weight, to_bias


def twin(grad: Tensor, input: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
    """Compute the gradients with torch's autograd."""
    x, w = (tensor.detach().requires_grad_() for tensor in (input, weight))
    b = weight.new_zeros(len(weight)).requires_grad_()
    return torch.autograd.grad(torch.addmm(b, x, w.T), (x, w, b), grad)


@st.composite
def cases(draw: DrawFn, examples: int = 1, inputs: int = 1, outputs: int = 1) -> Case:
    """Draw a layer with at most so many examples, inputs and outputs."""
    n, i, o = (draw(st.integers(1, most)) for most in (examples, inputs, outputs))
    shapes = {"grad": (n, o), "input": (n, i), "weight": (o, i)}
    return Case({name: draw(whole(*shape)) for name, shape in shapes.items()}, {})


def with_weight(case: Case, weight: Tensor) -> tuple[Tensor, ...]:
    """Replace the gradient of the weight."""
    right = case.call(twin)
    return right[0], weight, right[2]


def last_example(case: Case) -> Tensor:
    """Take the gradient of the weight from the last example alone."""
    return case.inputs["grad"][-1:].T @ case.inputs["input"][-1:]


EXERCISE = Exercise(
    stub=linear_backward,
    task="the three gradients of a linear layer",
    chapter="autograd-function",
    solution=solution,
    twin=twin,
    returns=("∂L/∂input", "∂L/∂weight", "∂L/∂bias"),
    probes=(
        Probe(
            "one number in, one number out",
            cases(),
            "out = bias + weight · input: differentiate it with respect to each of the three.",
        ),
        Probe(
            "several inputs",
            cases(inputs=3),
            "Each input has its own weight, and each weight its own input.",
        ),
        Probe(
            "several outputs",
            cases(inputs=2, outputs=3),
            "An input contributes to all outputs; a weight and a bias to one output only.",
        ),
        Probe(
            "several examples",
            cases(examples=3, inputs=2, outputs=2),
            "All examples share the weight and the bias; each has an input of its own.",
        ),
        Probe(
            "float32",
            in_float32(cases(2, 2, 2)),
            "The results have the dtype of the arguments.",
        ),
    ),
    hints=(
        "Take one example with one input and one output. What are the derivatives of b + w·x with "
        "respect to x, w and b?",
        "The shapes nearly tell the answer: from (N, O), (N, I) and (O, I), which product has the "
        "shape (N, I), and which one (O, I)?",
        "For each example and output: the row of the input gets the gradient times the row of the "
        "weight, the row of the weight gets the gradient times the row of the input, and the bias "
        "gets the gradient. Everything is added up.",
    ),
    why=(
        "out is linear in each argument, so the derivative with respect to one factor is the "
        "other. The sums run over what the result does not have: the outputs for the input, the "
        "examples for weight and bias."
    ),
    fast=Fast(
        "minicnn.functional.linear.linear",
        "has two matrix products and a sum in its `backward`, and leaves out what nobody asks for",
    ),
    suspects=(
        Suspect(
            "mean over the batch",
            lambda case: with_weight(case, case.call(twin)[1] / len(case.inputs["grad"])),
            "You divide the gradient of the weight by the number of examples. If the loss is a "
            "mean, that factor is in `grad`.",
        ),
        Suspect(
            "only one example",
            lambda case: with_weight(case, last_example(case)),
            "The gradient of the weight comes from the last example only; all contribute to it.",
        ),
        Suspect(
            "bias not summed over the batch",
            lambda case: (*case.call(twin)[:2], case.inputs["grad"]),
            "There is a gradient of the bias for each example, but all of them share the bias.",
        ),
        Suspect(
            "input, not weight",
            lambda case: (
                case.inputs["grad"].sum(1, keepdim=True) * case.inputs["input"],
                *case.call(twin)[1:],
            ),
            "The derivative of a product with respect to one factor is the other factor.",
        ),
        Suspect(
            "results exchanged",
            lambda case: (case.call(twin)[1], case.call(twin)[0], case.call(twin)[2]),
            "The gradients are right, but returned in the wrong order.",
        ),
    ),
)
