"""Whole training runs equal torch's: same seed, same weights, same masks, same numbers to rounding.

The network, the optimizer and the loop are written twice: with minicnn, and with torch.nn and
torch.optim as in any tutorial. In float64 they differ by rounding only.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from minicnn import functional as F
from minicnn import layers, metrics, optim, train, tree
from minicnn.layers import Layer
from minicnn.optim import schedules
from minicnn.train import TrainState

IN_SHAPE, CLASSES, STEPS, BATCH = (1, 12, 12), 5, 40, 8

# Rounding errors of 1e-16 add up to about 1e-15 over the steps. A bug shows in the first digits.
TOLERANCE = 1e-12


def ours() -> Layer:
    # No bias before batch normalisation, which subtracts it again: its gradient is zero up to
    # rounding, and Adam takes a full step for any gradient, however small.
    return layers.sequential(
        layers.conv2d(4, 3, bias=False),
        layers.batch_norm(),
        layers.relu(),
        layers.max_pool2d(2),
        layers.dropout(0.2),
        layers.conv2d(6, 3, padding=1, stride=2),
        layers.relu(),
        layers.avg_pool2d(2, stride=1),
        layers.flatten(),
        layers.linear(16, bias=False),
        layers.batch_norm(momentum=0.3),
        layers.relu(),
        layers.dropout(0.5),
        layers.linear(CLASSES),
    )


def torchs() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.2),
        nn.Conv2d(4, 6, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.AvgPool2d(2, stride=1),
        nn.Flatten(),
        nn.Linear(24, 16, bias=False),
        nn.BatchNorm1d(16, momentum=0.3),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(16, CLASSES),
    )


def loss_fn(scores: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(scores, labels, label_smoothing=0.1)


def train_ours(net: Layer, opt: optim.Transform, data: list, seed: int) -> Iterator[Any]:
    params, state, _ = net.init(torch.Generator().manual_seed(seed), IN_SHAPE)
    params, state = tree.map(lambda x: x.double(), (params, state))
    start = TrainState(0, params, state, opt.init(params))
    rng = torch.Generator().manual_seed(seed + 1)
    step = train.make_train_step(net, loss_fn, opt)
    yield from train.fit(step, start, data, rng)


def train_torchs(
    model: nn.Module, optimizer: torch.optim.Optimizer, data: list, seed: int
) -> Iterator[dict[str, Tensor]]:
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, STEPS, cycle_momentum=False)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    torch.manual_seed(seed + 1)
    for images, labels in data:
        optimizer.zero_grad()
        scores = model(images)
        loss = criterion(scores, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield {"loss": loss.detach(), "accuracy": metrics.accuracy(scores, labels)}


def random_batches(count: int, seed: int) -> list[tuple[Tensor, Tensor]]:
    rng = torch.Generator().manual_seed(seed)
    return [
        (
            torch.rand(BATCH, *IN_SHAPE, dtype=torch.float64, generator=rng),
            torch.randint(CLASSES, (BATCH,), generator=rng),
        )
        for _ in range(count)
    ]


RATE = schedules.one_cycle(1e-2, STEPS)
OPTIMIZERS: dict[str, tuple[optim.Transform, Callable[[Any], torch.optim.Optimizer]]] = {
    "adam": (optim.adam(RATE), lambda params: torch.optim.Adam(params)),
    "adam with amsgrad and an L2 penalty": (
        optim.adam(RATE, amsgrad=True, weight_decay=1e-2),
        lambda params: torch.optim.Adam(params, amsgrad=True, weight_decay=1e-2),
    ),
    "adamw": (optim.adamw(RATE), lambda params: torch.optim.AdamW(params)),
    "sgd with nesterov momentum": (
        optim.sgd(RATE, momentum=0.9, nesterov=True),
        lambda params: torch.optim.SGD(params, momentum=0.9, nesterov=True),
    ),
}


@pytest.fixture(autouse=True)
def _global_generator_is_restored() -> Iterator[None]:
    with torch.random.fork_rng():
        yield


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_training_run_is_torchs_in_every_number_of_every_step(name: str) -> None:
    seed = 0
    opt, make = OPTIMIZERS[name]
    opt = optim.chain(optim.clip_by_global_norm(1.0), opt)
    data, net = random_batches(STEPS, seed), ours()
    run = list(train_ours(net, opt, data, seed))
    assert [ts.step for ts, _ in run] == list(range(1, STEPS + 1))

    torch.manual_seed(seed)
    model = torchs().double()
    statistics = [b for n, b in model.named_buffers() if n.rpartition(".")[2].startswith("running")]
    twin_run = train_torchs(model, make(model.parameters()), data, seed)
    for (ts, logs), twin_logs in zip(run, twin_run, strict=True):
        actual = [*tree.leaves(ts.params), *tree.leaves(ts.state), logs["loss"]]
        expected = [*model.parameters(), *statistics, twin_logs["loss"]]
        for a, b in zip(actual, expected, strict=True):
            torch.testing.assert_close(a, b.detach(), rtol=0, atol=TOLERANCE)
        assert torch.equal(logs["accuracy"], twin_logs["accuracy"])

    _, params, state, _ = run[-1][0]
    held_back = random_batches(3, seed + 9)
    scores, labels = train.predict(net, params, state, held_back)
    expected = model.eval()(torch.cat([images for images, _ in held_back]))
    torch.testing.assert_close(scores, expected.detach(), rtol=0, atol=TOLERANCE)
    results = train.evaluate(net, params, state, held_back)
    loss = nn.functional.cross_entropy(expected, labels).item()
    assert results["loss"] == pytest.approx(loss, rel=0, abs=TOLERANCE)
    assert results["accuracy"] == metrics.accuracy(expected, labels)


def test_another_seed_is_another_run() -> None:
    """So what the test above compares does depend on the seed."""
    data, net, opt = random_batches(1, 0), ours(), OPTIMIZERS["adam"][0]
    first, second = (next(train_ours(net, opt, data, seed))[1]["loss"] for seed in (0, 1))
    assert abs(first - second) > 1e-3


def stored(x: Tensor, layout: str) -> Tensor:
    """The same numbers in another order in memory, named from the outermost dimension on."""
    order = ["NCHW".index(dim) for dim in layout]
    return x.permute(order).contiguous().permute([order.index(i) for i in range(4)])


@given(
    st.tuples(*[st.integers(0, 5)] * 4),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["NCHW", "NHWC", "HCWN"]),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_dropout_masks_are_torchs_for_every_layout(
    shape: tuple[int, ...], p: float, seed: int, layout: str, dtype: torch.dtype
) -> None:
    """Torch draws its mask in the order of the memory, so it gets the image as NCHW."""
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(dtype) + 1
    torch.manual_seed(seed)
    expected = nn.functional.dropout(x, p)
    image = stored(x, layout)
    assert torch.equal(F.dropout(image, p, generator=torch.Generator().manual_seed(seed)), expected)
    torch.manual_seed(seed)
    assert torch.equal(F.dropout(image, p), expected)  # without a generator: the global one


def test_dropout_layers_draw_one_after_the_other_from_one_generator() -> None:
    net = layers.sequential(layers.dropout(0.5), layers.residual(layers.dropout(0.5)))
    x = torch.ones(4, 5, 6)
    params, state, _ = net.init(torch.Generator(), (5, 6))
    y, _ = net.apply(params, state, x, rng=torch.Generator().manual_seed(3), train=True)
    torch.manual_seed(3)
    x = nn.functional.dropout(x, 0.5)
    assert torch.equal(y, x + nn.functional.dropout(x, 0.5))
