"""Properties of every optimizer: pure functions over trees, which check their arguments."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import optim, parallel, tree
from minicnn.runs import checkpoint

OPTIMIZERS = {
    "sgd": optim.sgd(0.1),
    "sgd with nesterov momentum": optim.sgd(0.1, 0.9, weight_decay=0.1, nesterov=True),
    "adam": optim.adam(0.1, weight_decay=0.1, amsgrad=True, maximize=True),
    "adamw": optim.adamw(0.1),
    "chain": optim.chain(optim.clip_by_global_norm(0.5), optim.adam(0.1), optim.ema(0.9)),
    "links": optim.chain(optim.maximize(), optim.weight_decay(0.1), optim.sgd(0.1)),
    "partition": optim.partition(
        {"some": optim.adam(0.1, weight_decay=0.1), "rest": optim.sgd(0.1, 0.9)},
        lambda path: "some" if path in ("conv/weight", "second") else "rest",
    ),
    "accumulate": optim.accumulate(optim.chain(optim.adam(0.1), optim.ema(0.9)), every=2),
}
every_optimizer = pytest.mark.parametrize("opt", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())

PARAMS = {
    "conv": {"weight": torch.linspace(-1, 1, 8).reshape(2, 4)},
    "relu": (),
    "bias": (torch.ones(3),),
}
GRADS = tree.map(lambda p: (3 * p).sin(), PARAMS)


def run(opt: optim.Transform, params: Any, grads: Any, steps: int = 4) -> tuple[Any, Any]:
    state = opt.init(params)
    for _ in range(steps):
        updates, state = opt.update(grads, state, params)
        params = optim.apply_updates(params, updates)
    return params, state


@every_optimizer
def test_update_is_pure(opt: optim.Transform) -> None:
    _, state = run(opt, PARAMS, GRADS)
    arguments = (GRADS, state, PARAMS)
    before = tree.map(torch.clone, arguments)
    first, second = opt.update(*arguments), opt.update(*arguments)
    for a, b in zip(tree.leaves(before), tree.leaves(arguments), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(tree.leaves(first), tree.leaves(second), strict=True):
        assert torch.equal(a, b)


@every_optimizer
def test_updates_and_state_keep_structure_shapes_and_dtypes(opt: optim.Transform) -> None:
    initial = opt.init(PARAMS)
    updates, state = opt.update(GRADS, initial, PARAMS)
    for new, old in ((updates, PARAMS), (state, initial)):
        assert tree.flatten(new)[1] == tree.flatten(old)[1]
        for a, b in zip(tree.leaves(new), tree.leaves(old), strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)


def reordered(node: Any) -> Any:
    """Reverse the order of every dict."""
    if isinstance(node, dict):
        return {key: reordered(node[key]) for key in reversed(node)}
    if isinstance(node, tuple):
        children = map(reordered, node)
        return type(node)(*children) if hasattr(node, "_fields") else tuple(children)
    return node


@every_optimizer
def test_dicts_may_be_in_any_order(opt: optim.Transform) -> None:
    """Keys may have been sorted when a tree was stored: only the names matter, not the order."""
    params = {"second": torch.tensor([4.0, 5.0]), "first": torch.tensor([-8.0, 1.0])}
    grads = tree.map(torch.sin, params)
    _, state = run(opt, params, grads)
    arguments = (grads, state, params)
    expected = opt.update(*arguments)
    for i in range(3):
        changed = [reordered(a) if k == i else a for k, a in enumerate(arguments)]
        actual = tree.leaves_like(expected, opt.update(*changed))
        for a, b in zip(tree.leaves(expected), actual, strict=True):
            assert torch.equal(a, b)


@every_optimizer
def test_parameters_without_leaves_are_fine(opt: optim.Transform) -> None:
    assert run(opt, {"relu": ()}, {"relu": ()})[0] == {"relu": ()}


@every_optimizer
def test_an_ensemble_trains_under_vmap(opt: optim.Transform) -> None:
    # All members share one count; everything else has a leading axis of members.
    axes = tree.map(lambda leaf: None if leaf.dtype == torch.int64 else 0, opt.init(PARAMS))
    members = [tree.map(lambda p, scale=scale: scale * p, PARAMS) for scale in (-1.0, 0.5, 2.0)]
    ensemble = tree.map(lambda *ps: torch.stack(ps), *members)
    grads = tree.map(torch.sin, ensemble)
    state = torch.vmap(opt.init, out_dims=axes)(ensemble)
    update = torch.vmap(opt.update, in_dims=(0, axes, 0), out_dims=(0, axes))
    params = ensemble
    for _ in range(4):
        updates, state = update(grads, state, params)
        params = optim.apply_updates(params, updates)
    for i, member in enumerate(members):
        alone, _ = run(opt, member, tree.map(torch.sin, member))
        torch.testing.assert_close(tree.map(lambda p, i=i: p[i], params), alone)


@every_optimizer
def test_vmap_may_map_over_the_gradients_alone(opt: optim.Transform) -> None:
    """Several gradients at the same parameters, from the same state."""
    _, state = run(opt, PARAMS, GRADS)
    scales = torch.tensor([-1.0, 0.5, 2.0])

    def updates_for(scale: torch.Tensor) -> Any:
        return opt.update(tree.map(lambda g: scale * g, GRADS), state, PARAMS)[0]

    together = torch.vmap(updates_for)(scales)
    for i, scale in enumerate(scales):
        alone = tree.map(lambda u, i=i: u[i], together)
        torch.testing.assert_close(alone, updates_for(scale))


@pytest.mark.parametrize("name", ["sgd with nesterov momentum", "adam", "adamw"])
def test_the_state_counts_updates_in_an_int64_scalar_on_the_cpu(name: str) -> None:
    _, state = run(OPTIMIZERS[name], PARAMS, GRADS, steps=3)
    assert torch.equal(state.count, torch.tensor(3))
    assert state.count.device.type == "cpu"


@every_optimizer
def test_differentiating_through_training_gives_the_derivative(opt: optim.Transform) -> None:
    def trained(scale: torch.Tensor) -> torch.Tensor:
        start = tree.map(lambda p: scale * p.double(), PARAMS)
        params, _ = run(opt, start, tree.map(torch.sin, start), steps=2)
        return torch.stack([p.square().sum() for p in tree.leaves(params)]).sum()

    scale = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(trained, scale)


@pytest.mark.parametrize(
    ("opt", "steps"),
    [
        (optim.sgd(lambda step: 10.0**step), [-1.0, -10.0, -100.0]),
        (optim.adam(lambda step: 2.0**step, eps=0.0), [-1.0, -2.0, -4.0]),
    ],
)
def test_the_first_update_uses_step_0_of_a_schedule(
    opt: optim.Transform, steps: list[float]
) -> None:
    params, state = torch.zeros(1), opt.init(torch.zeros(1))
    for expected in steps:
        updates, state = opt.update(torch.ones(1), state, params)
        torch.testing.assert_close(updates, torch.tensor([expected]))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.5])
@pytest.mark.parametrize("make", [optim.sgd, optim.adam, optim.adamw])
def test_an_invalid_schedule_value_is_refused_at_its_step(
    make: Callable[..., optim.Transform], value: float
) -> None:
    opt = make(lambda step: value if step == 1 else 0.1)
    _, state = opt.update(GRADS, opt.init(PARAMS), PARAMS)
    message = rf"lr\(step=1\) must be a finite number of at least 0, got {value}"
    with pytest.raises(ValueError, match=message):
        opt.update(GRADS, state, PARAMS)


LINKS = {
    **OPTIMIZERS,
    "clip_by_global_norm": optim.clip_by_global_norm(1.0),
    "ema": optim.ema(0.9),
    "maximize": optim.maximize(),
    "weight_decay": optim.weight_decay(0.1),
    "freeze": optim.freeze(),
    "average_gradients": parallel.average_gradients(parallel.Processes(0, 1)),
    "ema first": optim.chain(optim.ema(0.9), optim.sgd(0.1)),
    "freeze last": optim.chain(optim.sgd(0.1), optim.freeze()),
    "accumulated clipping": optim.accumulate(optim.clip_by_global_norm(1.0), 3),
}


def test_every_transform_is_among_the_links() -> None:
    makers = {
        name
        for name in optim.__all__
        if getattr(getattr(optim, name), "__annotations__", {}).get("return") is optim.Transform
    }
    assert all(any(name in link for link in LINKS) for name in makers)


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize(
    ("grads", "message"),
    [
        ({**GRADS, "conv": {}}, r"grads must match params: trees differ at 'conv': .*'weight'"),
        ({**GRADS, "bias": torch.ones(3)}, "grads must match params: trees differ at 'bias'"),
        (
            {**GRADS, "bias": (torch.ones(2, 3),)},
            r"'bias/0': expected torch.float32 of shape \(3,\), got .* of shape \(2, 3\)",
        ),
        ({**GRADS, "bias": (torch.ones(3).double(),)}, r"at 'bias/0': .* got torch.float64"),
        ({**GRADS, "bias": (0.5,)}, r"at 'bias/0': expected torch.float32 .*, got float"),
        ({**GRADS, "bias": (None,)}, r"at 'bias/0': expected torch.float32 .*, got NoneType"),
    ],
)
def test_gradients_that_do_not_match_the_parameters_are_refused(
    name: str, grads: Any, message: str
) -> None:
    opt = LINKS[name]
    with pytest.raises(ValueError, match=message):
        opt.update(grads, opt.init(PARAMS), PARAMS)


@pytest.mark.parametrize("name", LINKS)
def test_every_state_survives_a_checkpoint(name: str, tmp_path: Path) -> None:
    opt = LINKS[name]
    params, state = run(opt, PARAMS, GRADS, steps=3)
    checkpoint.save(tmp_path / "opt.pt", {"opt_state": state})
    loaded = checkpoint.load(tmp_path / "opt.pt", like={"opt_state": opt.init(PARAMS)})["opt_state"]
    assert tree.flatten(loaded)[1] == tree.flatten(state)[1]
    expected, actual = opt.update(GRADS, state, params), opt.update(GRADS, loaded, params)
    for a, b in zip(tree.leaves(expected), tree.leaves(actual), strict=True):
        assert torch.equal(a, b)


def test_updates_that_do_not_match_the_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="updates must match params: trees differ at 'b'"):
        optim.apply_updates({"a": (), "b": torch.ones(2)}, {"a": (), "b": torch.ones(1)})


def test_a_chain_feeds_each_transform_with_the_updates_of_the_one_before() -> None:
    double = optim.Transform(lambda params: (), lambda g, state, params: (2 * g, state))
    add_one = optim.Transform(lambda params: (), lambda g, state, params: (g + 1, state))
    opt = optim.chain(double, add_one, double)
    updates, state = opt.update(torch.tensor(5.0), opt.init(torch.tensor(0.0)), torch.tensor(0.0))
    assert float(updates) == 22.0
    assert state == ((), (), ())


def test_a_chain_keeps_the_new_state_of_each_transform() -> None:
    count = optim.Transform(lambda params: 0, lambda g, state, params: (g, state + 1))
    opt, zero = optim.chain(count, count), torch.tensor(0.0)
    state = opt.init(zero)
    for expected in ((1, 1), (2, 2)):
        _, state = opt.update(zero, state, zero)
        assert state == expected


def test_chain_takes_transforms_only() -> None:
    with pytest.raises(TypeError, match="chain takes Transforms"):
        optim.chain(optim.sgd(0.1), optim.adam)  # type: ignore[arg-type]


@given(
    st.sampled_from([optim.sgd, optim.adam]),
    st.just(0.0) | st.floats(1e-4, 0.5),
    st.booleans(),
    st.integers(0, 99),
)
def test_weight_decay_and_maximize_are_the_optimizers_options(
    make: Any, strength: float, uphill: bool, seed: int
) -> None:
    """Bit for bit, and maximize before the penalty, which stays a penalty."""
    rng = torch.Generator().manual_seed(seed)
    grads = tree.map(lambda p: torch.randn(p.shape, generator=rng), PARAMS)
    links = [optim.maximize()] * uphill + [optim.weight_decay(strength)]
    ours, _ = run(optim.chain(*links, make(0.1)), PARAMS, grads)
    whole, _ = run(make(0.1, weight_decay=strength, maximize=uphill), PARAMS, grads)
    for a, b in zip(tree.leaves(ours), tree.leaves(whole), strict=True):
        assert torch.equal(a, b)


def test_the_optimizers_built_of_links_have_the_state_that_they_have_without() -> None:
    for make in (optim.sgd, optim.adam, optim.adamw):
        plain, full = make(0.1), make(0.1, weight_decay=0.5, maximize=True)
        assert tree.flatten(plain.init(PARAMS))[1] == tree.flatten(full.init(PARAMS))[1]


NOT_NEGATIVE = "must be a finite number of at least 0, got"


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (optim.sgd, {"lr": -0.1}, f"lr {NOT_NEGATIVE} -0.1"),
        (optim.sgd, {"lr": float("nan")}, f"lr {NOT_NEGATIVE} nan"),
        (optim.sgd, {"lr": 0.1, "momentum": -1.0}, f"momentum {NOT_NEGATIVE}"),
        (optim.sgd, {"lr": 0.1, "weight_decay": -1.0}, f"weight_decay {NOT_NEGATIVE}"),
        (optim.weight_decay, {"strength": -1.0}, f"strength {NOT_NEGATIVE} -1.0"),
        (optim.weight_decay, {"strength": float("nan")}, f"strength {NOT_NEGATIVE} nan"),
        (optim.sgd, {"lr": 0.1, "dampening": float("inf")}, "dampening must be finite"),
        (optim.sgd, {"lr": 0.1, "nesterov": True}, "nesterov=True requires momentum"),
        (
            optim.sgd,
            {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "nesterov": True},
            "got momentum=0.9 and dampening=0.5",
        ),
        *(
            (make, arguments, message)
            for make in (optim.adam, optim.adamw)
            for arguments, message in (
                ({"lr": -1.0}, f"lr {NOT_NEGATIVE}"),
                ({"betas": (1.0, 0.9)}, r"betas\[0\] must be in \[0, 1\), got 1.0"),
                ({"betas": (0.9, -0.1)}, r"betas\[1\] must be in \[0, 1\), got -0.1"),
                ({"eps": -1e-8}, f"eps {NOT_NEGATIVE}"),
                ({"weight_decay": -1.0}, f"weight_decay {NOT_NEGATIVE}"),
            )
        ),
    ],
)
def test_arguments_outside_their_range_are_refused(
    make: Callable[..., optim.Transform], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**arguments)


@pytest.mark.parametrize(
    "arguments", [{"lr": "fast"}, {"lr": None}, {"betas": 0.9}, {"betas": (0.9,)}]
)
def test_arguments_of_the_wrong_type_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"{next(iter(arguments))} must be a"):
        optim.adam(**arguments)
