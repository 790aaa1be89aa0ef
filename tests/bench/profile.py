"""Where a network's time and memory go: layer by layer, ours beside torch's.

python -m tests.bench.profile --model mnist_cnn
print(profile(models.mnist_cnn(), (1, 28, 28)))    # after "from tests.bench.profile import profile"
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import checks, layers, models, tree
from minicnn.functional import keep_freed_memory
from minicnn.layers import Layer
from minicnn.layers.layer import Shape, Tree, brief
from minicnn.runs import run_command
from tests.bench.arguments import parse_save, publish
from tests.bench.measure import Comparison, Function, Meter, interleave
from tests.bench.memory import peak_bytes
from tests.bench.twins import NoTwinError, places_inside, torch_twin

SAMPLE_SECONDS = 0.005


class Cost(NamedTuple):
    """What one pass of a layer takes.

    Attributes:
        seconds: the median.
        bytes: the most that new tensors take at once, the result included; for a backward pass,
            during both passes.
    """

    seconds: float
    bytes: int


class LayerProfile(NamedTuple):
    """One layer, ours and torch's.

    Attributes:
        name: the call that makes the layer.
        forward: ours.
        backward: ours; None before the first layer with parameters, where no gradient flows.
        twin_forward: torch's; None where the layer has no twin.
        twin_backward: torch's; None where either is missing.
    """

    name: str
    forward: Cost
    backward: Cost | None
    twin_forward: Cost | None
    twin_backward: Cost | None


class Profile(NamedTuple):
    """The layers in the order of their application; ``str()`` is a table of them."""

    batch_size: int
    layers: tuple[LayerProfile, ...]

    def __str__(self) -> str:
        """Format milliseconds and megabytes, "-" where there is nothing to measure.

        Layers run one after the other, so times add up, and peaks of memory do not.
        """
        costs = [layer[1:] for layer in self.layers]
        seconds = [[cost and cost.seconds for cost in row] for row in costs]
        sizes = [[cost and cost.bytes for cost in row] for row in costs]
        totals = [sum(time or 0 for time in column) for column in zip(*seconds, strict=True)]
        if any(layer.twin_forward is None for layer in self.layers):
            totals[2:] = []  # of torch's, some are missing
        lines = [
            ["", "ours, ms", "", "torch, ms", "", "ours, MB", "", "torch, MB", ""],
            [f"batch of {self.batch_size}", *["forward", "backward"] * 4],
            *(
                [layer.name, *_texts(times, 1e3, 2), *_texts(peaks, 1e-6, 1)]
                for layer, times, peaks in zip(self.layers, seconds, sizes, strict=True)
            ),
            ["total", *_texts(totals, 1e3, 2)],
        ]
        width = max(len(line[0]) for line in lines)
        texts = [
            (f"{line[0]:<{width}}" + "".join(f"{cell:>10}" for cell in line[1:])).rstrip()
            for line in lines
        ]
        rule = "-" * max(map(len, texts))
        return "\n".join([*texts[:2], rule, *texts[2:-1], rule, texts[-1]])


def profile(model: Layer, in_shape: Shape, batch_size: int = 256, repetitions: int = 15) -> Profile:
    """Measure the time and the memory of each layer in training, forward and backward.

    Every layer gets the output of the layer before it, in our layout and in torch's, and the two
    sides take turns. Backward means the gradients with respect to the parameters and, after the
    first layer that has any, the layer's input. The addition of a residual and the joining of
    branches are not measured.

    Args:
        model: the network.
        in_shape: shape of one example, such as (1, 28, 28).
        batch_size: number of examples.
        repetitions: of each measurement, of which the median is taken.

    Returns:
        A Profile; ``str()`` of it is the table.

    Raises:
        TypeError: a model that is no Layer, or a count that is no integer.
        ValueError: a count below 1, or an ``in_shape`` that the model refuses.

    Example:
        >>> from minicnn import layers
        >>> net = layers.sequential(layers.conv2d(4, 3), layers.relu(), layers.global_avg_pool())
        >>> measured = profile(net, (1, 8, 8), batch_size=2, repetitions=3)
        >>> [layer.name for layer in measured.layers]
        ['conv2d(4, 3)', 'relu()', 'global_avg_pool()']
        >>> measured.layers[1].forward.bytes  # relu makes 2 × 4 × 6 × 6 numbers of 4 bytes
        1152
    """
    if not isinstance(model, Layer):
        raise TypeError(f"model must be a Layer, such as layers.relu(), got {model!r}")
    checks.integer("batch_size", batch_size, 1)
    checks.integer("repetitions", repetitions, 1)
    meter = Meter(repetitions, SAMPLE_SECONDS)
    rng = torch.Generator().manual_seed(0)
    params, state, _ = model.init(rng, in_shape)
    images = torch.rand(batch_size, *in_shape, generator=rng)
    rows, learning = [], False
    for place in _places(model, params, state, images):
        rows.append(_profile(place, learning, meter))
        learning = learning or bool(tree.leaves(place.params))
    return Profile(batch_size, tuple(rows))


class _Place(NamedTuple):
    """A layer that has no layers inside, and the input that it gets in the network."""

    layer: Layer
    params: Tree
    state: Tree
    x: Tensor


def _places(layer: Layer, params: Tree, state: Tree, x: Tensor) -> Iterator[_Place]:
    if layer.constructor in (layers.sequential, layers.residual, layers.parallel):
        for place in places_inside(layer, params, state, x):
            yield from _places(*place)
    else:
        yield _Place(layer, params, state, x)


def _profile(place: _Place, learning: bool, meter: Meter) -> LayerProfile:
    layer, params, state, x = place
    params = tree.map(lambda p: p.detach().requires_grad_(), params)
    ours_x, twin_x = (copy.detach().requires_grad_(learning) for copy in (x, x.contiguous()))
    rng = torch.Generator().manual_seed(0)

    def ours() -> Tensor:
        return layer.apply(params, state, ours_x, rng=rng, train=True)[0]

    inputs = [*tree.leaves(params), ours_x]
    try:
        module = torch_twin(layer, params, state, tuple(x.shape[1:]))
    except NoTwinError:  # both sides are ours, then
        forward, backward = _measure((ours, ours), (inputs, inputs), meter)
        return LayerProfile(brief(layer), forward[0], backward[0], None, None)
    twin_inputs = [*module.parameters(), twin_x]
    forward, backward = _measure((ours, lambda: module(twin_x)), (inputs, twin_inputs), meter)
    return LayerProfile(brief(layer), forward[0], backward[0], forward[1], backward[1])


_Costs = tuple[Cost | None, Cost | None]


def _measure(
    forwards: tuple[Callable[[], Tensor], Callable[[], Tensor]],
    inputs: tuple[list[Tensor], list[Tensor]],
    meter: Meter,
) -> tuple[tuple[Cost, Cost], _Costs]:
    """Measure two sides, forward and backward.

    A backward pass is what both passes take more than the forward pass: repeated alone, on one
    graph, it would lack what a layer frees as soon as it has been used.
    """
    forward = _costs(forwards, meter)
    both = [_both(f, wanted) for f, wanted in zip(forwards, inputs, strict=True)]
    if both[0] is None or both[1] is None:
        return forward, (None, None)
    ours, theirs = (
        Cost(max(0.0, passes.seconds - first.seconds), passes.bytes)
        for passes, first in zip(_costs((both[0], both[1]), meter), forward, strict=True)
    )
    return forward, (ours, theirs)


def _both(forward: Callable[[], Tensor], inputs: list[Tensor]) -> Function | None:
    """Make a function for both passes, or return None where no gradient flows."""
    wanted = [x for x in inputs if x.requires_grad]
    if not wanted:
        return None
    g = torch.ones_like(forward())  # in the result's layout, as from the next layer
    return lambda: torch.autograd.grad(forward(), wanted, g)


def _costs(functions: tuple[Function, Function], meter: Meter) -> tuple[Cost, Cost]:
    case = interleave(Comparison("", lambda: functions), meter)
    ours, theirs = (statistics.median(seconds) for seconds in (case.ours, case.theirs))
    return Cost(ours, peak_bytes(functions[0])), Cost(theirs, peak_bytes(functions[1]))


def _texts(numbers: Sequence[float | None], factor: float, digits: int) -> list[str]:
    return ["-" if n is None else f"{n * factor:.{digits}f}" for n in numbers]


def main(argv: list[str] | None = None) -> int:
    """Profile a ready-made network, print the table, and save it if asked."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.profile", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--model", choices=models.MODELS, default="mnist_cnn")
    args = parse_save(parser, argv)
    torch.set_num_threads(2)
    keep_freed_memory()  # as programs that train do; for both sides
    table = f"{args.model}, 2 threads\n\n{profile(models.MODELS[args.model](), (1, 28, 28))}"
    publish(table, args.save)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
