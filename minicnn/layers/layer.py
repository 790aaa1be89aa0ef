"""A layer is two functions: one draws its parameters, one applies them. It knows its options."""

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from minicnn.functional.windows import Pair, pair

Shape = tuple[int, ...]  # of one example, without the batch
Tree = Any  # nested dicts and tuples of tensors


class Layer(NamedTuple):
    """Two pure functions, and the options that they were made with.

        init(generator, in_shape) -> (params, state, out_shape)
        apply(params, state, x, *, rng=None, train=False) -> (y, state)

    ``params`` is what training changes by gradients, ``state`` what the layer itself keeps from
    call to call (running statistics); both are trees, ``()`` where there is nothing. Shapes go
    through ``init``, without the batch, so that no size is ever computed by hand. ``rng`` is a
    torch.Generator, or a `Share` of one.

    ``str(layer)`` is the call that makes the layer. Layers made by equal calls are equal, and
    pickle by their call. A layer written by hand, ``Layer("mine", init, apply)``, compares by its
    functions, and pickles if they do; so does a layer whose functions were replaced.

    Attributes:
        name: the constructor's name, such as "conv2d".
        init: draws the parameters.
        apply: computes the output, and the next state.
        children: the layers inside, in the order of their application.
        options: the arguments of the constructor, defaults included, without the children.

    Example:
        >>> from minicnn import layers
        >>> net = layers.sequential(layers.flatten(), layers.linear(10))
        >>> params, state, out_shape = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
        >>> out_shape
        (10,)
        >>> y, state = net.apply(params, state, torch.zeros(5, 1, 28, 28))
        >>> y.shape
        torch.Size([5, 10])
        >>> net
        sequential(flatten(), linear(10))
        >>> net.children[1].options
        {'out_features': 10, 'bias': True, 'weight_init': None, 'bias_init': None}
    """

    name: str
    init: Callable[[torch.Generator, Shape], tuple[Tree, Tree, Shape]]
    apply: Callable[..., tuple[Tensor, Tree]]
    children: "tuple[Layer, ...]" = ()
    options: dict[str, Any] = {}  # noqa: RUF012, a NamedTuple's default is no class attribute

    @property
    def constructor(self) -> "Callable[..., Layer] | None":
        """The function that made this layer; None if it was written by hand, or altered since."""
        constructor, as_made = getattr(self.apply, "made_by", (None, self))
        same = all(a is b for a, b in zip(self[:-1], as_made, strict=False))
        return constructor if same and self.options == as_made.options else None

    def __repr__(self) -> str:
        return _call(self, [repr(child) for child in self.children])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layer) and self._key() == other._key()

    def __ne__(self, other: object) -> bool:  # a tuple has its own
        return not self == other

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        made_by = self.constructor or (self.init, self.apply)
        return self.name, made_by, self.children, tuple(sorted(self.options.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        if self.constructor:
            return _construct, (self.constructor, self.children, self.options)
        for function in (self.init, self.apply):
            try:
                pickle.dumps(function)
            except Exception as error:
                raise pickle.PicklingError(
                    f"layer {self.name} holds functions of its own, or was altered: they must be "
                    f"importable by name to be pickled, got {function!r}"
                ) from error
        return Layer, tuple(self)

    def __copy__(self) -> "Layer":  # or copying would take the way of pickling
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Layer":
        if self.constructor:
            return self.constructor(*copy.deepcopy(self.children, memo), **self.options)
        return Layer._make(copy.deepcopy(tuple(self), memo))


class Share(NamedTuple):
    """What ``apply`` gets as ``rng`` where it computes some rows of a batch, and others the rest.

    What is drawn must not depend on who computes which rows: so every process draws for the whole
    batch, and uses the numbers of its own rows. See `minicnn.parallel`.

    Attributes:
        generator: to draw from.
        start, stop: the rows at hand, start, …, stop − 1.
        whole: rows in the whole batch.
    """

    generator: torch.Generator
    start: int
    stop: int
    whole: int


def made_by(
    constructor: Callable[..., Layer],
    init: Callable[[torch.Generator, Shape], tuple[Tree, Tree, Shape]],
    apply: Callable[..., tuple[Tensor, Tree]],
    *children: Layer,
    **options: Any,
) -> Layer:
    """Return the layer of two functions that knows its call, constructor(*children, **options).

    ``apply`` must be a new function in each call of the constructor. It stores the layer as it was
    made, so that a layer with a replaced function, child or option is not taken for one that the
    constructor made.
    """

    def checked_init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if not isinstance(generator, torch.Generator):
            raise TypeError(f"generator must be a torch.Generator, got {generator!r}")
        sizes = in_shape if isinstance(in_shape, tuple | list) else None
        if sizes is None or not all(isinstance(n, int) and n >= 0 for n in sizes):
            raise ValueError(f"in_shape must be a tuple of sizes, got {in_shape!r}")
        return init(generator, in_shape)

    name = constructor.__name__
    as_made = Layer(name, checked_init, apply, children, dict(options))
    vars(apply)["made_by"] = constructor, as_made
    return as_made._replace(options=options)


def brief(layer: Layer) -> str:
    """Return the call that makes a layer, with the layers inside left out: ``residual(...)``."""
    return _call(layer, ["..."] if layer.children else [])


def _call(layer: Layer, arguments: list[str]) -> str:
    """Write the call as a person would: what has no default by position, what differs by name."""
    parameters = inspect.signature(layer.constructor).parameters if layer.constructor else {}
    for name, value in layer.options.items():
        default = parameters[name].default if name in parameters else inspect.Parameter.empty
        if name in parameters and default is inspect.Parameter.empty:
            arguments = [*arguments, repr(value)]
        elif value != default:
            arguments = [*arguments, f"{name}={value!r}"]
    return f"{layer.name}({', '.join(arguments)})"


def _construct(
    constructor: Callable[..., Layer], children: tuple[Layer, ...], options: dict[str, Any]
) -> Layer:
    return constructor(*children, **options)


def stateless(
    constructor: Callable[..., Layer],
    function: Callable[[Tensor], Tensor],
    out_shape: Callable[[Shape], Shape],
    **options: Any,
) -> Layer:
    """Make a layer of a function that has no parameters, no state and no randomness."""

    def init(generator: torch.Generator, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return (), (), out_shape(in_shape)

    def apply(
        params: Tree,
        state: Tree,
        x: Tensor,
        *,
        rng: torch.Generator | None = None,
        train: bool = False,
    ) -> tuple[Tensor, Tree]:
        return function(x), state

    return made_by(constructor, init, apply, **options)


def int_or_pair(name: str, value: Any, minimum: int) -> int | Pair:
    """Return an option of two sizes in its one form: an int where both are equal, else a pair."""
    rows, columns = pair(name, value, minimum)
    return rows if rows == columns else (rows, columns)


def image_shape(layer: str, in_shape: Shape) -> tuple[int, int, int]:
    """Return (C, H, W); the error for another shape names the layer."""
    if len(in_shape) != 3:
        raise ValueError(f"{layer} needs an in_shape (C, H, W), got {tuple(in_shape)}")
    channels, height, width = in_shape
    return channels, height, width


def shape_after(function: Callable[[Tensor], Tensor]) -> Callable[[Shape], Shape]:
    """Find the shape that a function returns, by calling it on a batch of no images.

    Not on the device "meta", whose first use makes torch import its compiler, for a second or more.
    """

    def out_shape(in_shape: Shape) -> Shape:
        return tuple(function(torch.empty(0, *in_shape)).shape[1:])

    return out_shape
