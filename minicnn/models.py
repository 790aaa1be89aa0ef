"""Ready-made networks for images of 28 × 28: each function returns a Layer."""

from collections.abc import Callable

from minicnn.layers import (
    Layer,
    avg_pool2d,
    batch_norm,
    conv2d,
    dropout,
    flatten,
    global_avg_pool,
    linear,
    max_pool2d,
    relu,
    residual,
    sequential,
)


def mnist_cnn(num_classes: int = 10) -> Layer:
    """Build the default network: two convolutions, two linear layers.

    Args:
        num_classes: number of classes, one score each.

    Returns:
        A Layer: images (1, 28, 28) -> scores (num_classes,).

    Example:
        >>> import torch
        >>> mnist_cnn().init(torch.Generator(), (1, 28, 28))[2]
        (10,)
    """
    return sequential(
        conv2d(24, 5),
        max_pool2d(2),
        relu(),  # after the pooling: the same result for a quarter of the work
        conv2d(32, 3),
        max_pool2d(2),
        relu(),
        flatten(),
        linear(256),
        relu(),
        linear(num_classes),
    )


def lenet5(num_classes: int = 10, activation: Callable[[], Layer] = relu) -> Layer:
    """Build LeNet-5, the network that read cheques, with relu or another activation.

    Args:
        num_classes: number of classes, one score each.
        activation: makes the layer after each convolution and each linear layer but the last;
            `layers.tanh` is nearest to the network of 1998.

    Returns:
        A Layer: images (1, 28, 28) -> scores (num_classes,).

    Example:
        >>> import torch
        >>> lenet5().init(torch.Generator(), (1, 28, 28))[2]
        (10,)
        >>> from minicnn import layers
        >>> lenet5(activation=layers.tanh).children[1]
        tanh()

    Reference: LeCun et al., "Gradient-based learning applied to document recognition", 1998, §II.B.
    """
    return sequential(
        conv2d(6, 5, padding=2),
        activation(),
        avg_pool2d(2),
        conv2d(16, 5),
        activation(),
        avg_pool2d(2),
        flatten(),
        linear(120),
        activation(),
        linear(84),
        activation(),
        linear(num_classes),
    )


def mnist_deep(num_classes: int = 10) -> Layer:
    """Build a deeper network with batch normalisation, for the last tenths of a percent.

    The first convolution is pooled at once, so all later layers work on a quarter of the pixels.

    Args:
        num_classes: number of classes, one score each.

    Returns:
        A Layer: images (1, 28, 28) -> scores (num_classes,).

    Example:
        >>> import torch
        >>> mnist_deep().init(torch.Generator(), (1, 28, 28))[2]
        (10,)

    Reference: Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
    Internal Covariate Shift", 2015, §3.2.
    """
    return sequential(
        *_conv_pool_norm_relu(32, 5),
        *_conv_norm_relu(64, 3, padding="same"),
        *_conv_pool_norm_relu(64, 3, padding="same"),
        *_conv_norm_relu(128, 3),
        flatten(),
        dropout(0.3),
        linear(num_classes),
    )


def mnist_vgg(num_classes: int = 10) -> Layer:
    """Build a deeper network of small kernels: two of 3 × 3 have the receptive field of one 5 × 5.

    Args:
        num_classes: number of classes, one score each.

    Returns:
        A Layer: images (1, 28, 28) -> scores (num_classes,).

    Example:
        >>> import torch
        >>> mnist_vgg().init(torch.Generator(), (1, 28, 28))[2]
        (10,)

    Reference: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", 2015, §2.1.
    """
    return sequential(
        *_conv_norm_relu(32, 3),
        *_conv_pool_norm_relu(32, 3),
        *_conv_norm_relu(64, 3, padding="same"),
        *_conv_pool_norm_relu(64, 3, padding="same"),
        *_conv_norm_relu(128, 3),
        flatten(),
        dropout(0.3),
        linear(num_classes),
    )


def mnist_resnet(num_classes: int = 10) -> Layer:
    """Build a small residual network: shortcuts around pairs of convolutions.

    Args:
        num_classes: number of classes, one score each.

    Returns:
        A Layer: images (1, 28, 28) -> scores (num_classes,).

    Example:
        >>> import torch
        >>> mnist_resnet().init(torch.Generator(), (1, 28, 28))[2]
        (10,)

    Reference: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", 2016, §3.
    """
    return sequential(
        *_conv_norm_relu(32, 3, padding="same"),
        max_pool2d(2),
        _residual_block(32),
        *_conv_norm_relu(64, 3, padding="same"),
        max_pool2d(2),
        _residual_block(64),
        global_avg_pool(),
        linear(num_classes),
    )


MODELS = {
    model.__name__: model for model in (mnist_cnn, lenet5, mnist_deep, mnist_vgg, mnist_resnet)
}


def _conv_norm_relu(channels: int, kernel_size: int, padding: int | str = 0) -> tuple[Layer, ...]:
    return _conv(channels, kernel_size, padding), batch_norm(), relu()


def _conv_pool_norm_relu(
    channels: int, kernel_size: int, padding: int | str = 0
) -> tuple[Layer, ...]:
    # Pooled first, so that the normalisation takes a quarter of the work.
    return _conv(channels, kernel_size, padding), max_pool2d(2), batch_norm(), relu()


def _residual_block(channels: int) -> Layer:
    first = _conv_norm_relu(channels, 3, padding="same")
    second = _conv(channels, 3, padding="same"), batch_norm()
    return sequential(residual(sequential(*first, *second)), relu())


def _conv(channels: int, kernel_size: int, padding: int | str) -> Layer:
    # No bias: the normalisation subtracts the mean, and has a bias of its own.
    return conv2d(channels, kernel_size, padding=padding, bias=False)
