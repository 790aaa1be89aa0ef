"""Training steps and evaluation, ours and the twin's, as a user of either would write them."""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from minicnn import functional as F
from minicnn import layers, models, optim, train
from minicnn.layers import Layer
from tests.bench.digits import IN_SHAPE, Batch, digit_batches, evaluation_batches
from tests.bench.measure import Comparison, Function, Meter, interleave
from tests.bench.row import Measured
from tests.bench.twins import torch_twin


def net_a() -> Layer:
    """Build net A, pooled before relu."""
    return layers.sequential(
        layers.conv2d(24, 5),
        layers.max_pool2d(2),
        layers.relu(),
        layers.conv2d(32, 3),
        layers.max_pool2d(2),
        layers.relu(),
        layers.flatten(),
        layers.linear(256),
        layers.relu(),
        layers.linear(10),
    )


def net_b() -> Layer:
    """Build net B, which spends most of its time in its second convolution."""
    return layers.sequential(
        layers.conv2d(32, 3),
        layers.relu(),
        layers.conv2d(64, 3),
        layers.relu(),
        layers.max_pool2d(2),
        layers.flatten(),
        layers.linear(128),
        layers.relu(),
        layers.linear(10),
    )


def our_training(model: Layer, batches: list[Batch]) -> Callable[[], Tensor]:
    """Start a training with Adam; each call makes the next step and returns the batch's loss.

    Our step also returns the batch's accuracy, which the twin's does without.
    """
    optimizer = optim.adam()
    params, state, _ = model.init(torch.Generator().manual_seed(0), IN_SHAPE)
    step = train.make_train_step(model, F.cross_entropy, optimizer)
    now = train.TrainState(0, params, state, optimizer.init(params))
    rng = torch.Generator().manual_seed(0)
    supply = itertools.cycle(batches)

    def call() -> Tensor:
        nonlocal now
        now, metrics = step(now, next(supply), rng)
        return metrics["loss"]

    return call


def twin_training(
    model: Layer, batches: list[Batch], memory_format: torch.memory_format | None = None
) -> Callable[[], Tensor]:
    """Start the same training with the model's torch.nn twin and torch.optim.Adam."""
    module = _fresh_twin(model)
    if memory_format is not None:
        module = module.to(memory_format=memory_format)
        batches = [(x.contiguous(memory_format=memory_format), labels) for x, labels in batches]
    optimizer = torch.optim.Adam(module.parameters())
    criterion = nn.CrossEntropyLoss()
    supply = itertools.cycle(batches)

    def call() -> Tensor:
        images, labels = next(supply)
        optimizer.zero_grad()
        loss = criterion(module(images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return call


def steps(
    model: Callable[[], Layer], size: int, memory_format: torch.memory_format | None = None
) -> Comparison:
    """Compare a training step with the twin's, on batches of ``size`` digits."""

    def make() -> tuple[Function, Function]:
        batches = digit_batches(size)
        net = model()
        return our_training(net, batches), twin_training(net, batches, memory_format)

    return Comparison(f"{model.__name__}, batch of {size}", make)


def evaluations(model: Callable[[], Layer] = models.mnist_cnn) -> Callable[[Meter], Measured]:
    """Compare the evaluation of 10,000 test digits, loss and accuracy, with the twin's."""

    def measure(meter: Meter) -> Measured:
        batches, note = evaluation_batches()

        def make() -> tuple[Function, Function]:
            net = model()
            params, state, _ = net.init(torch.Generator().manual_seed(0), IN_SHAPE)
            twin = _fresh_twin(net).eval()
            return (
                lambda: train.evaluate(net, params, state, batches),
                lambda: evaluate_twin(twin, batches),
            )

        return Measured([interleave(Comparison("evaluation", make), meter)], note)

    return measure


def evaluate_twin(module: nn.Module, batches: list[Batch]) -> dict[str, float]:
    """Measure loss and accuracy of a module of torch over all examples."""
    criterion = nn.CrossEntropyLoss(reduction="sum")
    loss, correct, total = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in batches:
            scores = module(images)
            loss += criterion(scores, labels).item()
            correct += int((scores.argmax(1) == labels).sum())
            total += len(labels)
    return {"loss": loss / total, "accuracy": correct / total}


def _fresh_twin(model: Layer) -> nn.Module:
    params, state, _ = model.init(torch.Generator().manual_seed(0), IN_SHAPE)
    return torch_twin(model, params, state, IN_SHAPE)
