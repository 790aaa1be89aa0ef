"""From scratch, and provably so: training calls nothing of torch but building blocks.

A network is trained for one step and evaluated while two watchers stand at two doors of torch:

- the dispatcher, through which every ATen operator goes, called by hand or by autograd's backward;
- the Python functions of torch, because some ready-made ones (``linear``, ``dropout``) are made of
  building blocks, and at the dispatcher look like our own.

Whatever neither finds on the list of building blocks is reported; and so that nobody has to
believe it, each of torch's ready-made pieces is swapped in, and must be reported.
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as TF
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode

import minicnn
from minicnn import functional as F
from minicnn import layers, models, optim, train
from minicnn.layers import Layer
from minicnn.layers.description import CONSTRUCTORS
from minicnn.optim import schedules

# The variants of one, in place (add_) and for lists of tensors (_foreach_add), are such blocks too.
BUILDING_BLOCKS = {
    "creation": "arange empty empty_like full_like new_empty_strided new_full new_zeros ones_like "
    "scalar_tensor tensor zeros zeros_like",
    "views": "_unsafe_view alias detach expand permute select slice squeeze t transpose unbind "
    "unfold unsqueeze view",
    "indexing": "gather index index_put index_select masked_fill scatter_add where",
    "copies": "_to_copy cat clone copy lift_fresh stack",
    "elementwise maths": "abs add addcmul bitwise_and bitwise_not bitwise_or clamp div eq erf exp "
    "expm1 floor_divide ge gt isnan le lerp log logical_and logical_not logical_or lt maximum "
    "minimum mul ne neg pow reciprocal remainder rsqrt rsub sign sqrt sub",
    "reductions": "all amax amin aminmax any argmax argmin mean prod sum var_mean",
    "matrix products": "addmm baddbmm bmm mm",
    "random fills": "bernoulli rand",
    "numbers out of tensors": "_local_scalar_dense promote_types",
}
ALLOWED = {name for names in BUILDING_BLOCKS.values() for name in names.split()}


def is_allowed(name: str) -> bool:
    return name.removesuffix("_").removeprefix("_foreach_") in ALLOWED


# The tools that compare us with torch import what they compare with.
TOOLS = ("testing", "exercises")
READY_MADE = ("torch.nn", "torch.optim", "torch._C")


class WatchOperators(TorchDispatchMode):
    """Note every ATen operator that is no building block, backward included."""

    def __init__(self, found: set[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        namespace, name, _ = str(func).split(".")  # "aten.add.Tensor"
        if namespace != "aten" or not is_allowed(name):
            self.found.add(f"{namespace}.{name}")
        return func(*args, **(kwargs or {}))


class WatchFunctions(TorchFunctionMode):
    """Note every function of torch that is no building block.

    A method of a tensor is let through: the dispatcher sees what it does.
    """

    def __init__(self, found: set[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = resolve_name(func) or ""  # "" for the tools of torch.func itself
        bare = name.removeprefix("torch.").removeprefix("aten.").removesuffix(".default")
        if name and not name.startswith("torch.Tensor.") and not is_allowed(bare):
            self.found.add(name)
        return func(*args, **(kwargs or {}))


@contextmanager
def watched() -> Iterator[set[str]]:
    """Collect what is called inside the block and is no building block."""
    found: set[str] = set()
    with WatchFunctions(found), WatchOperators(found):
        yield found


def every_layer() -> Layer:
    """A network with each layer that the library has."""
    net = layers.sequential(
        layers.conv2d(4, 3, stride=2, padding=1, groups=2),
        layers.batch_norm(),
        layers.relu(),
        layers.group_norm(2),
        layers.leaky_relu(),
        layers.max_pool2d(3, stride=2, padding=1, ceil_mode=True),
        layers.residual(layers.conv2d(4, 3, padding="same", bias=False)),
        layers.parallel(layers.conv2d(4, 1), layers.relu()),
        layers.residual(layers.conv2d(4, 1), layers.conv2d(4, 1)),
        layers.avg_pool2d(2, stride=1, ceil_mode=True, count_include_pad=False),
        layers.dropout(0.5),
        layers.global_avg_pool(),
        layers.flatten(),
        *(layers.sigmoid(), layers.tanh(), layers.silu(), layers.gelu(), layers.gelu("tanh")),
        layers.layer_norm(),
        layers.linear(5),
    )
    return layers.average_views(net)


def smoothed(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    weight = torch.ones_like(scores[0])
    return F.cross_entropy(scores, labels, weight, label_smoothing=0.1)


def foreign_calls(
    net: Layer,
    in_shape: tuple[int, ...] = (2, 16, 16),
    loss_fn: Callable[..., torch.Tensor] = smoothed,
    optimizer: optim.Transform | None = None,
) -> set[str]:
    """Train ``net`` for a step, evaluate it, and return what was called that is not ours."""
    opt = optimizer or optim.chain(
        optim.clip_by_global_norm(1.0),
        optim.adam(schedules.one_cycle(1e-2, 10), weight_decay=1e-4, amsgrad=True),
        optim.ema(0.9),
    )
    rng = torch.Generator().manual_seed(0)
    params, state, _ = net.init(rng, in_shape)
    step = train.make_train_step(net, loss_fn, opt)
    start = train.TrainState(0, params, state, opt.init(params))
    batch = torch.rand(4, *in_shape, generator=rng), torch.arange(4)
    with watched() as found:
        ts, _ = step(start, batch, rng)
        train.evaluate(net, ts.params, ts.state, [batch], loss_fn)
    return found


# --- The library is from scratch ---------------------------------------------------------------


def test_a_step_with_every_layer_calls_only_building_blocks() -> None:
    assert foreign_calls(every_layer()) == set()


def test_the_network_above_has_every_layer_of_the_library() -> None:
    def names(layer: Layer) -> set[str]:
        return {layer.name}.union(*(names(child) for child in layer.children))

    assert names(every_layer()) == set(CONSTRUCTORS)


IMAGE, ROWS, LABELS = (2, 4, 6, 6), (3, 4), torch.tensor([0, 3, 1])
CALLS: dict[str, tuple[Any, ...]] = {  # a call, and the shapes of its inputs
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, (4, 5)), IMAGE),
    "adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, (4, 5), True)[0], IMAGE),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 3, 2, 1, True, False), IMAGE),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True)[0],
        IMAGE,
        (4,),
        (4,),
    ),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, 2, 1, 2, 2), IMAGE, (4, 2, 3, 3), (4,)),
    "conv_transpose2d": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1, 2),
        IMAGE,
        (4, 1, 3, 3),
        (2,),
    ),
    "cross_entropy": (
        lambda x, target, w: F.cross_entropy(x, target, w, label_smoothing=0.1),
        ROWS,
        ROWS,
        (4,),
    ),
    "dropout": (lambda x: F.dropout(x, 0.5), ROWS),
    "fold": (lambda x: F.fold(x, 5, 2, 1, 2, (1, 2)), (2, 4, 32)),
    "gelu": (lambda x: F.gelu(x) + F.gelu(x, approximate="tanh"), ROWS),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), IMAGE, (4,), (4,)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), ROWS, (4,), (4,)),
    "leaky_relu": (F.leaky_relu, ROWS),
    "linear": (F.linear, ROWS, (2, 4), (2,)),
    "log_softmax": (lambda x: F.log_softmax(x, 1), ROWS),
    "max_pool2d": (lambda x: F.max_pool2d(x, 3, 2, 1, 2, True, True)[0], IMAGE),
    "nll_loss": (lambda x, w: F.nll_loss(x, LABELS, w, ignore_index=1), ROWS, (4,)),
    "relu": (F.relu, ROWS),
    "sigmoid": (F.sigmoid, ROWS),
    "silu": (F.silu, ROWS),
    "softmax": (lambda x: F.softmax(x, 1), ROWS),
    "tanh": (F.tanh, ROWS),
    "unfold": (lambda x: F.unfold(x, 3, 2, 1, 2), IMAGE),
}


@pytest.mark.parametrize("name", F.__all__)
def test_a_function_and_its_second_derivative_call_only_building_blocks(name: str) -> None:
    function, *shapes = CALLS[name]
    inputs = [torch.rand(shape, requires_grad=True) for shape in shapes]
    with watched() as found:
        y = function(*inputs)
        direction = torch.rand(y.shape, requires_grad=True)
        grads = torch.autograd.grad(y, inputs, direction, create_graph=True)
        for g in grads:
            (g * g).sum().backward(retain_graph=True)
    assert found == set()


@pytest.mark.parametrize("name", models.MODELS)
def test_a_step_of_a_model_calls_only_building_blocks(name: str) -> None:
    assert foreign_calls(models.MODELS[name](), (1, 28, 28)) == set()


@pytest.mark.parametrize(
    "optimizer",
    [
        optim.sgd(0.1, 0.9, nesterov=True),
        optim.adamw(),
        optim.accumulate(optim.adam(weight_decay=0.1, maximize=True), every=1),
        optim.partition(
            {"weight": optim.sgd(0.1), "bias": optim.freeze()}, lambda path: path.split("/")[-1]
        ),
    ],
)
def test_a_step_of_an_optimizer_calls_only_building_blocks(optimizer: optim.Transform) -> None:
    assert foreign_calls(layers.linear(5), (3,), optimizer=optimizer) == set()


def imports_of(source: str) -> Iterator[str]:
    """The dotted names of all that a source imports, or reads as ``torch.….…``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def ready_made(source: str) -> list[str]:
    inside = tuple(f"{name}." for name in READY_MADE)
    return [name for name in imports_of(source) if f"{name}.".startswith(inside)]


PACKAGE = Path(minicnn.__file__).parent
SOURCES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in TOOLS
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_source_names_nothing_ready_made(path: Path) -> None:
    assert ready_made(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn",
        "import torch.nn.functional as F",
        "from torch import nn",
        "from torch import Tensor, optim",
        "from torch.nn import functional as F",
        "from torch.nn.functional import relu",
        "from torch.optim import Adam",
        "import torch\ny = torch.nn.functional.relu(x)",
        "import torch\ny = torch._C._nn.linear(x, w)",
    ],
)
def test_the_source_check_bites(source: str) -> None:
    assert ready_made(source)


# --- The watchers bite: each ready-made piece of torch, swapped in, is reported -----------------


def torch_batch_norm(
    x: torch.Tensor, mean: torch.Tensor, var: torch.Tensor, *rest: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """torch's batch_norm changes the statistics that it is given: give it copies."""
    mean, var = mean.clone(), var.clone()
    return TF.batch_norm(x, mean, var, *rest), mean, var


def torch_dropout(x: torch.Tensor, p: float, training: bool, **_: Any) -> torch.Tensor:
    return TF.dropout(x, p, training)


SWAPPED_FUNCTIONS = [
    ("conv2d", TF.conv2d, "aten.convolution"),
    ("conv2d", TF.conv2d, "aten.convolution_backward"),
    ("max_pool2d", TF.max_pool2d, "aten.max_pool2d_with_indices"),
    ("avg_pool2d", TF.avg_pool2d, "aten.avg_pool2d"),
    ("adaptive_avg_pool2d", TF.adaptive_avg_pool2d, "torch.nn.functional.adaptive_avg_pool2d"),
    ("linear", TF.linear, "torch.nn.functional.linear"),
    ("batch_norm", torch_batch_norm, "torch.nn.functional.batch_norm"),
    ("relu", TF.relu, "aten.relu"),
    ("relu", torch.relu, "aten.relu"),
    ("relu", torch.Tensor.relu, "aten.relu"),
    ("dropout", torch_dropout, "torch.nn.functional.dropout"),
    ("dropout", lambda x, p, train, **_: torch.dropout(x, p, train), "torch.dropout"),
]


@pytest.mark.parametrize(("name", "theirs", "culprit"), SWAPPED_FUNCTIONS)
def test_a_swapped_function_is_reported(
    monkeypatch: pytest.MonkeyPatch, name: str, theirs: Any, culprit: str
) -> None:
    monkeypatch.setattr(F, name, theirs)
    assert culprit in foreign_calls(every_layer())


SWAPPED_LOSSES = [
    (TF.cross_entropy, "torch.nn.functional.cross_entropy"),
    (lambda x, t: torch.nn.CrossEntropyLoss()(x, t), "torch.nn.functional.cross_entropy"),
    (lambda x, t: TF.nll_loss(F.log_softmax(x, 1), t), "aten.nll_loss_forward"),
    (lambda x, t: F.nll_loss(TF.log_softmax(x, 1), t), "torch.nn.functional.log_softmax"),
    (lambda x, t: F.nll_loss(x.log_softmax(1), t), "aten._log_softmax"),
    (lambda x, t: F.nll_loss(torch.softmax(x, 1).log(), t), "aten._softmax"),
    (lambda x, t: F.nll_loss(x - x.logsumexp(1, keepdim=True), t), "aten.logsumexp"),
]


@pytest.mark.parametrize(("loss_fn", "culprit"), SWAPPED_LOSSES)
def test_a_swapped_loss_is_reported(loss_fn: Callable[..., torch.Tensor], culprit: str) -> None:
    assert culprit in foreign_calls(layers.linear(5), (3,), loss_fn)


def test_a_module_of_torch_used_as_a_layer_is_reported() -> None:
    module = torch.nn.Linear(3, 5)

    def apply(params: Any, state: Any, x: torch.Tensor, **_: Any) -> Any:
        return torch.func.functional_call(module, params, (x,)), state

    wrapped = Layer("nn.Linear", lambda *_: (dict(module.named_parameters()), (), (5,)), apply)
    assert "torch.nn.functional.linear" in foreign_calls(wrapped, (3,))


def torchs_optimizer(make: Callable[..., torch.optim.Optimizer]) -> optim.Transform:
    """Wrap an optimizer of torch, for a tree that is one flat dict."""

    def update(grads: Any, state: Any, params: Any) -> Any:
        new = {name: p.clone() for name, p in params.items()}
        for name, p in new.items():
            p.grad = grads[name]
        make(list(new.values())).step()
        return {name: new[name] - params[name] for name in params}, state

    return optim.Transform(lambda params: (), update)


@pytest.mark.parametrize(
    "make",
    [
        torch.optim.Adam,
        lambda params: torch.optim.Adam(params, foreach=True),
        torch.optim.AdamW,
        lambda params: torch.optim.SGD(params, lr=0.1),
    ],
)
def test_a_swapped_optimizer_is_reported(make: Callable[..., torch.optim.Optimizer]) -> None:
    found = foreign_calls(layers.linear(5), (3,), optimizer=torchs_optimizer(make))
    assert "profiler._record_function_enter_new" in found  # torch announces each optimizer's step


def test_a_ready_made_backward_alone_is_reported() -> None:
    class Relu(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: torch.Tensor) -> torch.Tensor:
            return x.clamp(min=0)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(output)

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
            return torch.ops.aten.threshold_backward(g, ctx.saved_tensors[0], 0)

    half_ours = Layer("relu", lambda _, s: ((), (), s), lambda p, s, x, **_: (Relu.apply(x), s))
    net = layers.sequential(layers.linear(5), half_ours)
    assert "aten.threshold_backward" in foreign_calls(net, (3,))
