"""On an accelerator everything computes what it does on the CPU, and what torch does there.

Without an accelerator the cases that need one are skipped; the same tests run on the CPU, so that
they are known to work.
"""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional as twin

from minicnn import data, models, optim, train, tree
from minicnn import functional as F

from .functional.precision import calls

FOUND = torch.accelerator.current_accelerator(check_available=True)
SKIPPED = pytest.mark.skip(reason="torch finds no accelerator here")
DEVICES = ["cpu", FOUND.type if FOUND else pytest.param("an accelerator", marks=SKIPPED)]
CALLS = calls(batch=3, channels=4, side=7, features=5)
# Torch's dropout draws other numbers on an accelerator; 16 bits need a tolerance of their own.
COMPARED = [name for name in CALLS if name not in ("dropout", "softmax in bfloat16")]
WITHOUT_DROPOUT = ["mnist_cnn", "lenet5", "mnist_tiny", "mnist_resnet"]

on_each_device = pytest.mark.parametrize("device", DEVICES)


@pytest.fixture
def dtype(device: str) -> Iterator[torch.dtype]:
    """Make the widest type of floating point that the device has the default."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if device == "mps" else torch.float64)
    yield torch.get_default_dtype()
    torch.set_default_dtype(before)


def assert_close(ours: Tensor, expected: Tensor) -> None:
    """Compare on the CPU, up to the order in which sums are rounded."""
    tolerance = 1e3 * torch.finfo(ours.dtype).eps
    torch.testing.assert_close(ours.cpu(), expected.cpu(), rtol=tolerance, atol=tolerance)


@on_each_device
@pytest.mark.parametrize("name", COMPARED)
def test_values_and_gradients_are_those_of_torch_on_this_device(
    name: str, device: str, dtype: torch.dtype
) -> None:
    call, shapes = CALLS[name]
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.rand(shape, generator=generator, dtype=dtype).to(device) for shape in shapes]
    outcomes = []
    for m in (F, twin):
        leaves = [x.clone().requires_grad_() for x in inputs]
        y = call(m, *leaves)
        y = y if isinstance(y, Tensor) else y[0]
        assert y.device.type == device
        g = torch.linspace(0.5, 1.5, y.numel(), dtype=y.dtype).view(y.shape).to(device)
        outcomes.append([y, *torch.autograd.grad(y, leaves, g)])
    for ours, expected in zip(*outcomes, strict=True):
        assert_close(ours, expected)


@on_each_device
def test_dropout_keeps_or_drops_and_its_gradient_does_the_same(device: str) -> None:
    x = torch.full((1000,), 3.0, device=device, requires_grad=True)
    y = F.dropout(x, 0.25)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert set(y.tolist()) == {0.0, 4.0}
    torch.testing.assert_close(gradient * x, y)


@on_each_device
@pytest.mark.parametrize("name", WITHOUT_DROPOUT)
def test_training_and_evaluation_are_those_of_the_cpu(
    name: str, device: str, dtype: torch.dtype
) -> None:
    """Three steps of Adam with averaged weights, then loss and accuracy."""

    def results(place: str) -> tuple[Tensor, ...]:
        rng = torch.Generator().manual_seed(0)
        net = models.MODELS[name]()
        params, state = (
            tree.map(lambda x: x.to(place, dtype if x.is_floating_point() else None), each)
            for each in net.init(rng, (1, 28, 28))[:2]
        )
        images = torch.rand(8, 1, 28, 28, generator=rng, dtype=dtype).to(place)
        batch = images, torch.randint(10, (8,), generator=rng).to(place)
        adam = optim.chain(optim.adam(1e-3), optim.ema(0.9))
        step = train.make_train_step(net, F.cross_entropy, adam)
        start = train.TrainState(0, params, state, adam.init(params))
        now = [now for now, _ in train.fit(step, start, [batch] * 3, torch.Generator(place))][-1]
        tested = train.evaluate(net, optim.averaged(now.opt_state), now.state, [batch])
        return *tree.leaves((now.params, now.state)), torch.tensor([*tested.values()], dtype=dtype)

    for ours, expected in zip(results(device), results("cpu"), strict=True):
        assert_close(ours, expected)


@on_each_device
def test_augmented_batches_are_on_the_device_and_follow_from_its_seed(device: str) -> None:
    digits = data.load_sample()[1]
    warp = data.random_warp(data.affine_field(10, 0.1, 10, 2), data.elastic_field(0.7))

    def first() -> tuple[Tensor, Tensor]:
        rng = torch.Generator(device).manual_seed(5)
        return next(data.batches(digits, 50, rng, augment=warp, device=torch.device(device)))

    (images, labels), (again, _) = first(), first()
    assert (images.device.type, labels.device.type) == (device, device)
    assert torch.equal(images, again)
    assert 0 <= images.min() < images.max() <= 1
