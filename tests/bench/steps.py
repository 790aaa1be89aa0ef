"""Training steps and evaluation, ours and the twin's, as a user of either would write them.

They get real digits, since blank areas and edges are what a network sees in use.
"""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from minicnn import data, layers, models, optim, train
from minicnn import functional as F
from minicnn.layers import Layer
from tests.bench.measure import Comparison, Function, Meter, interleave
from tests.bench.row import Measured
from tests.bench.twins import torch_twin

Batch = tuple[Tensor, Tensor]

IN_SHAPE = (1, 28, 28)
TEST_DIGITS = 10_000
SIZES = (64, 128, 256, 512, 1024, 2048, 4096)  # of batches that double


def usual_net() -> Layer:
    """Build the network of ``reference.py``, without its dropout.

    It spends most of its time in its second convolution.
    """
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


def digit_batches(size: int, count: int = 8) -> list[Batch]:
    """Draw batches from the embedded sample's training digits, with replacement.

    Several, because training on a single one soon drives the gradients to zero, and arithmetic on
    subnormal numbers is slow.

    Args:
        size: digits in a batch.
        count: number of batches.

    Returns:
        Pairs (images (N, 1, 28, 28) in [0, 1], labels (N,)), the same ones in each call.

    Example:
        >>> [(images.shape, labels.shape) for images, labels in digit_batches(5, count=1)]
        [(torch.Size([5, 1, 28, 28]), torch.Size([5]))]
    """
    digits, _ = data.load_sample()
    generator = torch.Generator().manual_seed(0)
    draws = torch.randint(len(digits.labels), (count, size), generator=generator)
    return [(digits.images[draw].float() / 255, digits.labels[draw]) for draw in draws]


def evaluation_batches(size: int = 1000) -> tuple[list[Batch], str]:
    """Return 10,000 digits to evaluate on, in batches, and a note if they are not MNIST's test set.

    Without MNIST on the disk they are the embedded sample's 1,000 test digits, repeated, which
    takes the same time.

    Example:
        >>> batches, note = evaluation_batches()
        >>> sum(len(labels) for _, labels in batches)
        10000
    """
    note = ""
    try:
        _, test = data.load_mnist(download=False)
    except data.MissingDataError:
        _, test = data.load_sample()
        note = "MNIST is not here: the sample's test digits, repeated until they are 10,000"
    repeats = -(-TEST_DIGITS // len(test.labels))
    return list(data.batches(test, size, epochs=repeats)), note


def our_training(model: Layer, batches: list[Batch]) -> Callable[[], Tensor]:
    """Start training with Adam; each call takes a step and returns the batch's loss.

    Our step also computes the batch's accuracy; the twin's does not.
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
    """Start the same training of the model's torch.nn twin with torch.optim.Adam."""
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


def time_of_doublings(meter: Meter) -> Measured:
    """Compare the time of our step with that on half as many digits."""

    def compare(size: int) -> Callable[[], tuple[Function, Function]]:
        def training(count: int) -> Function:
            return our_training(models.mnist_cnn(), digit_batches(count, count=2))

        return lambda: (training(size), training(size // 2))

    comparisons = [Comparison(f"{size // 2:,} → {size:,}", compare(size)) for size in SIZES[1:]]
    return Measured([interleave(comparison, meter) for comparison in comparisons])


def evaluation(meter: Meter) -> Measured:
    """Compare the evaluation of 10,000 test digits, loss and accuracy, with the twin's."""
    batches, note = evaluation_batches()

    def make() -> tuple[Function, Function]:
        net = models.mnist_cnn()
        params, state, _ = net.init(torch.Generator().manual_seed(0), IN_SHAPE)
        twin = _fresh_twin(net).eval()
        return (
            lambda: train.evaluate(net, params, state, batches),
            lambda: evaluate_twin(twin, batches),
        )

    return Measured([interleave(Comparison("evaluation", make), meter)], note)


def evaluate_twin(module: nn.Module, batches: list[Batch]) -> dict[str, float]:
    """Compute loss and accuracy of a torch module over all examples."""
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
