"""Several optimizers for one network: each updates the parameters with its label."""

from collections.abc import Callable
from typing import Any

import torch

from minicnn import checks, tree
from minicnn.optim.transform import Transform, checked, require
from minicnn.tree import Tree


def partition(transforms: dict[str, Transform], labels: Tree | Callable[[str], str]) -> Transform:
    """Return a transform that updates each parameter by the transform of its label.

    As torch's parameter groups do: two learning rates, weight decay on the kernels alone, or a part
    of the network that stays as it is (`freeze`). Each transform sees the tree of all parameters
    with ``()``, a tree without leaves, in place of those of other labels. So a
    ``clip_by_global_norm`` inside counts the norm of its own part; one before the partition, in a
    ``chain``, that of the whole. ``ema`` belongs after it.

    Args:
        transforms: The transforms by label.
        labels: A tree of labels like the parameters, or a function from the path of a parameter,
            such as "0/weight", to its label.

    Returns:
        A Transform whose state is a dict of the transforms' states.

    Raises:
        TypeError: ``transforms`` is not a dict of Transforms.
        ValueError: A label cannot be a key of a checkpoint; at ``init``, ``labels`` differs from
            the parameters, a label has no transform, or a transform has no parameter.

    Example:
        >>> from minicnn import optim
        >>> opt = partition(
        ...     {"slow": optim.sgd(0.1), "fast": optim.sgd(1.0)},
        ...     lambda path: "slow" if path.startswith("0/") else "fast",
        ... )
        >>> params = ({"weight": torch.tensor([2.0])}, {"weight": torch.tensor([2.0])})
        >>> opt.update(params, opt.init(params), params)[0]
        ({'weight': tensor([-0.2000])}, {'weight': tensor([-2.])})

    Reference: Howard and Ruder, "Universal Language Model Fine-tuning for Text Classification"
    (2018), section 3.2 (a learning rate for each layer).
    """
    if not isinstance(transforms, dict) or not transforms:
        raise TypeError(
            f"transforms must be a dict of label -> Transform, at least one, got {transforms!r}"
        )
    for label, transform in transforms.items():
        if not isinstance(label, str) or not label or "/" in label:
            raise ValueError(f"a label must be a string without '/', not empty, got {label!r}")
        require("partition", transform)

    def labels_of(params: Tree) -> tuple[Any, ...]:
        paths = tree.paths(params)
        if callable(labels):
            found: tuple[Any, ...] = tuple(labels(path) for path in paths)
        else:
            try:
                found = tree.leaves_like(params, labels)
            except ValueError as error:
                raise ValueError(f"labels must match params: {error}") from None
        for path, label in zip(paths, found, strict=True):
            if not isinstance(label, str) or label not in transforms:
                expected = ", ".join(map(repr, transforms))
                raise ValueError(f"labels must be among {expected}, got {label!r} for {path!r}")
        for label in transforms:
            if found and label not in found:
                raise ValueError(
                    f"labels must give each transform a parameter, but none has the label "
                    f"{label!r}: the parameters are {checks.first_few(paths)}"
                )
        return found

    def parts(params: Tree, values: Tree, found: tuple[str, ...]) -> dict[str, Tree]:
        pairs = list(zip(tree.leaves_like(params, values), found, strict=True))
        return {
            label: tree.unflatten(params, [leaf if own == label else () for leaf, own in pairs])
            for label in transforms
        }

    def init(params: Tree) -> dict[str, Any]:
        each = parts(params, params, labels_of(params))
        return {label: transform.init(each[label]) for label, transform in transforms.items()}

    def update(grads: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        found = labels_of(params)
        grad_parts, param_parts = parts(params, grads, found), parts(params, params, found)
        updates, new_state = {}, {}
        for label, transform in transforms.items():
            part = param_parts[label]
            changes, new_state[label] = transform.update(grad_parts[label], state[label], part)
            updates[label] = iter(tree.leaves_like(part, changes))
        return tree.unflatten(params, [next(updates[label]) for label in found]), new_state

    return checked(init, update)


def freeze() -> Transform:
    """Return a transform whose updates are zero: the parameters stay as they are.

    In a ``partition`` it has no weight decay that could move them. In a ``chain`` put it last.

    Returns:
        A Transform without state.

    Example:
        >>> from minicnn import optim
        >>> opt = optim.partition({"still": freeze(), "rest": optim.adamw()}, ("still", "rest"))
        >>> params = (torch.tensor([2.0]), torch.tensor([2.0]))
        >>> opt.update(params, opt.init(params), params)[0]
        (tensor([0.]), tensor([-0.0010]))

    Reference: Yosinski, Clune, Bengio and Lipson, "How transferable are features in deep neural
    networks?" (2014), section 3.
    """

    def update(grads: Tree, state: tuple[()], params: Tree) -> tuple[Tree, tuple[()]]:
        return tree.map(torch.zeros_like, params), state

    return checked(lambda params: (), update)
