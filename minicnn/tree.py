"""Trees of tensors: nested dicts and tuples, the library's only data structure.

Parameters, layer states, gradients and optimizer states are all trees. A tree is

    tree = leaf | {key: tree, …} | (tree, …) | NamedTuple(tree, …)

so ``{}`` and ``()`` are trees without leaves, and anything that is neither dict nor tuple is a
leaf.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

Tree: TypeAlias = Any  # a recursive type would be harder to read
Place: TypeAlias = tuple[Any, ...]  # the keys that lead to a node

REFUSED = (list, set, frozenset)
NO_LEAVES = (dict, tuple, *REFUSED)


def map(f: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """Return a tree with the structure of ``tree`` and the leaves ``f(leaf, *leaves)``.

    Args:
        f: A function of one leaf of ``tree`` and the leaves at the same place in each of ``rest``.
        tree: The tree that defines the structure and the order of the leaves.
        rest: More trees of the same structure; their dicts may be in any order.

    Returns:
        A new tree; NamedTuples keep their type.

    Raises:
        TypeError: A tree contains a list or a set.
        ValueError: A tree in ``rest`` has a different structure; the message names the path.

    Example:
        >>> map(lambda p, u: p + u, {"weight": 1, "bias": (2,)}, {"weight": 10, "bias": (20,)})
        {'weight': 11, 'bias': (22,)}
    """
    columns = (leaves_like(tree, other) for other in (tree, *rest))
    return _build(tree, iter([f(*column) for column in zip(*columns, strict=True)]))


def map_many(
    outputs: int, f: Callable[..., tuple[Any, ...]], tree: Tree, *rest: Tree
) -> tuple[Tree, ...]:
    """Return several trees at once: the i-th is made of the i-th items of the tuples ``f`` returns.

    Args:
        outputs: The number of trees, the length of the tuples that ``f`` returns.
        f: A function of one leaf of ``tree`` and the leaves at the same place in each of ``rest``.
        tree: The tree that defines the structure.
        rest: More trees of the same structure.

    Returns:
        A tuple of ``outputs`` trees.

    Raises:
        TypeError, ValueError: As ``map``.

    Example:
        >>> map_many(2, divmod, {"weight": 7, "bias": (9,)}, {"weight": 2, "bias": (2,)})
        ({'weight': 3, 'bias': (4,)}, {'weight': 1, 'bias': (1,)})
    """
    columns = (leaves_like(tree, other) for other in (tree, *rest))
    results = [f(*column) for column in zip(*columns, strict=True)]
    return tuple(_build(tree, iter([result[i] for result in results])) for i in range(outputs))


def leaves(tree: Tree) -> tuple[Any, ...]:
    """Return the leaves, depth first, dicts in insertion order.

    Example:
        >>> leaves({"conv": {"weight": 1, "bias": 2}, "relu": (), "linear": (3, 4)})
        (1, 2, 3, 4)
    """
    return leaves_like(tree, tree)


def leaves_like(structure: Tree, tree: Tree) -> tuple[Any, ...]:
    """Return the leaves of ``tree`` in the order of ``structure``, a tree of the same structure.

    Raises:
        TypeError: A tree contains a list or a set.
        ValueError: The trees have different structures; the message names the path.

    Example:
        >>> leaves_like({"weight": None, "bias": None}, {"bias": 2, "weight": 1})
        (1, 2)
    """
    found: list[Any] = []
    if not _collect(structure, tree, found):
        raise next(_differences(structure, tree, ()))
    return tuple(found)


def paths(tree: Tree) -> tuple[str, ...]:
    """Return the path of each leaf, in the order of ``leaves``: keys, indices and field names.

    Example:
        >>> paths({"params": ({"weight": 1, "bias": 2}, (), {"weight": 3})})
        ('params/0/weight', 'params/0/bias', 'params/2/weight')
    """
    leaves(tree)  # raises if this is not a tree
    return tuple(_path(place) for place in _places(tree, ()))


def flatten(tree: Tree) -> tuple[tuple[Any, ...], Tree]:
    """Split a tree into its leaves and its structure: the same tree with ``None`` for each leaf.

    Example:
        >>> flatten({"weight": 1, "bias": (2, 3)})
        ((1, 2, 3), {'weight': None, 'bias': (None, None)})
    """
    return leaves(tree), map(lambda _: None, tree)


def unflatten(structure: Tree, leaves: Iterable[Any]) -> Tree:
    """Put leaves into a structure, the inverse of ``flatten``: ``unflatten(structure, leaves)``.

    Args:
        structure: Any tree of the desired structure; its own leaves are ignored.
        leaves: The new leaves, in the order of ``flatten``.

    Raises:
        ValueError: The number of leaves does not match the structure.

    Example:
        >>> unflatten({"weight": None, "bias": (None, None)}, (1, 2, 3))
        {'weight': 1, 'bias': (2, 3)}
    """
    new = tuple(leaves)
    rest = iter(new)
    try:
        tree, left = _build(structure, rest), list(rest)
    except StopIteration:
        tree, left = None, [None]
    if left:
        places = len(paths(structure))
        raise ValueError(f"leaves must be {places}, as many as in the structure, got {len(new)}")
    return tree


def _collect(structure: Tree, node: Tree, found: list[Any]) -> bool:
    """Append the leaves of ``node`` to ``found``; return whether the structure is the same."""
    if isinstance(structure, dict):
        if not isinstance(node, dict) or node.keys() != structure.keys():
            return False
        for key, child in structure.items():
            if not _collect(child, node[key], found):
                return False
    elif isinstance(structure, tuple):
        if type(node) is not type(structure) or len(node) != len(structure):
            return False
        for child, other in zip(structure, node, strict=True):
            if not _collect(child, other, found):
                return False
    elif isinstance(node, NO_LEAVES):
        return False
    else:
        found.append(node)
    return True


def _build(structure: Tree, leaves: Iterator[Any]) -> Tree:
    """Return a tree of this structure, its leaves taken from ``leaves`` in order."""
    if isinstance(structure, dict):
        return {key: _build(child, leaves) for key, child in structure.items()}
    if isinstance(structure, tuple):
        children = [_build(child, leaves) for child in structure]
        return tuple(children) if type(structure) is tuple else type(structure)(*children)
    return next(leaves)


def _differences(structure: Tree, node: Tree, place: Place) -> Iterator[Exception]:
    """Yield an error for each place where ``node`` differs from ``structure``."""
    for tree in (structure, node):
        if isinstance(tree, REFUSED):
            kind, at = type(tree).__name__, _at(place)
            yield TypeError(f"a tree consists of dicts and tuples: make the {kind} at {at} a tuple")
    ours, theirs = _children(structure), _children(node)
    if _kind(structure) is _kind(node) and ours.keys() == theirs.keys():
        for key, child in ours.items():
            yield from _differences(child, theirs[key], (*place, key))
    else:
        described = f"expected {_describe(structure)}, got {_describe(node)}"
        yield ValueError(f"trees differ at {_at(place)}: {described}")


def _places(node: Tree, place: Place) -> Iterator[Place]:
    if not isinstance(node, (dict, tuple)):
        yield place
    for key, child in _children(node).items():
        yield from _places(child, (*place, key))


def _children(node: Tree) -> dict[Any, Tree]:
    """Return the children: by key for a dict, index for a tuple, field name for a NamedTuple."""
    if isinstance(node, tuple):
        return dict(zip(getattr(node, "_fields", range(len(node))), node, strict=True))
    return node if isinstance(node, dict) else {}


def _kind(node: Tree) -> type | None:
    """Return ``dict`` for any dict, its type for a tuple, None for a leaf."""
    return dict if isinstance(node, dict) else type(node) if isinstance(node, tuple) else None


def _describe(node: Tree) -> str:
    kind = _kind(node)
    return "leaf" if kind is None else f"{kind.__name__} with keys {list(_children(node))}"


def _at(place: Place) -> str:
    return repr(_path(place)) if place else "the root"


def _path(place: Place) -> str:
    return "/".join([str(key) for key in place])
