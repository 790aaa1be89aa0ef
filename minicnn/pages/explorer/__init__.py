"""The explorer: one HTML file in which a trained network computes, forward and backward.

The page is put together here. It holds the network as data, 200 images, and an engine in plain
JavaScript that computes in float64 what the network computes, so it needs no server, no library and
no network connection. The files in the order of the engine's ideas:

    types.js         a layer, what it did with an input, and the gradients
    numbers.js       decoding base64, float16 and float32
    windows.js       where the windows of convolution and pooling lie
    convolution.js  linear.js  pooling.js  pointwise.js  norm.js  containers.js    the layers
    loss.js          softmax and cross-entropy
    network.js       forward and backward through a network
    graph.js         who reads whose output, and so who sends whom a gradient
    optimizers.js    SGD and Adam
    model.js         the network of the page
    api.js           window.minicnn, for checks from outside

and what is seen, in page.html and page.css:

    normalise.js  pad.js       a drawing, and how it becomes an image like MNIST's
    gallery.js  answer.js      the test images, and the probabilities
    thought.js  maps.js  strips.js                   one image through all layers
    arithmetic.js  senders.js  detail.js  tables.js  the open layer, cell or weight
    steps.js  tour.js          a step of an optimizer; the tour of the backward pass
    address.js  picture.js     the address of what is shown, and its picture
    main.js                    the page, which starts last
"""

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from string import Template

import torch
from torch import Tensor

from minicnn import tree
from minicnn.data import Split
from minicnn.layers import Layer
from minicnn.metrics import accuracy
from minicnn.runs import Run, Weights, atomic
from minicnn.tree import Tree

from ..markup import text
from . import contents

# In an order in which each module finds what it needs when it starts.
ENGINE = (
    *("numbers", "windows", "convolution", "linear", "pooling", "pointwise", "norm", "loss"),
    *("containers", "network", "graph", "optimizers", "model", "api"),
)
VIEW = (
    *("normalise", "dom", "tables", "maps", "address", "pad", "thought", "answer", "arithmetic"),
    *("senders", "detail", "strips", "gallery", "tour", "steps", "picture", "main"),
)
STYLES = "../colours.css", "page.css"
IMAGES = 200
IMAGE_BYTES = 400_000  # of all images: large ones are fewer
MOST_BYTES = 2_000_000
IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
EXPORT = re.compile(r"^export (\{\};\n)?", re.MULTILINE)


def explorer(
    title: str,
    about: str,
    net: Layer,
    params: Tree,
    state: Tree,
    images: Tensor,
    labels: Tensor,
    class_names: Sequence[str] | None = None,
) -> str:
    """Return a page in which a network can be watched, forward and backward.

    Args:
        title: The title of the page, such as the name of a run.
        about: A sentence about the network.
        net: The network, of layers that the page knows; its output are the scores of the classes.
        params, state: The network's; the page rounds the parameters to float16.
        images: ``(N, C, H, W)``, uint8, of one or three channels, to choose from in the page.
        labels: ``(N,)``, the class of each image.
        class_names: One for each score; None for 0, 1, 2, …

    Returns:
        The HTML, at most 2 MB, to be written in UTF-8. It asks no host for anything.

    Raises:
        ValueError: A layer that the page does not know; images that it cannot show; an output that
            is not one score per class; labels or names that are not those of the scores; a weight
            beyond float16; a page of more than 2 MB.

    Example:
        >>> import torch
        >>> from minicnn import data, models, pages
        >>> net = models.lenet5()
        >>> params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
        >>> test = data.load_sample()[1]
        >>> page = pages.explorer("Mine", "Untrained.", net, params, state, test.images[:5],
        ...                       test.labels[:5])
        >>> page.startswith("<!doctype html>"), len(page) < 600_000
        (True, True)
    """
    in_shape = contents.check_images(images, labels)
    network, out_shape = contents.network(net, params, state, in_shape)
    if len(out_shape) != 1:
        raise ValueError(f"net must return one score per class, got the shape {out_shape}")
    names = [str(k) for k in range(out_shape[0])] if class_names is None else list(class_names)
    if len(names) != out_shape[0]:
        raise ValueError(
            f"class_names must hold {out_shape[0]} names, one for each score, got {len(names)}"
        )
    for label in labels.tolist():
        if not 0 <= label < out_shape[0]:
            raise ValueError(
                f"labels must be from 0 to {out_shape[0] - 1}, one for each score, got {label}"
            )
    data = {
        "title": title,
        "about": about,
        **network,
        "images": contents.store(images.contiguous().numpy().tobytes()),
        "labels": labels.tolist(),
        "classes": names,
    }
    page = Template(_read("page.html")).substitute(
        title=text(title),
        style="\n".join(map(_read, STYLES)),
        # What could end a script element is written otherwise: in JSON < is only in strings, and
        # in JavaScript </ is only in strings and comments.
        data=json.dumps(data).replace("<", "\\u003c"),
        script=join((*ENGINE, *VIEW)).replace("</", "<\\/"),
    )
    if len(page.encode()) > MOST_BYTES:
        raise ValueError(
            f"the page would have {len(page.encode()) / 1e6:.1f} MB, at most {MOST_BYTES / 1e6:g} "
            "MB are allowed: the network has "
            f"{sum(leaf.numel() for leaf in tree.leaves(params)):,} parameters"
        )
    return page


def save_explorer(
    run: Run, title: str, net: Layer, weights: Weights, test: Split, scores: Tensor
) -> str:
    """Write the explorer of a run's network into its folder, with up to 200 of the test images.

    Args:
        run: The run.
        title: The title of the page.
        net: The network.
        weights: Its parameters and its state.
        test: The test images.
        scores: ``(N, K)``, of all test images; they decide which images are chosen, see `choose`.

    Returns:
        The file's name in the folder of the run.

    Raises:
        ValueError: The page cannot show the network or the images, see `explorer`; nothing is
            written.
        OSError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> from minicnn import data, models, runs, train
        >>> net, test = models.lenet5(), data.load_sample()[1]
        >>> weights = runs.initial_weights(net, (1, 28, 28), seed=0)
        >>> scores, _ = train.predict(net, *weights, data.batches(test, 500))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_explorer(runs.begin(f"{folder}/run", {}), "Mine", net, weights, test, scores)
        'explorer.html'
    """
    count = min(IMAGES, IMAGE_BYTES // test.images[0].numel())
    chosen = choose(scores, test.labels, count)
    right = f"{accuracy(scores, test.labels):.2%} of the {len(test.labels):,} images"
    about = f"The network classifies {right} of {test.name} correctly."
    images, labels = test.images[chosen], test.labels[chosen]
    page = explorer(title, about, net, *weights, images, labels, test.class_names)
    atomic.write(run.explorer, page)
    return run.explorer.name


def join(modules: Sequence[str]) -> str:
    """Return modules as one classic script: one after the other, without imports and exports.

    Example:
        >>> join(["loss"]).count("function"), join(["loss"]).count("export")
        (3, 0)
    """
    return "\n".join(classic(_read(f"{name}.js")) for name in modules)


def classic(module: str) -> str:
    """Return the source of a module as a part of a classic script: no imports, no exports.

    Example:
        >>> classic('import { h } from "./dom.js";\\nexport const one = 1;\\n')
        'const one = 1;\\n'
    """
    return EXPORT.sub("", IMPORT.sub("", module))


def choose(scores: Tensor, labels: Tensor, count: int = IMAGES) -> Tensor:
    """Choose the images for a page: of each class the first wrong, the least sure, the first right.

    Args:
        scores: ``(N, K)``, the network's.
        labels: ``(N,)``, the true classes.
        count: How many images to choose; every class gets an equal share, and at least one.

    Returns:
        Their indices, in ascending order.

    Example:
        >>> scores = torch.tensor([[4.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 3.0]])
        >>> choose(scores, torch.tensor([0, 0, 0, 1]), count=4)
        tensor([1, 2, 3])
    """
    sure, predicted = scores.softmax(1).max(1)
    chosen: list[int] = []
    share = max(1, count // scores.shape[1])
    few = max(1, share // 3)
    for label in range(scores.shape[1]):
        of_class = (labels == label).nonzero().flatten()
        wrong = of_class[predicted[of_class] != label].tolist()
        right = of_class[predicted[of_class] == label]
        doubtful = right[sure[right].argsort()].tolist()
        order = [*wrong[:few], *doubtful[:few], *right.tolist(), *wrong]
        chosen += list(dict.fromkeys(order))[:share]
    return torch.tensor(sorted(chosen), dtype=torch.int64)


def _read(name: str) -> str:
    return files("minicnn.pages.explorer").joinpath(name).read_text(encoding="utf-8")
