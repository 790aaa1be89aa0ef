"""Ready-made networks, most for images of 28 × 28: each function returns a Layer."""

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


def mnist_deeper(num_classes: int = 10) -> Layer:
    """Build ``mnist_deep`` with one convolution more, before its last one.

    Args:
        num_classes: number of classes, one score each.

    Returns:
        A Layer: images (1, 28, 28) -> scores (num_classes,).

    Example:
        >>> import torch
        >>> mnist_deeper().init(torch.Generator(), (1, 28, 28))[2]
        (10,)

    Reference: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", 2015, §2.1, for the stack of 3 × 3 convolutions.
    """
    return sequential(
        *_conv_pool_norm_relu(32, 5),
        *_conv_norm_relu(64, 3, padding="same"),
        *_conv_pool_norm_relu(64, 3, padding="same"),
        *_conv_norm_relu(128, 3, padding="same"),
        *_conv_norm_relu(128, 3),
        flatten(),
        dropout(0.3),
        linear(num_classes),
    )


def mnist_tiny(num_classes: int = 10) -> Layer:
    """Build a network of fewer than 10,000 parameters: four convolutions, and no wide linear layer.

    The mean of each channel replaces the flattened image, so the last layer has 24 weights for each
    class instead of 24 · 16.

    Args:
        num_classes: number of classes, one score each.

    Returns:
        A Layer: images (1, 28, 28) -> scores (num_classes,).

    Example:
        >>> import torch
        >>> from minicnn import tree
        >>> params, _, out_shape = mnist_tiny().init(torch.Generator(), (1, 28, 28))
        >>> out_shape, sum(p.numel() for p in tree.leaves(params))
        ((10,), 9280)

    Reference: Lin, Chen & Yan, "Network In Network", 2014, §3.2, for the mean of each channel.
    """
    return sequential(
        *_conv_pool_norm_relu(10, 5),
        *_conv_norm_relu(16, 3, padding="same"),
        *_conv_pool_norm_relu(20, 3, padding="same"),
        *_conv_norm_relu(24, 3),
        global_avg_pool(),
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

    The second pair doubles the channels and halves the image, and so does the projection beside it.

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
        _residual_block(64, stride=2),
        global_avg_pool(),
        linear(num_classes),
    )


def resnet18(num_classes: int = 10) -> Layer:
    """Build ResNet-18 for small images: eight residual blocks, 11 million parameters.

    The first convolution is 3 × 3 and nothing is pooled before the blocks, as is usual for images
    of 32 × 32; for ImageNet the paper begins with 7 × 7, stride 2, and a pooling.

    Args:
        num_classes: number of classes, one score each.

    Returns:
        A Layer: images (3, 32, 32), or of any other size -> scores (num_classes,).

    Example:
        >>> import torch
        >>> resnet18().init(torch.Generator(), (3, 32, 32))[2]
        (10,)

    Reference: He, Zhang, Ren & Sun, 2016, §3.4, table 1, and §4.2 for small images.
    """
    widths = (64, 128, 256, 512)
    blocks = [
        _residual_block(width, stride)
        for width in widths
        for stride in ((1 if width == 64 else 2), 1)
    ]
    return sequential(
        *_conv_norm_relu(64, 3, padding="same"), *blocks, global_avg_pool(), linear(num_classes)
    )


MODELS = {
    model.__name__: model
    for model in (
        mnist_cnn,
        lenet5,
        mnist_tiny,
        mnist_deep,
        mnist_deeper,
        mnist_vgg,
        mnist_resnet,
        resnet18,
    )
}


def _conv_norm_relu(channels: int, kernel_size: int, padding: int | str = 0) -> tuple[Layer, ...]:
    return _conv(channels, kernel_size, padding), batch_norm(), relu()


def _conv_pool_norm_relu(
    channels: int, kernel_size: int, padding: int | str = 0
) -> tuple[Layer, ...]:
    # Pooled first, so that the normalisation takes a quarter of the work.
    return _conv(channels, kernel_size, padding), max_pool2d(2), batch_norm(), relu()


def _residual_block(channels: int, stride: int = 1) -> Layer:
    """relu(f(x) + x); a stride needs a projection, since it changes the shape."""
    change = sequential(
        conv2d(channels, 3, stride, padding=1, bias=False),
        batch_norm(),
        relu(),
        conv2d(channels, 3, padding=1, bias=False),
        batch_norm(),
    )
    if stride == 1:
        return sequential(residual(change), relu())
    projection = sequential(conv2d(channels, 1, stride, bias=False), batch_norm())
    return sequential(residual(change, projection), relu())


def _conv(channels: int, kernel_size: int, padding: int | str) -> Layer:
    # No bias: the normalisation subtracts the mean, and has a bias of its own.
    return conv2d(channels, kernel_size, padding=padding, bias=False)
