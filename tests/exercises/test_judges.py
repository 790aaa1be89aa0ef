"""The twins, which answers are compared with, are checked against torch."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as TF
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.compare import compare
from minicnn.exercises.pool_cases import windows
from minicnn.exercises.trial import copied
from minicnn.testing.case import Case

from ..meaningful import meaningful, mostly_meaningful


def gradient(f: Callable[..., Tensor], x: Tensor, grad: Tensor | None = None) -> Tensor:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x), x, grad)[0]


def conv_gradient(name: str) -> Callable[..., Tensor]:
    def differentiate(grad: Tensor, input: Tensor, weight: Tensor, **options: Any) -> Tensor:
        tensors = {"input": input, "weight": weight}
        return gradient(lambda x: TF.conv2d(**{**tensors, name: x}, **options), tensors[name], grad)

    return differentiate


def bias_gradient(grad: Tensor) -> Tensor:
    n, kernels, height, width = grad.shape
    layer = torch.nn.Conv2d(1, kernels, 1, dtype=grad.dtype)
    layer(torch.ones(n, 1, height, width, dtype=grad.dtype)).backward(grad)
    assert layer.bias is not None
    assert layer.bias.grad is not None
    return layer.bias.grad


def batch_norm(
    input: Tensor, running_mean: Tensor, running_var: Tensor, weight: Tensor, bias: Tensor,
    momentum: float, eps: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    y = TF.batch_norm(input, running_mean, running_var, weight, bias, True, momentum, eps)
    return y, running_mean, running_var


def kaiming(uniform: Tensor) -> Tensor:
    fan, _ = torch.nn.init._calculate_fan_in_and_fan_out(uniform)
    bound = 3**0.5 * torch.nn.init.calculate_gain("relu") / fan**0.5
    return torch.lerp(torch.full_like(uniform, -bound), torch.full_like(uniform, bound), uniform)


def sgd(param: Tensor, grad: Tensor, buffer: Tensor, lr: float, momentum: float) -> tuple[Any, ...]:
    param.grad = grad
    optimizer = torch.optim.SGD([param], lr=lr, momentum=momentum)
    optimizer.state[param]["momentum_buffer"] = buffer
    optimizer.step()
    return param, buffer if momentum else grad


def adam(
    param: Tensor, grad: Tensor, m: Tensor, v: Tensor, t: int, **options: Any
) -> tuple[Tensor, Tensor, Tensor]:
    param.grad = grad
    optimizer = torch.optim.Adam([param], **options)
    step = torch.tensor(float(t - 1))
    optimizer.state[param].update(step=step, exp_avg=m, exp_avg_sq=v)
    optimizer.step()
    return param, m, v


def cosine(step: int, total_steps: int, max_lr: float, min_lr: float) -> float:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=max_lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps, min_lr)
    for _ in range(step):
        optimizer.step()
        schedule.step()
    return float(schedule.get_last_lr()[0])


def dropout(input: Tensor, uniform: Tensor, p: float, training: bool) -> Tensor:
    """Return torch's dropout with the given mask, using p = 0 and p = 1."""
    kept = TF.dropout(torch.ones_like(input), 0.0, training)
    goes = (uniform < p) & training
    return torch.where(goes, TF.dropout(input, 1.0, training), input * kept / (1 - p * training))


def linear(grad: Tensor, input: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
    layer.weight.data = weight
    x = input.requires_grad_()
    layer(x).backward(grad)
    grads = (x.grad, layer.weight.grad, layer.bias.grad)
    assert all(grad is not None for grad in grads)
    return grads  # type: ignore[return-value]


def interval(correct: int, total: int) -> tuple[float, float]:
    hits = torch.zeros(total, dtype=torch.float64)
    hits[:correct] = 1
    error = 2 * hits.std(correction=0).item() / total**0.5
    return hits.mean().item() - error, hits.mean().item() + error


def field(kernel_sizes: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Count the pixels with a gradient, with kernels of ones."""
    x = torch.zeros(1, 1, 2000, dtype=torch.float64, requires_grad=True)
    y = x
    for k, s in zip(kernel_sizes, strides, strict=True):
        y = TF.conv1d(y, torch.ones(1, 1, k, dtype=torch.float64), stride=s)
    y[0, 0, 3].backward()
    assert x.grad is not None
    seen = x.grad[0, 0].nonzero()
    return int(seen.max() - seen.min()) + 1


def cost(
    images: int, channels: int, height: int, width: int, kernels: int, kernel_size: int
) -> tuple[int, int]:
    """Count the numbers in the columns that torch's unfold makes."""
    x = torch.zeros(images, channels, height, width)
    columns = TF.unfold(x, kernel_size)
    outputs = images * kernels * columns.shape[2]
    weights = kernels * columns.shape[1]
    return 2 * kernels * columns.numel(), 4 * (x.numel() + weights + outputs)


def descent(x: Tensor, y: Tensor, weight: float, bias: float, lr: float) -> tuple[float, float]:
    line = torch.nn.Linear(1, 1, dtype=x.dtype)
    line.weight.data.fill_(weight)
    line.bias.data.fill_(bias)
    TF.mse_loss(line(x[:, None])[:, 0], y).backward()
    torch.optim.SGD(line.parameters(), lr=lr).step()
    return line.weight.item(), line.bias.item()


def separable(channels: int, kernels: int, kernel_size: int, cells: int) -> tuple[int, int]:
    layers = (
        torch.nn.Conv2d(channels, kernels, kernel_size),
        torch.nn.Conv2d(channels, channels, kernel_size, groups=channels),
        torch.nn.Conv2d(channels, kernels, 1),
    )
    ordinary, depthwise, mixing = (cells * layer.weight.numel() for layer in layers)
    return ordinary, depthwise + mixing


TORCH: dict[str, Callable[..., Any]] = {
    "contiguous_strides": lambda shape: torch.zeros(shape).mT.contiguous().mT.contiguous().stride(),
    "descent_step": descent,
    "separable_cost": separable,
    "linear_backward": linear,
    "accuracy_interval": interval,
    "receptive_field": field,
    "conv2d_cost": cost,
    "survivors": lambda passed: passed.double().amin(0) == 1,
    "conv2d_forward": TF.conv2d,
    "output_size": lambda size, kernel_size, stride, padding, dilation: TF.max_pool1d(
        torch.zeros(1, 1, size + 2 * padding), kernel_size, stride, 0, dilation
    ).shape[-1],
    "unfold": lambda input, kernel_size, stride, padding, dilation: TF.unfold(
        input, kernel_size, dilation, padding, stride
    ),
    "conv2d_grad_bias": bias_gradient,
    "conv2d_grad_weight": conv_gradient("weight"),
    "conv2d_grad_input": conv_gradient("input"),
    "relu_backward": lambda grad, input: gradient(TF.relu, input, grad),
    "max_pool2d_forward": TF.max_pool2d,
    "max_pool2d_backward": lambda grad, input, **options: gradient(
        lambda x: TF.max_pool2d(x, **options), input, grad
    ),
    "avg_pool2d_backward": lambda grad, height, width, **options: gradient(
        lambda x: TF.avg_pool2d(x, **options), grad.new_zeros(*grad.shape[:2], height, width), grad
    ),
    "log_softmax": lambda logits: TF.log_softmax(logits, 1),
    "cross_entropy": lambda logits, target: TF.cross_entropy(logits, target),
    "cross_entropy_grad": lambda logits, target: gradient(
        lambda x: TF.cross_entropy(x, target), logits
    ),
    "kaiming_uniform": kaiming,
    "batch_norm_train": batch_norm,
    "sgd_momentum": sgd,
    "adam_step": adam,
    "cosine_schedule": cosine,
    "dropout": dropout,
}


@pytest.mark.parametrize("name", EXERCISES)
def test_the_twin_agrees_with_torch(name: str) -> None:
    exercise = EXERCISES[name]

    @mostly_meaningful
    @settings(max_examples=10, derandomize=True, database=None, deadline=None)
    @given(st.one_of([probe.cases for probe in exercise.probes]))
    def check(case: Case) -> None:
        expected = copied(case).call(TORCH[name])
        actual = copied(case).call(exercise.twin)
        results = expected if isinstance(expected, tuple) else (expected,)
        meaningful(any(torch.as_tensor(result).any() for result in results))
        assert compare(expected, actual, exercise.returns) is None

    check()


def test_windows_with_padding_begin_inside_the_image() -> None:
    case = Case({}, {"kernel_size": 3, "stride": 2, "padding": 1})
    first, second = slice(0, 2), slice(1, 4)
    assert list(windows(case, (2, 2))) == [
        (0, 0, first, first),
        (0, 1, first, second),
        (1, 0, second, first),
        (1, 1, second, second),
    ]
