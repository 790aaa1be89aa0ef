"""Initial weights, drawn from an explicit generator.

A layer multiplies the variance of its input by about fan_in · Var(w), because each output sums
fan_in products. Weights whose variance is proportional to 1 / fan_in keep the scale of a signal
through many layers.
"""

import math

import torch
from torch import Tensor

from minicnn import checks


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return fan_in, the number of inputs of an output, and fan_out, of outputs of an input.

    Args:
        shape: the shape of a weight, (O, I) or (O, I, kH, kW).

    Returns:
        (fan_in, fan_out) = (I · kH · kW, O · kH · kW).

    Raises:
        ValueError: fewer than two dimensions.

    Example:
        >>> fans((32, 24, 3, 3))
        (216, 288)
    """
    if len(shape) < 2:
        raise ValueError(f"shape must have at least 2 dimensions (outputs, inputs, …), got {shape}")
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def uniform(generator: torch.Generator, shape: tuple[int, ...], bound: float) -> Tensor:
    """Draw from the uniform distribution on [−bound, bound), on the generator's device.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> bool(uniform(g, (1000,), 0.5).abs().max() <= 0.5)
        True
    """
    checks.non_negative("bound", bound)
    return torch.empty(shape, device=generator.device).uniform_(-bound, bound, generator=generator)


def normal(generator: torch.Generator, shape: tuple[int, ...], std: float) -> Tensor:
    """Draw from the normal distribution with mean 0, on the generator's device.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> normal(g, (2, 3), 0.1).shape
        torch.Size([2, 3])
    """
    checks.non_negative("std", std)
    return torch.empty(shape, device=generator.device).normal_(0, std, generator=generator)


def constant(generator: torch.Generator, shape: tuple[int, ...], value: float) -> Tensor:
    """Fill with one number, on the generator's device; nothing is drawn.

    Example:
        >>> constant(torch.Generator(), (2,), 0.1)
        tensor([0.1000, 0.1000])
    """
    checks.number("value", value, math.isfinite, "finite")
    return torch.full(shape, float(value), device=generator.device)


def zeros(generator: torch.Generator, shape: tuple[int, ...]) -> Tensor:
    """Fill with zeros, on the generator's device; the usual choice for a bias.

    Example:
        >>> zeros(torch.Generator(), (2,))
        tensor([0., 0.])
    """
    return constant(generator, shape, 0.0)


def kaiming_std(shape: tuple[int, ...], a: float = 0.0) -> float:
    """Compute √(2 / ((1 + a²) · fan_in)), which preserves the variance through a leaky relu.

    A leaky relu with negative slope ``a`` keeps (1 + a²) / 2 of the mean square, hence the gain.

    Example:
        >>> kaiming_std((1, 50))
        0.2

    Reference: He et al., "Delving Deep into Rectifiers", 2015, §2.2.
    """
    return math.sqrt(2 / (1 + a * a)) / math.sqrt(fans(shape)[0])


def kaiming_uniform(generator: torch.Generator, shape: tuple[int, ...], a: float = 0.0) -> Tensor:
    """Draw from a uniform distribution with the standard deviation `kaiming_std`.

    A uniform distribution on [−b, b] has the standard deviation b / √3. With a = √5 the bound is
    1 / √fan_in, the default initialisation of torch's layers.

    Args:
        generator: the random number generator.
        shape: the shape of the weight, (O, I) or (O, I, kH, kW).
        a: negative slope of the leaky relu that follows; 0 for a relu.

    Returns:
        The weight, equal to that of torch's function of the same name with the same seed.

    Example:
        >>> kaiming_uniform(torch.Generator().manual_seed(0), (8, 1, 3, 3)).shape
        torch.Size([8, 1, 3, 3])

    Reference: He et al., "Delving Deep into Rectifiers", 2015, §2.2.
    """
    return uniform(generator, shape, math.sqrt(3) * kaiming_std(shape, a))


def kaiming_normal(generator: torch.Generator, shape: tuple[int, ...], a: float = 0.0) -> Tensor:
    """Draw from a normal distribution with the standard deviation `kaiming_std`.

    Args:
        generator: the random number generator.
        shape: the shape of the weight, (O, I) or (O, I, kH, kW).
        a: negative slope of the leaky relu that follows; 0 for a relu.

    Returns:
        The weight, equal to that of torch's function of the same name with the same seed.

    Example:
        >>> kaiming_normal(torch.Generator().manual_seed(0), (8, 1, 3, 3)).shape
        torch.Size([8, 1, 3, 3])

    Reference: He et al., "Delving Deep into Rectifiers", 2015, §2.2.
    """
    return normal(generator, shape, kaiming_std(shape, a))


def xavier_std(shape: tuple[int, ...], gain: float = 1.0) -> float:
    """Compute gain · √(2 / (fan_in + fan_out)), a compromise between signals and gradients.

    Example:
        >>> xavier_std((25, 25))
        0.2

    Reference: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, §4.2.1.
    """
    return gain * math.sqrt(2 / sum(fans(shape)))


def xavier_uniform(generator: torch.Generator, shape: tuple[int, ...], gain: float = 1.0) -> Tensor:
    """Draw from a uniform distribution with the standard deviation `xavier_std`.

    Args:
        generator: the random number generator.
        shape: the shape of the weight, (O, I) or (O, I, kH, kW).
        gain: scale factor that compensates for the activation that follows.

    Returns:
        The weight, equal to that of torch's function of the same name with the same seed.

    Example:
        >>> xavier_uniform(torch.Generator().manual_seed(0), (10, 84)).shape
        torch.Size([10, 84])

    Reference: Glorot & Bengio, 2010, §4.2.1.
    """
    return uniform(generator, shape, math.sqrt(3) * xavier_std(shape, gain))


def xavier_normal(generator: torch.Generator, shape: tuple[int, ...], gain: float = 1.0) -> Tensor:
    """Draw from a normal distribution with the standard deviation `xavier_std`.

    Args:
        generator: the random number generator.
        shape: the shape of the weight, (O, I) or (O, I, kH, kW).
        gain: scale factor that compensates for the activation that follows.

    Returns:
        The weight, equal to that of torch's function of the same name with the same seed.

    Example:
        >>> xavier_normal(torch.Generator().manual_seed(0), (10, 84)).shape
        torch.Size([10, 84])

    Reference: Glorot & Bengio, 2010, §4.2.1.
    """
    return normal(generator, shape, xavier_std(shape, gain))


# What a layer's weight_init and bias_init can name.
INITIALISERS = {
    function.__name__: function
    for function in (
        *(uniform, normal, constant, zeros),
        *(kaiming_uniform, kaiming_normal, xavier_uniform, xavier_normal),
    )
}
