"""The ready-made networks, each compared with the same network built of torch.nn."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from minicnn import layers, models, summary, tree
from minicnn.layers import Layer

IN_SHAPE = (1, 28, 28)
Make = Callable[..., Layer]


# --- The same networks, of torch.nn ------------------------------------------------------------


def torch_mnist_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 24, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(24, 32, 3),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 5 * 5, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )


def torch_lenet5() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def conv_norm(inputs: int, outputs: int, padding: int = 1) -> tuple[nn.Module, ...]:
    conv = nn.Conv2d(inputs, outputs, 3, padding=padding, bias=False)
    return conv, nn.BatchNorm2d(outputs)


def torch_rest_of_mnist_deep_and_vgg(deeper: bool = False) -> tuple[nn.Module, ...]:
    return (
        *conv_norm(32, 64),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        *((*conv_norm(64, 128), nn.ReLU()) if deeper else ()),
        *conv_norm(128 if deeper else 64, 128, padding=0),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(128 * 4 * 4, 10),
    )


def torch_mnist_deep(deeper: bool = False) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        *torch_rest_of_mnist_deep_and_vgg(deeper),
    )


def torch_mnist_deeper() -> nn.Module:
    return torch_mnist_deep(deeper=True)


def torch_mnist_vgg() -> nn.Module:
    return nn.Sequential(
        *conv_norm(1, 32, padding=0),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        *torch_rest_of_mnist_deep_and_vgg(),
    )


def torch_mnist_tiny() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 10, 5, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(10),
        nn.ReLU(),
        *conv_norm(10, 16),
        nn.ReLU(),
        nn.Conv2d(16, 20, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(20),
        nn.ReLU(),
        *conv_norm(20, 24, padding=0),
        nn.ReLU(),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(24, 10),
    )


class Residual(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return self[0](x) + (self[1](x) if len(self) > 1 else x)


def block(inputs: int, outputs: int) -> nn.Module:
    """Two convolutions and a shortcut; where the channels change, the size is halved."""
    stride = 1 if inputs == outputs else 2
    first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs)
    change = nn.Sequential(*first, nn.ReLU(), *conv_norm(outputs, outputs))
    if stride == 1:
        return nn.Sequential(Residual(change), nn.ReLU())
    projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
    return nn.Sequential(Residual(change, nn.Sequential(*projection)), nn.ReLU())


def torch_mnist_resnet() -> nn.Module:
    return nn.Sequential(
        *conv_norm(1, 32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        block(32, 32),
        block(32, 64),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(64, 10),
    )


def torch_resnet18(inputs: int = 1) -> nn.Module:
    return nn.Sequential(
        *conv_norm(inputs, 64),
        nn.ReLU(),
        *(block(64, 64), block(64, 64)),
        *(block(64, 128), block(128, 128)),
        *(block(128, 256), block(256, 256)),
        *(block(256, 512), block(512, 512)),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(512, 10),
    )


TWINS = {
    models.mnist_cnn: torch_mnist_cnn,
    models.lenet5: torch_lenet5,
    models.mnist_tiny: torch_mnist_tiny,
    models.mnist_deep: torch_mnist_deep,
    models.mnist_deeper: torch_mnist_deeper,
    models.mnist_vgg: torch_mnist_vgg,
    models.mnist_resnet: torch_mnist_resnet,
    models.resnet18: torch_resnet18,
}
each_model = pytest.mark.parametrize("make", TWINS, ids=lambda make: make.__name__)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def both(make: Make) -> tuple[Layer, tuple, tuple, nn.Module]:
    net = make()
    params, state, _ = net.init(generator(0), IN_SHAPE)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return net, params, state, TWINS[make]()


# --- Properties --------------------------------------------------------------------------------


@each_model
def test_initial_weights_equal_torchs_under_the_same_seed(make: Make) -> None:
    _, params, _, twin = both(make)
    for ours, theirs in zip(tree.leaves(params), twin.parameters(), strict=True):
        assert torch.equal(ours, theirs.detach())


@each_model
@pytest.mark.parametrize("training", [False, True])
def test_scores_equal_torchs(make: Make, training: bool) -> None:
    net, params, state, twin = both(make)
    params, state = tree.map(lambda x: x.double(), (params, state))
    x = torch.rand(4, *IN_SHAPE, dtype=torch.float64, generator=generator(1))
    scores, _ = net.apply(params, state, x, rng=generator(2), train=training)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(2)
        expected = twin.double().train(training)(x)
    # Sums of at most 4608 products, through at most twenty layers, of numbers of size 1
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-11)


@each_model
def test_the_number_of_parameters_is_torchs(make: Make) -> None:
    net, params, _, twin = both(make)
    expected = sum(p.numel() for p in twin.parameters())
    assert sum(leaf.numel() for leaf in tree.leaves(params)) == expected
    assert summary(net, IN_SHAPE).parameters == expected


@each_model
@pytest.mark.parametrize("num_classes", [2, 47])
def test_the_number_of_classes_is_the_number_of_scores(make: Make, num_classes: int) -> None:
    net = make(num_classes)
    assert net.init(generator(0), IN_SHAPE)[2] == (num_classes,)


@each_model
def test_half_precision_keeps_its_dtype(make: Make) -> None:
    net, params, state, _ = both(make)
    params, state = tree.map(lambda x: x.bfloat16(), (params, state))
    x = torch.rand(2, *IN_SHAPE, generator=generator(1)).bfloat16()
    scores, _ = net.apply(params, state, x)
    assert scores.dtype == torch.bfloat16
    assert scores.isfinite().all()


@each_model
@pytest.mark.parametrize("in_shape", [(28, 28), (784,), (1, 2, 2)])
def test_a_shape_that_the_model_cannot_take_is_refused(
    make: Make, in_shape: tuple[int, ...]
) -> None:
    # Padding and global pooling leave them only this to refuse
    smallest = {models.mnist_resnet: (1, 1, 1), models.resnet18: (1, 0, 0)}
    if in_shape == (1, 2, 2):
        in_shape = smallest.get(make, in_shape)
    with pytest.raises(ValueError, match=r"layer \d+, .*: "):
        make().init(generator(0), in_shape)


def test_resnet18_is_torchs_on_colour_images() -> None:
    net, twin = models.resnet18(), torch_resnet18(3).eval()
    params, state = layers.load_state_dict(net, twin.state_dict(), (3, 32, 32))
    x = torch.rand(2, 3, 32, 32, generator=generator(0))
    torch.testing.assert_close(net.apply(params, state, x)[0], twin(x), rtol=1e-4, atol=1e-5)
    assert summary(net, (3, 32, 32)).parameters == 11_173_962  # published for CIFAR-10's


def test_models_lists_every_model_by_its_name() -> None:
    assert {make.__name__: make for make in TWINS} == models.MODELS


def test_pooling_before_relu_changes_no_result() -> None:
    """max(relu(x)) = relu(max(x)), as relu is monotone: mnist_cnn spares it three quarters."""
    x = torch.randn(2, 3, 8, 8, generator=generator(0))
    pool, relu = layers.max_pool2d(2), layers.relu()
    first, _ = relu.apply((), (), pool.apply((), (), x)[0])
    second, _ = pool.apply((), (), relu.apply((), (), x)[0])
    assert torch.equal(first, second)
