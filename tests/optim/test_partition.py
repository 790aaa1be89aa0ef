"""Several optimizers for one network: torch's parameter groups, and parts that stay as they are."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import optim, tree
from minicnn.optim import schedules

SHAPES = ((), (3,), (2, 4), (0, 2))
LABELS = ("a", "b", "c")
PARAMS = ({"weight": torch.ones(2), "bias": torch.ones(1)}, (), {"weight": torch.ones(3)})
PATHS = ("0/weight", "0/bias", "2/weight")

# Trees of an index into SHAPES and a label, such as "2a".
templates = st.recursive(
    st.builds("{}{}".format, st.sampled_from(range(len(SHAPES))), st.sampled_from(LABELS)),
    lambda t: st.lists(t, max_size=3).map(tuple) | st.dictionaries(st.sampled_from("xyz"), t),
    max_leaves=6,
).filter(tree.leaves)


def random_like(template: Any, seed: int) -> Any:
    rng = torch.Generator().manual_seed(seed)
    return tree.map(
        lambda t: torch.randn(SHAPES[int(t[0])], dtype=torch.float64, generator=rng), template
    )


OPTIMIZERS = {
    "a": (optim.adam(schedules.cosine(0.1, 8), weight_decay=0.1), torch.optim.Adam, 0.1),
    "b": (optim.adam(0.01, amsgrad=True), torch.optim.Adam, 0.01),
    "c": (optim.sgd(0.05, 0.9, weight_decay=0.2), torch.optim.SGD, 0.05),
}
OPTIONS = {
    "a": {"weight_decay": 0.1},
    "b": {"amsgrad": True},
    "c": {"momentum": 0.9, "weight_decay": 0.2},
}


@given(templates, st.booleans(), st.integers(0, 99))
def test_partition_takes_the_steps_of_one_torch_optimizer_a_label(
    template: Any, by_path: bool, seed: int
) -> None:
    """Adam bit for bit, SGD to rounding; each label with its own rate, schedule and decay."""
    params = random_like(template, seed)
    label_tree = tree.map(lambda t: t[1], template)
    found = tree.leaves(label_tree)
    by_paths = dict(zip(tree.paths(params), found, strict=True))
    used = {label: OPTIMIZERS[label][0] for label in LABELS if label in found}
    opt = optim.partition(used, by_paths.__getitem__ if by_path else label_tree)
    theirs = [p.clone() for p in tree.leaves(params)]
    twins = {}
    for label in used:
        group = [p for p, own in zip(theirs, found, strict=True) if own == label]
        twins[label] = OPTIMIZERS[label][1](group, lr=OPTIMIZERS[label][2], **OPTIONS[label])
    state = opt.init(params)
    for step in range(6):
        grads = random_like(template, seed + step)
        for p, g in zip(theirs, tree.leaves(grads), strict=True):
            p.grad = g.clone()
        for label, twin in twins.items():
            if label == "a":
                twin.param_groups[0]["lr"] = schedules.cosine(0.1, 8)(step)
            twin.step()
        updates, state = opt.update(grads, state, params)
        params = optim.apply_updates(params, updates)
        for ours, expected, label in zip(tree.leaves(params), theirs, found, strict=True):
            if label == "c":
                torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-13)
            else:
                assert torch.equal(ours, expected)


def test_two_learning_rates_are_torchs_param_groups() -> None:
    params = random_like(("1a", "2b"), 0)
    theirs = [p.clone() for p in params]
    twin = torch.optim.Adam([{"params": theirs[:1], "lr": 0.1}, {"params": theirs[1:]}], lr=0.01)
    opt = optim.partition({"head": optim.adam(0.1), "rest": optim.adam(0.01)}, ("head", "rest"))
    state = opt.init(params)
    for step in range(5):
        grads = random_like(("1a", "2b"), step)
        for p, g in zip(theirs, grads, strict=True):
            p.grad = g.clone()
        twin.step()
        updates, state = opt.update(grads, state, params)
        params = optim.apply_updates(params, updates)
    assert all(map(torch.equal, params, theirs))


@given(templates, st.integers(0, 99))
def test_what_is_frozen_does_not_move_and_the_rest_does_not_notice(
    template: Any, seed: int
) -> None:
    """Neither by the gradient, nor by weight decay, nor by momentum."""
    params, grads = random_like(template, seed), random_like(template, seed + 1)
    labels = tree.map(lambda t: "still" if t[1] == "a" else "rest", template)
    found = tree.leaves(labels)
    decaying = optim.adamw(0.1, weight_decay=0.5)
    used = {"still": optim.freeze(), "rest": decaying}
    opt = optim.partition({k: t for k, t in used.items() if k in found}, labels)
    alone, after = params, params
    state, alone_state = opt.init(params), decaying.init(params)
    for _ in range(3):
        updates, state = opt.update(grads, state, after)
        after = optim.apply_updates(after, updates)
        updates, alone_state = decaying.update(grads, alone_state, alone)
        alone = optim.apply_updates(alone, updates)
    leaves = (tree.leaves(values) for values in (params, after, alone))
    for label, before, now, expected in zip(found, *leaves, strict=True):
        assert torch.equal(now, before if label == "still" else expected)


def test_freeze_at_the_end_of_a_chain_stops_everything() -> None:
    opt = optim.chain(optim.adamw(0.1, weight_decay=0.5), optim.freeze())
    updates, _ = opt.update(PARAMS, opt.init(PARAMS), PARAMS)
    assert not any(u.any() for u in tree.leaves(updates))


def test_clipping_inside_counts_its_own_part_and_outside_the_whole() -> None:
    params = (torch.zeros(1), torch.zeros(1))
    grads = (torch.tensor([3.0]), torch.tensor([4.0]))
    step, clip = optim.sgd(1.0), optim.clip_by_global_norm(1.0)
    inside = optim.partition({"a": optim.chain(clip, step), "b": step}, ("a", "b"))
    updates, _ = inside.update(grads, inside.init(params), params)
    torch.testing.assert_close(updates, (torch.tensor([-1.0]), torch.tensor([-4.0])))
    outside = optim.chain(clip, optim.partition({"a": step, "b": step}, ("a", "b")))
    updates, _ = outside.update(grads, outside.init(params), params)
    torch.testing.assert_close(updates, (torch.tensor([-0.6]), torch.tensor([-0.8])))


def test_partitions_nest_and_see_the_paths_of_the_whole_tree() -> None:
    seen: list[str] = []

    def label(path: str) -> str:
        seen.append(path)
        return "bias" if path.endswith("bias") else "weight"

    kinds = optim.partition({"bias": optim.sgd(1.0), "weight": optim.sgd(2.0)}, label)
    opt = optim.partition(
        {"first": kinds, "rest": optim.sgd(3.0)},
        lambda path: "first" if path.startswith("0/") else "rest",
    )
    updates, _ = opt.update(PARAMS, opt.init(PARAMS), PARAMS)
    assert set(seen) == {"0/weight", "0/bias"}
    assert [u[0].item() for u in tree.leaves(updates)] == [-2.0, -1.0, -3.0]


def test_an_average_after_a_partition_is_of_all_parameters() -> None:
    rates = {"a": optim.sgd(1.0), "b": optim.freeze()}
    opt = optim.chain(
        optim.partition(rates, lambda path: "a" if "weight" in path else "b"), optim.ema(0.5)
    )
    _, state = opt.update(PARAMS, opt.init(PARAMS), PARAMS)
    assert tree.paths(optim.averaged(state)) == PATHS


ONE = {"a": optim.sgd(1.0)}
NOT_TRANSFORMS: list[Any] = [{}, None, [optim.sgd(1.0)], optim.sgd(1.0)]


@pytest.mark.parametrize("transforms", NOT_TRANSFORMS)
def test_transforms_must_be_a_dict_with_something_in_it(transforms: Any) -> None:
    with pytest.raises(TypeError, match="transforms must be a dict of label -> Transform, at"):
        optim.partition(transforms, "a")


def test_each_must_be_a_transform() -> None:
    not_made: Any = optim.sgd
    with pytest.raises(
        TypeError, match=r"partition takes Transforms, such as sgd.*, got <function"
    ):
        optim.partition({"a": not_made}, "a")


@pytest.mark.parametrize("label", ["", "a/b", 3, None])
def test_a_label_must_be_a_key_of_a_checkpoint(label: Any) -> None:
    with pytest.raises(ValueError, match="a label must be a string without '/', not empty, got"):
        optim.partition({label: optim.sgd(1.0)}, label)


@pytest.mark.parametrize(
    ("transforms", "labels", "message"),
    [
        (ONE, ("a", (), "a"), "labels must match params: trees differ at '0': expected dict"),
        (ONE, "a", r"labels must match params: trees differ at the root: expected tuple .* leaf"),
        (ONE, {"0": "a"}, "labels must match params: trees differ at the root"),
        (ONE, lambda path: "b", "labels must be among 'a', got 'b' for '0/weight'"),
        (ONE, lambda path: None, "labels must be among 'a', got None for '0/weight'"),
        (ONE, lambda path: ["a"], r"labels must be among 'a', got \['a'\] for '0/weight'"),
        (
            ONE,
            ({"weight": "a", "bias": 0}, (), {"weight": "a"}),
            "labels must be among 'a', got 0 for '0/bias'",
        ),
        (
            {**ONE, "frist": optim.freeze()},
            lambda path: "frist" if path.startswith("first") else "a",
            "labels must give each transform a parameter, but none has the label 'frist': "
            "the parameters are '0/weight', '0/bias', '2/weight'",
        ),
    ],
)
def test_labels_that_fit_nothing_are_refused_at_init(
    transforms: Any, labels: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as error:
        optim.partition(transforms, labels).init(PARAMS)
    assert "\n" not in str(error.value)


def test_a_list_of_labels_is_refused_as_every_list_in_a_tree() -> None:
    with pytest.raises(TypeError, match="a tree consists of dicts and tuples: make the list"):
        optim.partition(ONE, ["a", (), "a"]).init(PARAMS)
