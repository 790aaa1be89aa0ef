"""The engine computes in JavaScript what minicnn computes in float64, for every model."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from minicnn import functional as F
from minicnn import layers, models, optim, train, tree
from minicnn.layers import Layer
from minicnn.tree import Tree

from .engine import data_of, needs_node, page_of, rounded, run

CLOSE = {"rtol": 1e-10, "atol": 1e-10}
pytestmark = needs_node

NETS = {name: make() for name, make in models.MODELS.items() if name != "resnet18"}
OTHERS = {  # options that the models do not use
    "geometry": layers.sequential(
        layers.conv2d(4, (3, 5), (2, 1), padding=(2, 3), dilation=(1, 2)),
        layers.relu(),
        layers.conv2d(6, 2, padding="same", groups=2),
        layers.max_pool2d(3, 2, padding=1, dilation=2, ceil_mode=True),
        layers.conv2d(6, 3, padding="valid", groups=6, bias=False),
        layers.flatten(),
        layers.linear(10, bias=False),
    ),
    "means": layers.sequential(
        layers.avg_pool2d(3, 2, padding=1, ceil_mode=True),
        layers.avg_pool2d((2, 3), padding=1, ceil_mode=True, count_include_pad=False),
        layers.conv2d(3, 3),
        layers.batch_norm(eps=0.1),
        layers.global_avg_pool(),
        layers.batch_norm(),
        layers.linear(10),
    ),
    "branches": layers.sequential(
        layers.parallel(
            layers.sequential(layers.conv2d(2, 1), layers.relu()),
            layers.sequential(),
            layers.residual(layers.conv2d(1, 3, padding=1)),
        ),
        layers.residual(layers.conv2d(5, 3, 2), layers.conv2d(5, 3, 2)),
        layers.flatten(),
        layers.parallel(layers.linear(4), layers.linear(6)),
    ),
    "views": layers.average_views(models.lenet5(), 2),
}


def weights_of(net: Layer, in_shape: tuple[int, ...], seed: int) -> tuple[Tree, Tree]:
    """Random weights, and statistics of batch normalisation that are not those of the start."""
    rng = torch.Generator().manual_seed(seed)
    params, state, _ = net.init(rng, in_shape)
    params = tree.map(lambda p: p + 0.05 * torch.randn(p.shape, generator=rng), params)
    state = tree.map(lambda s: torch.rand(s.shape, generator=rng) + 0.2, state)
    return params, state


def of_library(net: Layer, params: Tree, state: Tree, x: Tensor, label: int) -> dict[str, Any]:
    """What the library computes in float64."""
    params, state, x = rounded(params), tree.map(Tensor.double, state), x.double()[None]
    x.requires_grad_()
    leaves = [leaf.requires_grad_() for leaf in tree.leaves(params)]
    logits, _ = net.apply(params, state, x)
    loss = F.cross_entropy(logits, torch.tensor([label]))
    grad_x, *grads = torch.autograd.grad(loss, [x, *leaves])
    gradients = tree.unflatten(tree.flatten(params)[1], grads)
    found = {
        "logits": logits[0],
        "probabilities": F.softmax(logits, 1)[0],
        "loss": loss,
        "input": grad_x,
        "gradients": grads,
    }
    for name, optimizer in (("sgd", optim.sgd(0.1)), ("adam", optim.adam(1e-3))):
        now, memory = params, optimizer.init(params)
        for _ in range(2 if name == "adam" else 1):
            updates, memory = optimizer.update(gradients, memory, now)
            now = optim.apply_updates(now, updates)
            found.setdefault(name, tree.leaves(now))
    return found


def assert_close(name: str, ours: Any, theirs: Tensor) -> None:
    numbers = torch.tensor(ours, dtype=torch.float64).flatten()
    torch.testing.assert_close(
        numbers, theirs.detach().flatten(), msg=lambda text: f"{name}: {text}", **CLOSE
    )


CODE = """(() => {
  const minicnn = api(new Model(data.page));
  const found = [];
  for (const [pixels, label] of data.cases) {
    const parameters = minicnn.parameters();
    const { logits, probabilities } = minicnn.forward(pixels);
    const { loss, gradients, input } = minicnn.backward(pixels, label);
    const sgd = minicnn.step(pixels, label, { optimizer: "sgd", lr: 0.1 }).parameters;
    minicnn.reset();
    const adam = minicnn.step(pixels, label, { optimizer: "adam", lr: 1e-3 }).parameters;
    minicnn.reset();
    found.push({ parameters, logits, probabilities, loss, gradients, input, sgd, adam });
  }
  return found;
})()"""


def check(net: Layer, in_shape: tuple[int, ...] = (1, 28, 28), cases: int = 2) -> None:
    params, state = weights_of(net, in_shape, seed=1)
    rng = torch.Generator().manual_seed(2)
    images = torch.randint(256, (cases, *in_shape), generator=rng, dtype=torch.uint8)
    images[0, :, ::2] = 0  # paper, with its ties
    page = page_of(net, params, state, images)
    inputs = [(image.double() / 255, 3 * i) for i, image in enumerate(images)]
    data = {"page": data_of(page), "cases": [(x.flatten().tolist(), k) for x, k in inputs]}
    for found, (x, label) in zip(run(CODE, data), inputs, strict=True):
        expected = of_library(net, params, state, x, label)
        for mine, leaf in zip(found["parameters"], tree.leaves(rounded(params)), strict=True):
            assert mine == leaf.flatten().tolist()
        for name in ("logits", "probabilities", "loss", "input"):
            assert_close(name, found[name], expected[name])
        for name in ("gradients", "sgd", "adam"):
            for i, (mine, theirs) in enumerate(zip(found[name], expected[name], strict=True)):
                assert_close(f"{name}[{i}]", mine, theirs)


@pytest.mark.parametrize("name", [*NETS, *OTHERS])
def test_everything_equals_the_library(name: str) -> None:
    check((NETS | OTHERS)[name])


def test_images_of_three_channels_and_other_sizes() -> None:
    check(models.mnist_resnet(), (3, 20, 24), cases=1)
