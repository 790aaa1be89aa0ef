"""A network that is trained with the functions of the exercises, one call after the other.

    image    28×28    conv2d, 8 kernels 5×5, stride 2, padding 2 -> relu -> max pooling 2×2
    8 maps   7×7      conv2d, 16 kernels 3×3, padding 1 -> batch norm -> relu -> average pooling 2×2
    16 maps  3×3      flatten -> dropout -> linear, 10 scores -> cross-entropy

There is no autograd here: the backward pass is written out, from the loss to the first kernel, so
that each function of the exercises is called where it belongs. What no exercise asks for (relu,
average pooling, the forward pass of the linear layer, the gradient of batch norm) is minicnn's.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from minicnn import functional as F

Function = Callable[..., Any]

SIDE, CLASSES = 28, 10
FIRST = (2, 2, 1, 1)  # stride, padding, dilation and groups of the first convolution
SECOND = (1, 1, 1, 1)
POOL = (2, 2, 0)  # size, stride and padding of both poolings
DROPPED = 0.1
MOMENTUM, EPS = 0.1, 1e-5  # of batch norm
HIGHEST, LOWEST = 0.02, 0.0  # learning rates
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of Adam


class Network:
    """The parameters, and the steps that train them.

    Args:
        functions: a function for each exercise that is used, by name.
        steps: the number of steps after which the learning rate is 0.
        dtype: of all numbers.

    Example:
        >>> from minicnn.exercises.ours import OURS
        >>> net = Network(OURS, steps=2)
        >>> images, labels = torch.zeros(4, 1, 28, 28), torch.tensor([0, 1, 2, 3])
        >>> loss = net.step(images, labels)
        >>> net.step(images, labels) < loss
        True
    """

    def __init__(
        self, functions: Mapping[str, Function], steps: int, dtype: torch.dtype = torch.float32
    ) -> None:
        self.f = functions
        self.steps = steps
        self.done = 0
        self.generator = torch.Generator().manual_seed(0)
        side = self._sides()[-1]
        shapes = {
            "weight1": (8, 1, 5, 5),
            "weight2": (16, 8, 3, 3),
            "weight3": (CLASSES, 16 * side * side),
        }
        self.params: dict[str, Tensor] = {}
        for name, shape in shapes.items():
            uniform = torch.rand(shape, generator=self.generator, dtype=dtype)
            self.params[name] = self.f["kaiming_uniform"](uniform)
        # No bias before batch norm, which subtracts it again: its gradient would be rounding alone.
        for name, size in {"bias1": 8, "bias3": CLASSES, "scale": 16, "shift": 16}.items():
            fill = 1.0 if name == "scale" else 0.0
            self.params[name] = torch.full((size,), fill, dtype=dtype)
        self.mean, self.var = torch.zeros(16, dtype=dtype), torch.ones(16, dtype=dtype)
        zeros = {name: torch.zeros_like(value) for name, value in self.params.items()}
        self.moments = {name: (zero, zero) for name, zero in zeros.items()}

    def _sides(self) -> list[int]:
        """Return the sides of the maps after each convolution and pooling."""
        sides = [SIDE]
        for size, stride, padding in ((5, *FIRST[:2]), POOL, (3, *SECOND[:2]), POOL):
            sides.append(self.f["output_size"](sides[-1], size, stride, padding, 1))
        return sides

    def step(self, images: Tensor, labels: Tensor) -> float:
        """Take one step of Adam, and return the loss before it."""
        f, p = self.f, self.params
        # Forward.
        x1 = f["conv2d_forward"](images, p["weight1"], p["bias1"], *FIRST)
        y1 = F.relu(x1)
        z1 = f["max_pool2d_forward"](y1, *POOL)
        x2 = f["conv2d_forward"](z1, p["weight2"], None, *SECOND)
        n2, self.mean, self.var = f["batch_norm_train"](
            x2, self.mean, self.var, p["scale"], p["shift"], MOMENTUM, EPS
        )
        z2 = F.avg_pool2d(F.relu(n2), *POOL)
        flat = z2.flatten(1)
        lots = torch.rand(flat.shape, generator=self.generator, dtype=flat.dtype)
        kept = f["dropout"](flat, lots, DROPPED, True)
        logits = F.linear(kept, p["weight3"], p["bias3"])
        loss = f["cross_entropy"](logits, labels).item()
        # Backward: the same lines from the last to the first.
        g = f["cross_entropy_grad"](logits, labels)
        grads: dict[str, Tensor] = {}
        g, grads["weight3"], grads["bias3"] = f["linear_backward"](g, kept, p["weight3"])
        g = f["dropout"](g, lots, DROPPED, True)  # linear, so the gradient is dropped the same way
        g = f["avg_pool2d_backward"](g.view_as(z2), *n2.shape[2:], *POOL)
        g = f["relu_backward"](g, n2)
        g, grads["scale"], grads["shift"] = batch_norm_backward(g, x2, p["scale"])
        grads["weight2"] = f["conv2d_grad_weight"](g, z1, p["weight2"], *SECOND)
        g = f["conv2d_grad_input"](g, z1, p["weight2"], *SECOND)
        g = f["max_pool2d_backward"](g, y1, *POOL)
        g = f["relu_backward"](g, x1)
        grads["bias1"] = f["conv2d_grad_bias"](g)
        grads["weight1"] = f["conv2d_grad_weight"](g, images, p["weight1"], *FIRST)
        self._update(grads)
        return loss

    def _update(self, grads: dict[str, Tensor]) -> None:
        rate = self.f["cosine_schedule"](self.done, self.steps, HIGHEST, LOWEST)
        self.done += 1
        for name, grad in grads.items():
            self.params[name], *moments = self.f["adam_step"](
                self.params[name], grad, *self.moments[name], self.done, rate, BETAS, EPSILON
            )
            self.moments[name] = (moments[0], moments[1])

    def log_probabilities(self, images: Tensor) -> Tensor:
        """Return the log-probabilities of the classes, (N, 10), in evaluation."""
        f, p = self.f, self.params
        z1 = f["max_pool2d_forward"](
            F.relu(f["conv2d_forward"](images, p["weight1"], p["bias1"], *FIRST)), *POOL
        )
        x2 = f["conv2d_forward"](z1, p["weight2"], None, *SECOND)
        n2, *_ = F.batch_norm(x2, self.mean, self.var, p["scale"], p["shift"], eps=EPS)
        flat = F.avg_pool2d(F.relu(n2), *POOL).flatten(1)
        kept = f["dropout"](flat, torch.zeros_like(flat), DROPPED, False)
        return f["log_softmax"](F.linear(kept, p["weight3"], p["bias3"]))

    @property
    def numbers(self) -> list[Tensor]:
        """All that was learned: the parameters and the running statistics."""
        return [*self.params.values(), self.mean, self.var]

    def restore(self, numbers: list[Tensor]) -> None:
        """Take over the `numbers` of another network.

        Raises:
            ValueError: they do not have the shapes and dtypes of this network's.
        """
        kinds = [[(x.shape, x.dtype) for x in many] for many in (numbers, self.numbers)]
        if kinds[0] != kinds[1]:
            raise ValueError("numbers must have the shapes and dtypes of the network's")
        *parameters, self.mean, self.var = numbers
        self.params = dict(zip(self.params, parameters, strict=True))


def batch_norm_backward(grad: Tensor, x: Tensor, scale: Tensor) -> tuple[Tensor, ...]:
    """Compute the gradients of batch norm with respect to its input, scale and shift.

    Example:
        >>> x = torch.tensor([[[[1.0, 3.0]]]])
        >>> [g.tolist() for g in batch_norm_backward(torch.ones(1, 1, 1, 2), x, torch.ones(1))]
        [[[[[0.0, 0.0]]]], [0.0], [2.0]]
    """
    inputs = [t.detach().requires_grad_() for t in (x, scale, torch.zeros_like(scale))]
    with torch.enable_grad():
        y, *_ = F.batch_norm(inputs[0], None, None, inputs[1], inputs[2], True, eps=EPS)
        return torch.autograd.grad(y, inputs, grad)
