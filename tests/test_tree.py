"""Trees: nested dicts and tuples."""

from collections import OrderedDict
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import tree


class Moments(NamedTuple):
    mean: Any
    variance: Any


def trees(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw nested dicts, tuples and NamedTuples over leaves."""
    keys = st.text("abcxyz", min_size=1, max_size=3)

    def extend(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(
            st.dictionaries(keys, children, max_size=3),
            st.lists(children, max_size=3).map(tuple),
            st.builds(Moments, children, children),
        )

    return st.recursive(leaf, extend, max_leaves=12)


def reordered(node: Any) -> Any:
    """Reverse the order of every dict."""
    if isinstance(node, dict):
        return {key: reordered(node[key]) for key in reversed(node)}
    if isinstance(node, Moments):
        return Moments(reordered(node.mean), reordered(node.variance))
    return tuple(reordered(child) for child in node) if isinstance(node, tuple) else node


def same(a: Any, b: Any) -> bool:
    """Equal in values, in types and in the order of dicts."""
    return repr(a) == repr(b)


numbers = st.integers(-100, 100)


@given(trees(numbers))
def test_map_of_the_identity_is_the_same_tree(t: Any) -> None:
    assert same(tree.map(lambda leaf: leaf, t), t)


@given(trees(numbers))
def test_map_of_a_composition_is_the_composition_of_maps(t: Any) -> None:
    twice = tree.map(lambda leaf: 2 * leaf, tree.map(lambda leaf: leaf + 1, t))
    assert same(twice, tree.map(lambda leaf: 2 * (leaf + 1), t))


@given(trees(numbers))
def test_map_many_makes_the_trees_that_one_map_each_would_make(t: Any) -> None:
    both = tree.map_many(2, lambda leaf, other: (leaf + other, leaf - other), t, t)
    assert len(both) == 2
    assert same(both[0], tree.map(lambda leaf: 2 * leaf, t))
    assert same(both[1], tree.map(lambda leaf: 0, t))


@given(trees(numbers))
def test_unflatten_inverts_flatten(t: Any) -> None:
    leaves, structure = tree.flatten(t)
    assert leaves == tree.leaves(t)
    assert same(tree.unflatten(structure, leaves), t)
    assert same(tree.unflatten(t, iter(leaves)), t)


@given(trees(numbers))
def test_the_structure_does_not_depend_on_the_leaves(t: Any) -> None:
    assert same(tree.flatten(t)[1], tree.flatten(tree.map(str, t))[1])
    assert set(tree.leaves(tree.flatten(t)[1])) <= {None}


@given(trees(numbers))
def test_rest_trees_are_matched_by_key_whatever_the_order_of_their_dicts(t: Any) -> None:
    other = reordered(tree.map(lambda leaf: 10 * leaf, t))
    assert same(tree.map(lambda a, b: a + b, t, other), tree.map(lambda leaf: 11 * leaf, t))


@given(trees(numbers))
def test_leaves_like_lists_them_in_the_order_of_the_other_tree(t: Any) -> None:
    assert tree.leaves_like(t, reordered(t)) == tree.leaves(t)
    assert tree.leaves_like(reordered(t), t) == tree.leaves(reordered(t))


def test_leaves_like_refuses_a_tree_of_another_structure() -> None:
    with pytest.raises(ValueError, match="trees differ at 'a': expected leaf, got tuple"):
        tree.leaves_like({"a": 1}, {"a": (1,)})


@given(trees(numbers))
def test_a_path_leads_to_its_leaf(t: Any) -> None:
    assert len(tree.paths(t)) == len(tree.leaves(t))
    for path, leaf in zip(tree.paths(t), tree.leaves(t), strict=True):
        node = t
        for key in path.split("/") if path else ():
            if isinstance(node, Moments):
                node = getattr(node, key)
            else:
                node = node[key] if isinstance(node, dict) else node[int(key)]
        assert node == leaf


def test_paths_are_keys_indices_and_field_names() -> None:
    t = {"opt": Moments((1, 2), 3), "params": ({"weight": 4},)}
    assert tree.paths(t) == ("opt/mean/0", "opt/mean/1", "opt/variance", "params/0/weight")
    assert tree.paths(5) == ("",)


def test_anything_that_is_neither_dict_nor_tuple_is_a_leaf() -> None:
    x = torch.zeros(3)
    leaves = tree.leaves({"a": None, "b": "text", "c": x})
    assert leaves[:2] == (None, "text")
    assert leaves[2] is x


def test_empty_containers_have_no_leaves_and_stay() -> None:
    t = {"relu": (), "flatten": {}}
    assert tree.leaves(t) == ()
    assert tree.map(str, t) == t


def test_an_ordered_dict_is_a_dict() -> None:
    t = OrderedDict(b=1, a=2)
    assert same(tree.map(lambda leaf: leaf + 1, t), {"b": 2, "a": 3})


@pytest.mark.parametrize("node", [[1], {1}, frozenset({1})])
def test_a_list_or_set_is_refused_with_its_path(node: Any) -> None:
    kind = type(node).__name__
    message = rf"make the {kind} at 'params/0' a tuple"
    for function in (tree.leaves, tree.paths, tree.flatten, lambda t: tree.map(str, t)):
        with pytest.raises(TypeError, match=message):
            function({"params": (node,)})
    with pytest.raises(TypeError, match=message):
        tree.map(lambda a, b: a, {"params": (1,)}, {"params": (node,)})
    with pytest.raises(TypeError, match="at the root"):
        tree.leaves(node)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            {"a": 1},
            {"b": 1},
            r"the root: expected dict with keys \['a'\], got dict with keys \['b'\]",
        ),
        ({"a": (1, 2)}, {"a": (1,)}, r"'a': expected tuple with keys \[0, 1\], got .* \[0\]"),
        ({"a": (1, {"b": 2})}, {"a": (1, 2)}, r"'a/1': expected dict with keys \['b'\], got leaf"),
        ({"a": (1, 2)}, {"a": (1, (2,))}, r"'a/1': expected leaf, got tuple with keys \[0\]"),
        (
            (Moments(1, 2),),
            ((1, 2),),
            r"'0': expected Moments with keys \['mean', 'variance'\], got",
        ),
        (((),), ({},), r"'0': expected tuple with keys \[\], got dict with keys \[\]"),
    ],
)
def test_trees_that_differ_are_refused_with_the_path(first: Any, second: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"trees differ at {message}"):
        tree.map(lambda a, b: a, first, second)


@pytest.mark.parametrize("leaves", [(), (1,), (1, 2, 3)])
def test_unflatten_counts_the_leaves(leaves: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"leaves must be 2, .* got {len(leaves)}"):
        tree.unflatten({"a": None, "b": (None,)}, leaves)


def test_map_works_under_vmap_and_grad() -> None:
    ensemble = {"weight": torch.arange(6.0).reshape(3, 2), "moments": Moments(torch.ones(3), ())}

    def total(t: Any) -> torch.Tensor:
        return torch.stack([leaf.sum() for leaf in tree.leaves(tree.map(torch.square, t))]).sum()

    grads = torch.func.vmap(torch.func.grad(total))(ensemble)
    assert isinstance(grads["moments"], Moments)
    assert torch.equal(grads["weight"], 2 * ensemble["weight"])
