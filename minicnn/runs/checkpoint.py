"""Checkpoints: a tree in a file, whose integrity is checked when it is loaded.

A file is a flat dict written by ``torch.save``, from paths such as ``"params/0/weight"`` to the
leaves. Under HEADER it holds the version of the format, the structure of the tree and a SHA-256
digest of all leaves. It is plain data, so it is read with ``weights_only=True``, which runs no
code.
"""

import hashlib
import io
import os
import warnings
from typing import Any

import torch
from torch import Tensor

from minicnn import checks
from minicnn import tree as trees
from minicnn.runs import atomic
from minicnn.tree import Tree

VERSION = 1
HEADER = "/minicnn"  # no path starts with "/", because no key is empty
SCALARS = (bool, int, float, str)


class CheckpointError(ValueError):
    """The file is not an intact checkpoint, or does not match the expected tree."""


def save(path: str | os.PathLike[str], tree: Tree) -> None:
    """Write a tree to a file atomically.

    Even if this is interrupted, ``path`` holds the old checkpoint or the new one: see `atomic`.

    Args:
        path: The file; an existing one is replaced.
        tree: Nested dicts and tuples of tensors, ints, floats, bools and strings. Keys are strings
            without "/"; NamedTuples are written as dicts of their fields.

    Raises:
        TypeError: A key or a leaf cannot be saved.
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(f"{folder}/model.pt", {"step": 3, "params": ({"bias": torch.ones(2)}, ())})
        ...     load(f"{folder}/model.pt")
        {'step': 3, 'params': ({'bias': tensor([1., 1.])}, ())}
    """
    file = io.BytesIO()
    torch.save(_pack(tree), file)
    atomic.write(path, file.getvalue())


def load(path: str | os.PathLike[str], like: Tree = None) -> Tree:
    """Load the tree that ``save`` wrote.

    Args:
        path: The file.
        like: A tree that the saved one must match in structure, shapes and dtypes. The result has
            the NamedTuples and devices of ``like``; without it, dicts and the CPU.

    Returns:
        The tree, with tensors that require no gradient.

    Raises:
        CheckpointError: The file is damaged, not a minicnn checkpoint, of another format version,
            or does not match ``like``.
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> from minicnn.optim import sgd
        >>> fresh = sgd(lr=0.1).init({"weight": torch.zeros(2)})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(f"{folder}/sgd.pt", fresh)
        ...     load(f"{folder}/sgd.pt", like=fresh)
        SgdState(count=tensor(0), momentum=())
    """
    with checks.file(path).open("rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the error is enough if torch cannot read the file
                contents = torch.load(file, map_location="cpu", weights_only=True)
            saved = _unpack(contents, os.fstat(file.fileno()).st_size)
        except CheckpointError as error:
            raise CheckpointError(f"{path} {error}") from None
        except Exception as error:  # a damaged file can make the unpickler raise anything
            raise CheckpointError(f"{path} is damaged or not a minicnn checkpoint") from error
    if like is None:
        return saved
    try:
        return match(saved, like)
    except CheckpointError as error:
        raise CheckpointError(f"{path} does not match the expected tree: {error}") from None


def match(saved: Tree, like: Tree) -> Tree:
    """Return a loaded tree with the NamedTuples and devices of ``like``, which it must match.

    ``load`` does this for a whole file; this is for a part of it.

    Args:
        saved: The tree, or a subtree, that ``load`` returned.
        like: A tree that it must match in structure, shapes and dtypes.

    Returns:
        The leaves of ``saved`` in the structure of ``like``.

    Raises:
        CheckpointError: They differ; the message says where.

    Example:
        >>> from minicnn.optim import sgd
        >>> fresh = sgd(lr=0.1).init({"weight": torch.zeros(2)})
        >>> match({"count": torch.tensor(5), "momentum": ()}, like=fresh)
        SgdState(count=tensor(5), momentum=())
    """

    def matched(path: str, wanted: Any, leaf: Any) -> Any:
        if _kind(wanted) != _kind(leaf):
            expected, got = _kind(wanted), _kind(leaf)
            raise ValueError(f"trees differ at {path!r}: expected {expected}, got {got}")
        return leaf.to(wanted.device) if isinstance(leaf, Tensor) else leaf

    plain = _plain(like)
    labels = trees.unflatten(plain, trees.paths(plain))
    try:
        return trees.unflatten(like, trees.leaves(trees.map(matched, labels, plain, saved)))
    except ValueError as error:
        raise CheckpointError(str(error)) from None


def _pack(tree: Tree) -> dict[str, Any]:
    plain = _plain(tree)
    leaves, structure = trees.flatten(plain)
    contents = {
        path: _detached(path, leaf) for path, leaf in zip(trees.paths(plain), leaves, strict=True)
    }
    digest = _digest(structure, contents)
    return {HEADER: {"version": VERSION, "structure": structure, "digest": digest}, **contents}


def _unpack(contents: Any, size: int) -> Tree:
    header = contents.pop(HEADER, None) if isinstance(contents, dict) else None
    if not isinstance(header, dict):
        raise CheckpointError("is not a minicnn checkpoint")
    if _total(header, size) + _total(contents, size) > size:
        raise CheckpointError(f"is damaged: its contents are larger than its {size:,} bytes")
    if header["version"] != VERSION:
        raise CheckpointError(
            f"has format {header['version']}, but this version of minicnn reads format {VERSION}"
        )
    structure = header["structure"]
    if header["digest"] != _digest(structure, contents):
        raise CheckpointError("is damaged: the contents do not match the digest")
    return trees.unflatten(structure, [contents[path] for path in trees.paths(structure)])


def _total(tree: Any, limit: int) -> int:
    """Add up the bytes of all leaves and one for each node, until the sum exceeds the limit.

    ``save`` writes every node, and every tensor in full. A pickle may instead refer many times to
    the same tuple or to the same memory: then a small file would take hours to walk.
    """
    total, waiting = 0, [tree]
    while waiting and total <= limit:
        node = waiting.pop()
        total += node.nbytes if isinstance(node, Tensor) else 1
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, (tuple, list)):
            waiting.extend(node)
    return total


def _plain(node: Tree) -> Tree:
    """Turn NamedTuples into dicts, and check the keys, which become paths."""
    if isinstance(node, tuple):
        fields = getattr(node, "_fields", None)
        if fields is None:
            return tuple(_plain(child) for child in node)
        node = dict(zip(fields, node, strict=True))
    if not isinstance(node, dict):
        return node
    for key in node:
        if not isinstance(key, str) or not key or "/" in key:
            raise TypeError(f"a key of a checkpoint must be a string without '/', got {key!r}")
    return {key: _plain(child) for key, child in node.items()}


def _detached(path: str, leaf: Any) -> Any:
    """Copy a tensor to its own memory: a view would be saved with all of its base tensor."""
    if isinstance(leaf, Tensor) and leaf.layout == torch.strided:
        return leaf.detach().cpu().clone(memory_format=torch.contiguous_format)
    if type(leaf) in SCALARS:
        return leaf
    raise TypeError(
        f"a leaf of a checkpoint must be a dense tensor, int, float, bool or str, got {leaf!r} "
        f"at {path!r}"
    )


def _digest(structure: Tree, leaves: dict[str, Any]) -> str:
    digest = hashlib.sha256(ascii(structure).encode())
    for path, leaf in leaves.items():
        digest.update(ascii((path, _kind(leaf))).encode())
        if isinstance(leaf, Tensor):
            digest.update(leaf.reshape(-1).view(torch.uint8).numpy().data)
        else:
            digest.update(ascii(leaf).encode())
    return digest.hexdigest()


def _kind(leaf: Any) -> str:
    if isinstance(leaf, Tensor):
        return f"{leaf.dtype} of shape {tuple(leaf.shape)}"
    return type(leaf).__name__
