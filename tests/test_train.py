"""Training: gradients of trees, one step, the lazy loop, and evaluation."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minicnn import functional as F
from minicnn import layers, optim, train, tree
from minicnn.train import TrainState, value_and_grad

IN_SHAPE, CLASSES = (1, 6, 6), 3
NET = layers.sequential(
    layers.conv2d(2, 3, bias=False),
    layers.batch_norm(),
    layers.relu(),
    layers.max_pool2d(2),
    layers.flatten(),
    layers.dropout(0.3),
    layers.linear(CLASSES),
)
OPT = optim.chain(optim.clip_by_global_norm(1.0), optim.adam(1e-2), optim.ema(0.9))
STEP = train.make_train_step(NET, F.cross_entropy, OPT)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fresh(seed: int = 0) -> TrainState:
    params, state, _ = NET.init(generator(seed), IN_SHAPE)
    return TrainState(0, params, state, OPT.init(params))


def random_batch(size: int = 4, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = generator(seed)
    return torch.rand(size, *IN_SHAPE, generator=rng), torch.arange(size) % CLASSES


def assert_equal_trees(a: Any, b: Any) -> None:
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        assert torch.equal(torch.as_tensor(x), torch.as_tensor(y))


# --- value_and_grad ----------------------------------------------------------------------------

SHAPES = ((), (1,), (3,), (2, 3), (0, 2))
trees_of_shapes = st.recursive(
    st.sampled_from(SHAPES).map(torch.Size).map(torch.zeros),
    lambda t: st.lists(t, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=2), t),
    max_leaves=5,
).filter(tree.leaves)
seeds = st.integers(0, 2**32 - 1)


def filled(shapes: Any, seed: int) -> Any:
    rng = generator(seed)
    return tree.map(lambda x: torch.randn(x.shape, dtype=torch.float64, generator=rng), shapes)


def wavy(params: Any, scale: float = 1.0) -> Tensor:
    """Σ sin(k · scale · x) over the leaves k: its gradient differs at every leaf."""
    terms = [torch.sin(k * scale * x).sum() for k, x in enumerate(tree.leaves(params), start=1)]
    return torch.stack(terms).sum()


@given(trees_of_shapes, seeds, st.floats(0.1, 2))
def test_value_and_grad_is_autograds_gradient_of_every_leaf(
    shapes: Any, seed: int, scale: float
) -> None:
    params = filled(shapes, seed)
    value, grads = value_and_grad(wavy)(params, scale=scale)
    leaves = [leaf.clone().requires_grad_() for leaf in tree.leaves(params)]
    expected = wavy(tree.unflatten(params, leaves), scale)
    assert torch.equal(value, expected)
    assert_equal_trees(grads, tree.unflatten(params, torch.autograd.grad(expected, leaves)))
    assert tree.paths(grads) == tree.paths(params)
    assert not any(leaf.requires_grad for leaf in (value, *tree.leaves((grads, params))))


def test_the_gradient_is_with_respect_to_the_first_argument_only() -> None:
    value, grad = value_and_grad(lambda a, b: (a * b).sum())(torch.tensor(2.0), torch.tensor(5.0))
    assert (value, grad) == (10, 5)


def test_aux_is_returned_with_the_value_and_without_a_gradient() -> None:
    def f(x: Tensor, exponent: int) -> tuple[Tensor, dict[str, Tensor]]:
        y = x**exponent
        return y.sum(), {"y": y}

    (value, aux), grad = value_and_grad(f, has_aux=True)(torch.tensor([1.0, 2.0]), 3)
    assert value == 9
    assert torch.equal(aux["y"], torch.tensor([1.0, 8.0]))
    assert torch.equal(grad, torch.tensor([3.0, 12.0]))
    assert not aux["y"].requires_grad


def test_it_composes_with_itself_to_second_derivatives() -> None:
    cube = value_and_grad(lambda x: x**3)
    slope, curvature = value_and_grad(lambda x: cube(x)[1])(torch.tensor(2.0))
    assert (slope, curvature) == (12, 12)


def test_a_function_whose_value_is_not_a_scalar_is_refused() -> None:
    with pytest.raises(RuntimeError, match="scalar"):
        value_and_grad(lambda x: 2 * x)(torch.ones(2))


def network_loss(params: Any, state: Any, images: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(NET.apply(params, state, images)[0], labels)


def test_gradients_of_a_network_are_those_of_backward() -> None:
    ts, batch = fresh(), random_batch()
    _, grads = value_and_grad(network_loss)(ts.params, ts.state, *batch)
    params = tree.map(lambda p: p.clone().requires_grad_(), ts.params)
    network_loss(params, ts.state, *batch).backward()
    assert_equal_trees(grads, tree.map(lambda p: p.grad, params))


def test_gradients_of_single_examples_are_a_vmap() -> None:
    ts, (images, labels) = fresh(), random_batch(5)
    params, state, images = tree.map(lambda x: x.double(), (ts.params, ts.state, images))
    gradient = value_and_grad(network_loss)
    each = torch.vmap(gradient, in_dims=(None, None, 0, 0))(
        params, state, images[:, None], labels[:, None]
    )
    for i in range(5):
        one = gradient(params, state, images[i : i + 1], labels[i : i + 1])
        for a, b in zip(tree.leaves(each), tree.leaves(one), strict=True):
            torch.testing.assert_close(a[i], b, rtol=0, atol=1e-14)  # sums in another order


def test_the_gradient_of_a_batch_is_the_mean_of_its_examples_gradients() -> None:
    """Cross-entropy is a mean, and in evaluation mode examples are independent."""
    ts, (images, labels) = fresh(), random_batch(5)
    params, state, images = tree.map(lambda x: x.double(), (ts.params, ts.state, images))
    gradient = value_and_grad(network_loss)
    whole = gradient(params, state, images, labels)
    each = torch.vmap(gradient, in_dims=(None, None, 0, 0))(
        params, state, images[:, None], labels[:, None]
    )
    for a, b in zip(tree.leaves(whole), tree.leaves(each), strict=True):
        torch.testing.assert_close(a, b.mean(0), rtol=0, atol=1e-14)


def test_a_loss_and_its_gradients_compile_without_a_break() -> None:
    ts, batch = fresh(), random_batch()
    gradient = value_and_grad(network_loss)
    compiled = torch.compile(gradient, fullgraph=True, backend="aot_eager")
    for a, b in zip(
        tree.leaves(compiled(ts.params, ts.state, *batch)),
        tree.leaves(gradient(ts.params, ts.state, *batch)),
        strict=True,
    ):
        torch.testing.assert_close(a, b)  # float32; a compiler may reorder sums


# --- make_train_step ---------------------------------------------------------------------------


def test_a_step_is_gradient_then_update() -> None:
    ts, (images, labels) = fresh(), random_batch()

    def loss(params: Any) -> tuple[Tensor, tuple[Tensor, Any]]:
        scores, state = NET.apply(params, ts.state, images, rng=generator(1), train=True)
        return F.cross_entropy(scores, labels), (scores, state)

    (value, (scores, state)), grads = value_and_grad(loss, has_aux=True)(ts.params)
    updates, opt_state = OPT.update(grads, ts.opt_state, ts.params)
    after, metrics = STEP(ts, (images, labels), generator(1))
    assert_equal_trees(
        after, TrainState(1, optim.apply_updates(ts.params, updates), state, opt_state)
    )
    assert metrics.keys() == {"loss", "accuracy"}
    assert torch.equal(metrics["loss"], value)
    assert torch.equal(metrics["accuracy"], (scores.argmax(1) == labels).float().mean())


def test_a_step_changes_nothing_but_the_generator() -> None:
    ts, batch, rng = fresh(), random_batch(), generator(1)
    before = tree.map(lambda x: torch.as_tensor(x).clone(), (ts, batch))
    global_state = torch.get_rng_state()
    first, _ = STEP(ts, batch, rng)
    assert_equal_trees((ts, batch), before)
    assert torch.equal(torch.get_rng_state(), global_state)
    assert not torch.equal(rng.get_state(), generator(1).get_state())
    second, _ = STEP(ts, batch, generator(1))
    assert_equal_trees(first, second)


def test_a_step_leaves_no_graph_behind() -> None:
    ts, metrics = STEP(fresh(), random_batch(), generator(1))
    leaves = [x for x in tree.leaves((ts, metrics)) if isinstance(x, Tensor)]
    assert not any(x.requires_grad for x in leaves)


def test_a_step_trains_in_training_mode() -> None:
    start, (images, labels) = fresh(), random_batch(64)
    ts, metrics = STEP(start, (images, labels), generator(1))
    assert not torch.equal(ts.state[1]["mean"], start.state[1]["mean"])
    assert metrics["loss"] != STEP(start, (images, labels), generator(2))[1]["loss"]
    with pytest.raises(ValueError, match=r"dropout\(0.3\) needs rng"):
        STEP(start, (images, labels), None)


def test_any_loss_of_scores_and_labels_works() -> None:
    def squared_error(scores: Tensor, labels: Tensor) -> Tensor:
        return (scores.squeeze(1) - labels).square().mean()

    net, opt = layers.linear(1), optim.sgd(0.1)
    step = train.make_train_step(net, squared_error, opt)
    params = {"weight": torch.tensor([[1.0]]), "bias": torch.tensor([0.0])}
    ts = TrainState(0, params, (), opt.init(params))
    ts, metrics = step(ts, (torch.tensor([[2.0]]), torch.tensor([5])), None)
    # Error −3: d/dw = 2 · −3 · 2 = −12, d/db = −6
    assert metrics["loss"] == 9
    torch.testing.assert_close(ts.params["weight"], torch.tensor([[2.2]]))
    torch.testing.assert_close(ts.params["bias"], torch.tensor([0.6]))


@pytest.mark.parametrize("opt", [optim.sgd(0.3, momentum=0.9), optim.adam(0.03), optim.adamw(0.03)])
def test_steps_overfit_a_batch(opt: optim.Transform) -> None:
    net = layers.sequential(layers.flatten(), layers.linear(16), layers.relu(), layers.linear(3))
    params, state, _ = net.init(generator(0), IN_SHAPE)
    step = train.make_train_step(net, F.cross_entropy, opt)
    start = TrainState(0, params, state, opt.init(params))
    losses = [logs["loss"] for _, logs in train.fit(step, start, [random_batch(12)] * 60, None)]
    assert losses[0] > 1  # log 3 is the loss of a uniform guess
    assert losses[-1] < 0.1


# --- fit ---------------------------------------------------------------------------------------


def counted(seen: list[int], batches: int) -> Iterator[tuple[Tensor, Tensor]]:
    for i in range(batches):
        seen.append(i)
        yield random_batch(seed=i)


def test_fit_is_lazy_and_yields_every_step() -> None:
    seen: list[int] = []
    run = train.fit(STEP, fresh(), counted(seen, 3), generator(1))
    assert seen == []
    ts, rng = fresh(), generator(1)
    for i, (actual, logs) in enumerate(run):
        assert seen == list(range(i + 1))  # a batch is not fetched before its step
        ts, expected_logs = STEP(ts, random_batch(seed=i), rng)
        assert_equal_trees((actual, logs), (ts, expected_logs))
    assert len(seen) == ts.step == 3


def test_fit_without_batches_yields_nothing() -> None:
    assert list(train.fit(STEP, fresh(), [], generator(1))) == []


@given(st.integers(0, 4), st.integers(0, 4))
def test_stopping_and_resuming_equals_uninterrupted_training(first: int, second: int) -> None:
    batches = [random_batch(seed=i) for i in range(first + second)]
    start, rng = fresh(), generator(1)
    *_, (whole, _) = [(start, {}), *train.fit(STEP, start, batches, generator(1))]
    *_, (half, _) = [(start, {}), *train.fit(STEP, start, batches[:first], rng)]
    *_, (rest, _) = [(half, {}), *train.fit(STEP, half, batches[first:], rng)]
    assert_equal_trees(rest, whole)


# --- predict and evaluate ----------------------------------------------------------------------

PASS_ON = layers.relu()  # a model that returns its input, which is the scores


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), seeds)
def test_evaluation_counts_every_example_once_however_they_are_cut(
    sizes: list[int], seed: int
) -> None:
    """A mean of batch means would give the examples of small batches more weight."""
    scores = torch.rand(sum(sizes), CLASSES, dtype=torch.float64, generator=generator(seed))
    labels = torch.randint(CLASSES, (sum(sizes),), generator=generator(seed))
    batches = list(zip(scores.split(sizes), labels.split(sizes), strict=True))
    results = train.evaluate(PASS_ON, (), (), batches)
    right = sum(int(s.argmax() == t) for s, t in zip(scores, labels, strict=True))
    surprises = [-s.softmax(0)[t].log().item() for s, t in zip(scores, labels, strict=True)]
    assert results["accuracy"] == pytest.approx(right / len(labels), rel=1e-6)  # float32
    assert results["loss"] == pytest.approx(sum(surprises) / len(labels), rel=1e-12)
    assert results == train.evaluate(PASS_ON, (), (), [(scores, labels)])
    assert all(type(value) is float for value in results.values())


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_predict_keeps_the_order(sizes: list[int]) -> None:
    labels = torch.arange(sum(sizes))
    scores = labels[:, None].double().expand(-1, CLASSES)
    batches = zip(scores.split(sizes), labels.split(sizes), strict=True)
    predicted, returned = train.predict(PASS_ON, (), (), batches)
    assert torch.equal(predicted, scores)
    assert torch.equal(returned, labels)


def test_evaluate_takes_any_loss() -> None:
    batches = [random_batch(4)]
    ts = fresh()
    smoothed = train.evaluate(
        NET, ts.params, ts.state, batches, lambda s, t: F.cross_entropy(s, t, label_smoothing=0.5)
    )
    scores, _ = NET.apply(ts.params, ts.state, batches[0][0])
    expected = F.cross_entropy(scores, batches[0][1], label_smoothing=0.5)
    assert smoothed["loss"] == expected.item()


def test_evaluation_is_outside_training_and_changes_nothing() -> None:
    ts, batches = fresh(), [random_batch(4)]
    before = tree.map(torch.clone, (ts.params, ts.state, tuple(batches)))
    global_state = torch.get_rng_state()
    scores, _ = train.predict(NET, ts.params, ts.state, batches)
    assert train.evaluate(NET, ts.params, ts.state, batches) == train.evaluate(
        NET, ts.params, ts.state, batches
    )
    assert torch.equal(scores, NET.apply(ts.params, ts.state, batches[0][0], train=False)[0])
    assert not scores.requires_grad
    assert_equal_trees((ts.params, ts.state, tuple(batches)), before)
    assert torch.equal(torch.get_rng_state(), global_state)


def test_parameters_that_ask_for_gradients_leave_no_graph_in_predictions() -> None:
    ts = fresh()
    params = tree.map(lambda p: p.clone().requires_grad_(), ts.params)
    scores, _ = train.predict(NET, params, ts.state, [random_batch()])
    assert not scores.requires_grad


@pytest.mark.parametrize("function", [train.predict, train.evaluate])
def test_evaluating_no_batches_is_refused(function: Any) -> None:
    with pytest.raises(ValueError, match="batches must hold at least one batch, got none"):
        function(PASS_ON, (), (), [])
