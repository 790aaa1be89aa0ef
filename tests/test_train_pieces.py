"""Training with what people bring: their data loaders, targets, metrics and weights."""

import gc
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from minicnn import functional as F
from minicnn import layers, metrics, optim, train, tree
from minicnn.layers import Layer
from minicnn.train import TrainState, value_and_grad
from tests.bench.twins import torch_twin
from tests.layers.test_layers_twins import Pair, networks

IN_SHAPE, CLASSES = (1, 6, 6), 3
NET = layers.sequential(
    layers.conv2d(2, 3, bias=False), layers.batch_norm(), layers.relu(), layers.flatten(),
    layers.dropout(0.3), layers.linear(CLASSES),
)  # fmt: skip
OPT = optim.adam(1e-2)
STEP = train.make_train_step(NET, F.cross_entropy, OPT)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fresh(net: Layer = NET, in_shape: tuple[int, ...] = IN_SHAPE) -> TrainState:
    params, state, _ = net.init(generator(0), in_shape)
    return TrainState(0, params, state, OPT.init(params))


def examples(number: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = generator(seed)
    return torch.rand(number, *IN_SHAPE, generator=rng), torch.arange(number) % CLASSES


def assert_equal_trees(a: Any, b: Any) -> None:
    for x, y in zip(tree.leaves_like(b, a), tree.leaves(b), strict=True):
        assert torch.equal(torch.as_tensor(x), torch.as_tensor(y))


# --- Gradients ---------------------------------------------------------------------------------


@pytest.mark.parametrize("has_aux", [False, True])
@pytest.mark.parametrize("traced", [False, True])
def test_a_function_of_nothing_has_a_gradient_of_zeros(has_aux: bool, traced: bool) -> None:
    params = {"w": torch.ones(2, dtype=torch.float64), "b": (torch.ones(()),), "empty": ()}

    def f(params: Any, scale: Tensor) -> Any:
        value = torch.tensor(3.0) * scale.detach()
        return (value, {"seen": scale.detach()}) if has_aux else value

    scale = torch.tensor(2.0, requires_grad=traced)  # then the gradient is torch.func's
    result, grads = value_and_grad(f, has_aux)(params, scale)
    assert (result[0] if has_aux else result) == 6
    assert_equal_trees(grads, tree.map(torch.zeros_like, params))


def test_what_only_some_parameters_change_has_zeros_for_the_others() -> None:
    _, grads = value_and_grad(lambda p: p[0].sum())((torch.ones(2), torch.ones(3)))
    assert_equal_trees(grads, (torch.ones(2), torch.zeros(3)))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (torch.ones(2), RuntimeError, r"f must return a scalar tensor, got shape \(2,\)"),
        (1.5, TypeError, "f must return a scalar tensor, got 1.5"),
        (None, TypeError, "f must return a scalar tensor, got None"),
    ],
)
def test_a_value_that_is_no_scalar_is_refused(value: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        value_and_grad(lambda p: value)(torch.ones(1))


def live_tensors() -> int:
    gc.collect()
    return sum(issubclass(type(x), Tensor) for x in gc.get_objects())


@pytest.mark.parametrize("which", ["params", "state", "opt_state", "images", "all"])
def test_what_arrives_with_requires_grad_makes_no_graph_grow(which: str) -> None:
    now, (images, labels) = fresh(), examples(4)

    def asking(values: Any) -> Any:
        return tree.map(lambda x: x.requires_grad_() if x.is_floating_point() else x, values)

    if which in ("images", "all"):
        images.requires_grad_()
    for part in ("params", "state", "opt_state"):
        if which in (part, "all"):
            now = now._replace(**{part: asking(getattr(now, part))})
    expected, counts, logs = fresh(), [], {}
    for i in range(20):
        now, logs = STEP(now, (images, labels), generator(i))
        if i < 5:
            expected, _ = STEP(expected, (images.detach(), labels), generator(i))
            assert_equal_trees(now, expected)
        if i in (10, 19):
            counts.append(live_tensors())
    assert counts[0] == counts[1]
    assert not any(x.requires_grad for x in tree.leaves((now, logs)) if isinstance(x, Tensor))


def test_a_step_is_differentiable_by_torch_func() -> None:
    """Through a step of gradient descent: the derivative of the next loss by the rate."""
    net, batch = layers.linear(CLASSES), (torch.eye(3, dtype=torch.float64), torch.arange(3))
    params, _, _ = net.init(generator(0), (3,))
    params = tree.map(lambda p: p.double(), params)

    def loss_after(scale: Tensor) -> Tensor:
        step = train.make_train_step(net, F.cross_entropy, optim.sgd(0.5), metrics={})
        scaled = tree.map(lambda p: p * scale, params)
        now, _ = step(TrainState(0, scaled, (), optim.sgd(0.5).init(scaled)), batch, None)
        return F.cross_entropy(net.apply(now.params, (), batch[0])[0], batch[1])

    scale, h = torch.tensor(1.0, dtype=torch.float64), 1e-6
    slope = torch.func.grad(loss_after)(scale)
    expected = (loss_after(scale + h) - loss_after(scale - h)) / (2 * h)
    torch.testing.assert_close(slope, expected, rtol=1e-6, atol=1e-9)
    assert slope.abs() > 1e-3


# --- Batches -----------------------------------------------------------------------------------


@given(st.integers(2, 9), st.integers(2, 4), st.booleans(), st.integers(0, 99))
def test_training_from_a_data_loader_is_training_from_the_arrays(
    number: int, size: int, shuffle: bool, seed: int
) -> None:
    images, labels = examples(number)
    loader = DataLoader(
        TensorDataset(images, labels), size, shuffle, drop_last=True, generator=generator(seed)
    )
    order = torch.arange(number)
    if shuffle:
        again = DataLoader(
            TensorDataset(order), size, True, drop_last=True, generator=generator(seed)
        )
        order = torch.cat([torch.empty(0, dtype=torch.int64), *(part[0] for part in again)])
    rows = order[: number // size * size].split(size) if number >= size else ()
    arrays = [(images[r], labels[r]) for r in rows]
    runs = [
        [(now, logs) for now, logs in train.fit(STEP, fresh(), batches, generator(1))]
        for batches in (loader, arrays)
    ]
    assert len(runs[0]) == number // size
    for ours, expected in zip(*runs, strict=True):
        assert_equal_trees(ours, expected)
    if runs[0]:
        last = runs[0][-1][0]
        weights = last.params, last.state
        assert train.evaluate(NET, *weights, DataLoader(TensorDataset(images, labels), size)) == (
            train.evaluate(NET, *weights, [(images, labels)])
        )


class Pairs(Dataset):
    """Two inputs and a dict of two targets an example, as a dataset of one's own returns them."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, i: int) -> Any:
        x = torch.full((3,), float(i))
        return (x, -x), {"class": i % 2, "size": torch.tensor([float(i)])}


def two_headed() -> Layer:
    """Inputs (a, b) -> {"class": scores of a, "size": a number of b}."""
    scores, size = layers.linear(2), layers.linear(1)

    def init(rng: Any, in_shape: Any) -> Any:
        return (scores.init(rng, in_shape)[0], size.init(rng, in_shape)[0]), (), (3,)

    def apply(params: Any, state: Any, x: Any, **_: Any) -> Any:
        a, b = x
        outputs = {
            "class": scores.apply(params[0], (), a)[0],
            "size": size.apply(params[1], (), b)[0],
        }
        return outputs, state

    return Layer("two_headed", init, apply)


def both_losses(outputs: Any, targets: Any) -> Tensor:
    return F.cross_entropy(outputs["class"], targets["class"]) + size_loss(outputs, targets)


def size_loss(outputs: Any, targets: Any) -> Tensor:
    return (outputs["size"] - targets["size"]).square().mean()


def test_several_inputs_and_outputs_as_trees() -> None:
    net, parts = two_headed(), {"size_loss": size_loss}
    step = train.make_train_step(net, both_losses, OPT, metrics=parts)
    run = list(train.fit(step, fresh(net, (3,)), DataLoader(Pairs(), 3), None))
    assert [list(logs) for _, logs in run] == [["loss", "size_loss"]] * 3
    now, _ = run[-1]
    outputs, targets = train.predict(net, now.params, (), DataLoader(Pairs(), 3))
    assert outputs["class"].shape == (7, 2)
    assert torch.equal(targets["size"][:, 0], torch.arange(7.0))
    results = train.evaluate(net, now.params, (), DataLoader(Pairs(), 3), both_losses, parts)
    assert results == {
        "loss": both_losses(outputs, targets).item(),
        "size_loss": size_loss(outputs, targets).item(),
    }


@pytest.mark.parametrize(
    ("batch", "got"),
    [
        ((torch.ones(2, 3),), "1 of them"),
        ([torch.ones(2, 3), torch.arange(2), torch.arange(2)], "3 of them"),
        (torch.ones(2, 3), "Tensor"),
        ({"images": torch.ones(2, 3), "labels": torch.arange(2)}, "dict"),
    ],
)
def test_a_batch_that_is_no_pair_is_refused(batch: Any, got: str) -> None:
    message = rf"a batch must be a pair \(inputs, targets\), got {got}$"
    uses: list[Callable[[], Any]] = [
        lambda: STEP(fresh(), batch, None),
        lambda: list(train.fit(STEP, fresh(), [batch], None)),
        lambda: train.predict(NET, (), (), [batch]),
        lambda: train.evaluate(NET, (), (), [batch]),
        lambda: train.refresh_statistics(layers.relu(), (), (), [batch]),
    ]
    for use in uses:
        with pytest.raises(ValueError, match=message):
            use()


# --- Metrics and targets -----------------------------------------------------------------------

TOP_TWO = partial(metrics.top_k_accuracy, k=2)


@given(st.integers(1, 5), st.integers(0, 99))
def test_metrics_are_computed_by_name_of_a_batch_and_of_all(size: int, seed: int) -> None:
    chosen = {"top_2": TOP_TWO, "accuracy": metrics.accuracy, "rows": lambda s, t: len(t)}
    step = train.make_train_step(NET, F.cross_entropy, OPT, chosen)
    images, labels = examples(2 * size, seed)
    now, logs = step(fresh(), (images, labels), generator(1))
    scores, _ = NET.apply(fresh().params, fresh().state, images, rng=generator(1), train=True)
    assert list(logs) == ["loss", "top_2", "accuracy", "rows"]
    assert torch.equal(logs["top_2"], TOP_TWO(scores, labels))
    assert torch.equal(logs["accuracy"], metrics.accuracy(scores, labels))
    batches = [(images[:size], labels[:size]), (images[size:], labels[size:])]
    results = train.evaluate(NET, now.params, now.state, batches, metrics=chosen)
    scores, _ = NET.apply(now.params, now.state, images)
    assert results["top_2"] == pytest.approx(TOP_TWO(scores, labels).item())
    assert results["rows"] == 2 * size
    assert all(type(value) is float for value in results.values())


def test_regression_needs_no_metrics() -> None:
    net, loss = layers.linear(2), lambda y, t: (y - t).square().mean()
    x, y = torch.rand(5, 3, generator=generator(0)), torch.rand(5, 2, generator=generator(1))
    step = train.make_train_step(net, loss, optim.sgd(0.1), metrics={})
    params, _, _ = net.init(generator(0), (3,))
    now, logs = step(TrainState(0, params, (), optim.sgd(0.1).init(params)), (x, y), None)
    assert list(logs) == ["loss"]
    assert train.evaluate(net, now.params, (), [(x, y)], loss, {})["loss"] < logs["loss"]


@given(st.integers(1, 4), st.floats(0, 1), st.integers(0, 99))
def test_soft_labels_train_as_torchs_cross_entropy_of_probabilities(
    size: int, share: float, seed: int
) -> None:
    """Mixup: the images and their one-hot labels are mixed by the same share."""
    net, (images, labels) = layers.sequential(layers.flatten(), layers.linear(3)), examples(size, 1)
    one_hot = torch.eye(CLASSES, dtype=torch.float64)[labels]
    other = torch.randperm(size, generator=generator(seed))
    images = images.double()
    mixed = share * images + (1 - share) * images[other]
    soft = share * one_hot + (1 - share) * one_hot[other]
    params, state, _ = net.init(generator(0), IN_SHAPE)
    twin = torch_twin(net, params, state, IN_SHAPE).double()
    params = tree.map(lambda p: p.double(), params)
    opt = optim.sgd(0.1)
    step = train.make_train_step(net, F.cross_entropy, opt, metrics={})
    now, logs = step(TrainState(0, params, state, opt.init(params)), (mixed, soft), None)
    loss = nn.functional.cross_entropy(twin(mixed), soft)
    loss.backward()
    torch.optim.SGD(twin.parameters(), lr=0.1).step()
    torch.testing.assert_close(logs["loss"], loss.detach(), rtol=1e-12, atol=1e-12)
    sent = layers.state_dict(net, now.params, now.state)
    for name, expected in twin.state_dict().items():
        torch.testing.assert_close(sent[name], expected, rtol=1e-12, atol=1e-12)


def test_what_a_step_is_made_of_is_checked_when_it_is_made() -> None:
    for part, bad, message in (
        (0, torch.nn.Linear(2, 2), "model must be a Layer, got Linear"),
        (1, "cross_entropy", "loss_fn must be a function of (outputs, targets), got str"),
        (2, optim.adam, "optimizer must be a Transform, such as optim.adam(1e-3), got adam"),
        (2, torch.optim.Adam(torch.nn.Linear(2, 2).parameters()), "got Adam"),
    ):
        parts = [NET, F.cross_entropy, OPT]
        parts[part] = bad
        with pytest.raises(TypeError, match=re.escape(message)):
            train.make_train_step(*parts)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            lambda y, t: F.cross_entropy(y, t, reduction="none"),
            r"a scalar tensor, got shape \(4,\)",
        ),
        (lambda y, t: F.cross_entropy(y, t)[None], r"a scalar tensor, got shape \(1,\)"),
        (lambda y, t: 1.0, "loss_fn must return a scalar tensor, got float"),
        (lambda y, t: F.cross_entropy(y.detach(), t), "the loss must depend on the parameters"),
        (
            lambda y, t: (y.argmax(1) == t).float().mean(),
            "are the outputs detached, or replaced by",
        ),
    ],
)
def test_a_loss_that_cannot_be_trained_is_refused(loss: Any, message: str) -> None:
    step = train.make_train_step(NET, loss, OPT)
    with pytest.raises(ValueError, match=message):
        step(fresh(), examples(4), generator(0))


def test_a_loss_to_be_evaluated_is_a_scalar() -> None:
    now = fresh()
    each = partial(F.cross_entropy, reduction="none")
    with pytest.raises(ValueError, match=r"loss_fn must return a scalar tensor, got shape \(4,\)"):
        train.evaluate(NET, now.params, now.state, [examples(4)], each)


BAD_METRICS = [
    (None, TypeError, r"metrics must be a dict of name -> function .*, \{\} for none, got None"),
    (metrics.accuracy, TypeError, "metrics must be a dict of name -> function"),
    ({"loss": metrics.accuracy}, ValueError, "a string other than \"loss\", got 'loss'"),
    ({3: metrics.accuracy}, ValueError, 'a string other than "loss", got 3'),
    ({"top": 5}, TypeError, r"metrics\['top'\] must be a function of .*, got 5"),
]


@pytest.mark.parametrize(("chosen", "error", "message"), BAD_METRICS)
def test_metrics_that_are_no_functions_by_name_are_refused(
    chosen: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        train.make_train_step(NET, F.cross_entropy, OPT, chosen)
    with pytest.raises(error, match=message):
        train.evaluate(NET, (), (), [], metrics=chosen)


def test_a_metric_that_is_no_scalar_is_refused_by_its_name() -> None:
    step = train.make_train_step(NET, F.cross_entropy, OPT, {"each": lambda s, t: s.argmax(1) == t})
    with pytest.raises(ValueError, match=r"metrics\['each'\] must return a scalar, got shape \(4"):
        step(fresh(), examples(4), generator(0))


# --- Statistics --------------------------------------------------------------------------------


def inputs_of(in_shape: tuple[int, ...], sizes: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
    rng = generator(0)
    for size in sizes:
        x = torch.randn(size, *in_shape, dtype=torch.float64, generator=rng)
        yield x, torch.zeros(size)


@given(networks, st.lists(st.integers(2, 4), min_size=1, max_size=3))
def test_refreshed_statistics_are_those_of_torchs_update_bn(pair: Pair, sizes: list[int]) -> None:
    params, state, _ = pair.layer.init(generator(0), pair.in_shape)
    params, state = tree.map(lambda x: x + 0.25, (params, state))
    twin = torch_twin(pair.layer, params, state, pair.in_shape).double()
    params, state = tree.map(lambda x: x.double(), (params, state))
    for module in twin.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # refresh_statistics drops nothing
    new = train.refresh_statistics(pair.layer, params, state, inputs_of(pair.in_shape, sizes))
    update_bn(inputs_of(pair.in_shape, sizes), twin)
    sent = layers.state_dict(pair.layer, params, new)
    for name, expected in twin.state_dict().items():
        if "running" in name:
            torch.testing.assert_close(sent[name], expected, rtol=0, atol=1e-10)
    assert tree.flatten(new)[1] == tree.flatten(state)[1]


def test_refreshing_changes_nothing_and_needs_no_generator() -> None:
    now, batches = fresh(), [examples(4), examples(6, seed=1)]
    before = tree.map(lambda x: torch.as_tensor(x).clone(), (now, tuple(batches)))
    global_state = torch.get_rng_state()
    new = train.refresh_statistics(NET, now.params, now.state, batches)
    assert_equal_trees((now, tuple(batches)), before)
    assert torch.equal(torch.get_rng_state(), global_state)
    assert not torch.equal(new[1]["mean"], now.state[1]["mean"])
    spoilt = tree.map(lambda x: x * 0 + float("nan"), now.state)
    assert_equal_trees(train.refresh_statistics(NET, now.params, spoilt, batches), new)


def test_averaged_weights_get_statistics_of_their_own() -> None:
    opt = optim.chain(optim.sgd(0.5), optim.ema(0.8))
    step = train.make_train_step(NET, F.cross_entropy, opt)
    params, state, _ = NET.init(generator(0), IN_SHAPE)
    start, batches = TrainState(0, params, state, opt.init(params)), [examples(12)] * 30
    *_, (now, _) = train.fit(step, start, batches, generator(1))
    average = optim.averaged(now.opt_state)
    new = train.refresh_statistics(NET, average, now.state, batches[:1])
    _, seen = layers.sequential(*NET.children[:2]).apply(
        average[:2],
        ((), {"mean": torch.zeros(2), "var": torch.zeros(2)}),
        batches[0][0],
        train=True,
    )
    torch.testing.assert_close(new[1]["mean"], seen[1]["mean"] / 0.1)


@pytest.mark.parametrize("batches", [[], iter(())])
def test_refreshing_by_no_batches_is_refused(batches: Any) -> None:
    now = fresh()
    with pytest.raises(ValueError, match="batches must hold at least one batch, got none"):
        train.refresh_statistics(NET, now.params, now.state, batches)


def test_a_state_of_ones_own_is_refused_and_a_layer_without_is_not() -> None:
    counting = Layer("counting", lambda _, s: ((), torch.zeros(()), s), lambda p, s, x, **_: (x, s))
    net = layers.sequential(layers.batch_norm(), counting)
    params, state, _ = net.init(generator(0), (3,))
    with pytest.raises(ValueError, match=r"cannot know the state of counting\(\), which was not"):
        train.refresh_statistics(net, params, state, [(torch.rand(4, 3), torch.zeros(4))])
    net = layers.sequential(layers.batch_norm(), layers.function("sine", torch.sin))
    params, state, _ = net.init(generator(0), (3,))
    train.refresh_statistics(net, params, state, [(torch.rand(4, 3), torch.zeros(4))])


# --- Compiled ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.parametrize("opt", [optim.sgd(0.1, 0.9), optim.adam(0.01)], ids=["sgd", "adam"])
def test_a_whole_step_compiles_to_the_same_training(opt: optim.Transform) -> None:
    # No bias before the normalisation: its gradient is rounding alone, which Adam scales to a step.
    net = layers.sequential(
        layers.linear(4, bias=False), layers.batch_norm(), layers.relu(), layers.linear(3)
    )
    step = train.make_train_step(net, F.cross_entropy, opt)
    params, state, _ = net.init(generator(0), (5,))
    batch = torch.rand(8, 5, generator=generator(1)), torch.arange(8) % 3
    ours = compiled = TrainState(0, params, state, opt.init(params))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of its compiler
        fast = torch.compile(step)
        for _ in range(4):
            ours, logs = step(ours, batch, None)
            compiled, compiled_logs = fast(compiled, batch, None)
            torch.testing.assert_close(compiled_logs, logs)
    torch.testing.assert_close(compiled.params, ours.params, rtol=1e-4, atol=1e-5)
    assert compiled.step == 4
