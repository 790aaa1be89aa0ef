"""Trees of tensors: nested dicts and tuples, the one data structure of the library.

Parameters, layer states, gradients and optimizer states are all trees. A tree is

    tree = leaf | {key: tree, …} | (tree, …) | NamedTuple(tree, …)

so ``{}`` and ``()`` are trees without leaves, and whatever is neither dict nor tuple is a leaf.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

Tree: TypeAlias = Any  # a recursive type would only be in the reader's way


def map(f: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """Compute the tree whose leaves are ``f(leaf, *leaves)``, of the same structure as ``tree``.

    Args:
        f: A function of one leaf of ``tree`` and the leaves at the same place in each of ``rest``.
        tree: The tree that fixes the structure and the order of the leaves.
        rest: More trees of that structure; their dicts may be in any order.

    Returns:
        A new tree; NamedTuples keep their type.

    Raises:
        TypeError: A list or a set stands inside a tree.
        ValueError: A tree of ``rest`` has another structure; the message names the path.

    Example:
        >>> map(lambda p, u: p + u, {"weight": 1, "bias": (2,)}, {"weight": 10, "bias": (20,)})
        {'weight': 11, 'bias': (22,)}
    """
    return _map("", f, (tree, *rest))


def map_many(
    outputs: int, f: Callable[..., tuple[Any, ...]], tree: Tree, *rest: Tree
) -> tuple[Tree, ...]:
    """Compute several trees at once: ``f`` returns a tuple, and its i-th items make the i-th tree.

    Args:
        outputs: The number of trees, which is the length of what ``f`` returns.
        f: A function of one leaf of ``tree`` and the leaves at the same place in each of ``rest``.
        tree: The tree that fixes the structure.
        rest: More trees of that structure.

    Returns:
        ``outputs`` trees.

    Raises:
        TypeError, ValueError: As ``map``.

    Example:
        >>> map_many(2, divmod, {"weight": 7, "bias": (9,)}, {"weight": 2, "bias": (2,)})
        ({'weight': 3, 'bias': (4,)}, {'weight': 1, 'bias': (1,)})
    """
    results: list[tuple[Any, ...]] = []
    structure = map(lambda *nodes: results.append(f(*nodes)), tree, *rest)
    columns = zip(*results, strict=True) if results else [()] * outputs
    return tuple(unflatten(structure, column) for column in columns)


def leaves(tree: Tree) -> tuple[Any, ...]:
    """List the leaves, depth first, dicts in insertion order.

    Example:
        >>> leaves({"conv": {"weight": 1, "bias": 2}, "relu": (), "linear": (3, 4)})
        (1, 2, 3, 4)
    """
    return tuple(leaf for _, leaf in _walk("", tree))


def paths(tree: Tree) -> tuple[str, ...]:
    """List the path of each leaf, in the order of ``leaves``: keys, indices and field names.

    Example:
        >>> paths({"params": ({"weight": 1, "bias": 2}, (), {"weight": 3})})
        ('params/0/weight', 'params/0/bias', 'params/2/weight')
    """
    return tuple(path for path, _ in _walk("", tree))


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
        structure: Any tree of the wanted structure; its own leaves are ignored.
        leaves: The new leaves, in the order of ``flatten``.

    Raises:
        ValueError: The number of leaves is not the structure's.

    Example:
        >>> unflatten({"weight": None, "bias": (None, None)}, (1, 2, 3))
        {'weight': 1, 'bias': (2, 3)}
    """
    new = deque(leaves)
    count = len(new)
    try:
        tree = map(lambda _: new.popleft(), structure)
    except IndexError:
        tree = None
    if tree is None or new:
        places = len(paths(structure))
        raise ValueError(f"leaves must be {places}, one for each of the structure, got {count}")
    return tree


def _map(path: str, f: Callable[..., Any], nodes: tuple[Tree, ...]) -> Tree:
    (kind, children), *others = [_open(path, node) for node in nodes]
    for other in others:
        if other[0] is not kind or other[1].keys() != children.keys():
            ours, theirs = _describe(kind, children), _describe(*other)
            raise ValueError(f"trees differ at {_at(path)}: {ours} against {theirs}")
    if kind is None:
        return f(*nodes)
    mapped = {
        key: _map(_join(path, key), f, (child, *(other[key] for _, other in others)))
        for key, child in children.items()
    }
    if kind is dict:
        return mapped
    return tuple(mapped.values()) if kind is tuple else kind(**mapped)


def _walk(path: str, node: Tree) -> Iterator[tuple[str, Any]]:
    kind, children = _open(path, node)
    if kind is None:
        yield path, node
    for key, child in children.items():
        yield from _walk(_join(path, key), child)


def _open(path: str, node: Tree) -> tuple[type | None, dict[Any, Tree]]:
    """Return the kind of a node, ``None`` for a leaf, and its children by key, index or field."""
    if isinstance(node, dict):
        return dict, node
    if isinstance(node, tuple):
        fields = getattr(node, "_fields", None)  # a NamedTuple has them
        if fields is None:
            return tuple, dict(enumerate(node))
        return type(node), dict(zip(fields, node, strict=True))
    if isinstance(node, (list, set, frozenset)):
        kind = type(node).__name__
        raise TypeError(f"a tree is dicts and tuples: make the {kind} at {_at(path)} a tuple")
    return None, {}


def _describe(kind: type | None, children: dict[Any, Tree]) -> str:
    return "leaf" if kind is None else f"{kind.__name__} with keys {list(children)}"


def _at(path: str) -> str:
    return repr(path) if path else "the root"


def _join(path: str, key: Any) -> str:
    return f"{path}/{key}" if path else str(key)
