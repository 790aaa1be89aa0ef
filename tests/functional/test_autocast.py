"""Under torch.autocast every function casts as torch's does, and trains as torch's does.

CUDA's lists are held against torch's on any machine: fake tensors have a device and a dtype, and
torch's dispatcher casts them, but no numbers.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as twin

from minicnn import functional as F
from minicnn import layers, models, optim, train, tree
from minicnn.functional.torch_workarounds import Function, is_autocast

from .precision import batch_norm, calls, region

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
regions = pytest.mark.parametrize("low", [torch.bfloat16, torch.float16], ids=str)


CALLS = calls(batch=2, channels=4, side=6, features=4)
every_call = pytest.mark.parametrize("name", CALLS)


def dtypes(
    name: str, m: Any, dtype: torch.dtype, device: str, low: torch.dtype | None
) -> list[torch.dtype] | str:
    """Return the dtypes of the results and of the gradients, or that the call is refused."""
    call, shapes = CALLS[name]
    x, *parameters = (
        torch.ones(shape, dtype=dtype if i == 0 else torch.float32, device=device)
        for i, shape in enumerate(shapes)
    )
    leaves = [leaf.requires_grad_() for leaf in (x, *parameters)]
    try:
        if low is None:
            results = call(m, *leaves)
        else:
            with region(device, low):
                results = call(m, *leaves)
    except (ValueError, TypeError, RuntimeError):
        return "refused"
    results = results if isinstance(results, tuple) else (results,)
    # Outside the region; fake tensors of a device that is not there have no backward.
    gradients = torch.autograd.grad(results[0].sum(), leaves) if device == "cpu" else ()
    return [y.dtype for y in (*results, *gradients)]


def test_no_function_is_left_out() -> None:
    assert {name.split(" ")[0].rstrip(",") for name in CALLS} == set(F.__all__)


@every_call
@regions
def test_on_the_cpu_results_and_gradients_have_the_dtypes_that_torch_gives_them(
    name: str, low: torch.dtype
) -> None:
    for dtype in DTYPES:
        ours, expected = (dtypes(name, m, dtype, "cpu", low) for m in (F, twin))
        assert ours == expected, dtype


@every_call
def test_without_autocast_they_have_them_too(name: str) -> None:
    for dtype in DTYPES:
        ours, expected = (dtypes(name, m, dtype, "cpu", None) for m in (F, twin))
        if ours != "refused" or name != "cross_entropy of probabilities":
            assert ours == expected, dtype


@every_call
@regions
def test_on_cuda_the_results_have_the_dtypes_that_torch_gives_them(
    name: str, low: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minicnn.functional.loss.is_plain", lambda x: False)  # labels have no value
    for dtype in DTYPES[1:]:  # in float64 torch's shape functions take what its kernels refuse
        with FakeTensorMode():
            ours, expected = (dtypes(name, m, dtype, "cuda", low) for m in (F, twin))
        assert ours == expected, dtype


@every_call
@regions
def test_the_numbers_are_torchs_too(name: str, low: torch.dtype) -> None:
    call, shapes = CALLS[name]
    generator = torch.Generator().manual_seed(0)
    leaves = [torch.rand(shape, generator=generator).requires_grad_() for shape in shapes]
    outcomes = []
    for m in (F, twin):
        torch.default_generator.manual_seed(0)
        with region("cpu", low):
            y = call(m, *leaves)
        y = y if isinstance(y, Tensor) else y[0]
        g = torch.linspace(0.5, 1.5, y.numel()).view_as(y).to(y.dtype)
        outcomes.append([y, *torch.autograd.grad(y, leaves, g)])
    for ours, expected in zip(*outcomes, strict=True):
        eps = torch.finfo(low).eps
        torch.testing.assert_close(ours, expected, rtol=4 * eps, atol=4 * eps)


@regions
def test_backward_inside_the_region_is_the_same_as_outside(low: torch.dtype) -> None:
    """Torch advises against it, but it happens."""
    x, w = torch.rand(2, 3, 6, 6), torch.rand(4, 3, 3, 3, requires_grad=True)
    v = torch.rand(5, 64, requires_grad=True)

    def loss() -> Tensor:
        return F.linear(F.conv2d(x, w).flatten(1), v).float().sin().sum()

    with torch.autocast("cpu", low):
        inside = torch.autograd.grad(loss(), (w, v))
        value = loss()
    for a, b in zip(inside, torch.autograd.grad(value, (w, v)), strict=True):
        assert torch.equal(a, b)


def test_within_an_operation_autocast_does_nothing() -> None:
    seen = []

    class Watch(Function):
        @staticmethod
        def forward(x: Tensor) -> Tensor:
            seen.append(is_autocast(x))
            return x * 1

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None: ...

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            seen.append(is_autocast(g))
            return g

    x = torch.ones(1, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y = Watch.apply(x)
        assert is_autocast(y)
        torch.autograd.grad(y, x)
    assert seen == [False, False]


def test_a_region_of_another_device_changes_nothing() -> None:
    with region("cuda", torch.bfloat16):
        assert F.linear(torch.ones(1, 1), torch.ones(1, 1)).dtype == torch.float32


@regions
def test_float64_is_left_as_it_is(low: torch.dtype) -> None:
    x = torch.ones(1, 1, dtype=torch.float64)
    with torch.autocast("cpu", low):
        assert F.linear(x, x).dtype == torch.float64


# A whole training


@regions
@pytest.mark.parametrize("model", [models.mnist_cnn, models.mnist_resnet])
def test_training_steps_under_autocast_have_float32_parameters_and_learn(
    model: Callable[[], layers.Layer], low: torch.dtype
) -> None:
    net, rng = model(), torch.Generator().manual_seed(0)
    params, state, _ = net.init(rng, (1, 28, 28))
    adam = optim.adam(1e-3)
    step = train.make_train_step(net, F.cross_entropy, adam)
    now = train.TrainState(0, params, state, adam.init(params))
    images, labels = torch.rand(8, 1, 28, 28, generator=rng), torch.arange(8)
    losses = []
    with torch.autocast("cpu", low):
        for _ in range(8):
            now, logs = step(now, (images, labels), rng)
            losses.append(float(logs["loss"]))
    assert losses[-1] < losses[0] - 0.2
    assert {leaf.dtype for leaf in tree.leaves((now.params, now.state))} == {torch.float32}


@regions
def test_gradients_of_a_network_under_autocast_are_those_of_torchs_to_rounding(
    low: torch.dtype,
) -> None:
    shapes = ((8, 1, 5, 5), (8,), (8,), (10, 8 * 12 * 12))
    generator = torch.Generator().manual_seed(0)
    leaves = [torch.randn(shape, generator=generator).mul(0.2).requires_grad_() for shape in shapes]
    images = torch.rand(16, 1, 28, 28, generator=generator)
    target = torch.arange(16) % 10

    def gradients(m: Any) -> tuple[Tensor, ...]:
        w, scale, shift, v = leaves
        with torch.autocast("cpu", low):
            x = m.conv2d(images, w)
            x = batch_norm(m)(x, None, None, weight=scale, bias=shift, training=True)[0]
            x = m.relu(m.max_pool2d(x, 2))
            loss = m.cross_entropy(m.linear(x.flatten(1), v), target)
        return torch.autograd.grad(loss, leaves)

    truth = [g.double() for g in gradients_in_float64(leaves, images, target)]
    for ours, theirs, exact in zip(gradients(F), gradients(twin), truth, strict=True):
        assert ours.dtype == theirs.dtype == torch.float32
        near, far = ((g.double() - exact).norm() for g in (ours, theirs))
        assert near <= 2 * far


def gradients_in_float64(leaves: Any, images: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    w, scale, shift, v = doubles = [leaf.detach().double().requires_grad_() for leaf in leaves]
    x = twin.batch_norm(twin.conv2d(images.double(), w), None, None, scale, shift, True)
    x = twin.relu(twin.max_pool2d(x, 2)).flatten(1)
    return torch.autograd.grad(twin.cross_entropy(twin.linear(x, v), target), doubles)
