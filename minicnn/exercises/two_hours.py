"""The slides of the two-hour course.

The parts and their minutes are those of the table in ``docs/teachers.md``. Every number on a slide
and every picture is computed when the file is written, from the digits of the package; so is a
small network, which is trained in a few seconds.
"""

from collections.abc import Iterator
from functools import cache
from html import escape
from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import data, layers, metrics, optim, train, viz
from minicnn import functional as F
from minicnn.exercises.drawings import embedded, grids, images, line
from minicnn.exercises.slides import Slide, figure, page, turn, words
from minicnn.tree import Tree

TITLE = "What a convolution is, and how it learns"
PARTS = {  # minutes
    "Digits as tensors": 20,
    "Convolution by hand": 40,
    "Pooling": 20,
    "Training": 25,
    "What did it learn": 15,
}
COMMAND = "python3 -m minicnn.exercises"
BATCH, EPOCHS, KERNELS = 100, 2, 8  # of the network on the slides


@cache
def deck() -> str:
    """Return the slides as one self-contained HTML file.

    Example:
        >>> html = deck()
        >>> html.count('<section class="slide"') >= 20, "https:" in html
        (True, False)
    """
    chapters = _digits, _convolution, _pooling, _training, _learned
    parts = [("n shows the notes", list(_opening()))]
    for (name, minutes), slides in zip(PARTS.items(), chapters, strict=True):
        parts.append((f"{name}, {minutes} minutes", list(slides())))
    return page(f"{TITLE}: slides for {sum(PARTS.values()) // 60} hours", parts)


# --- The parts ------------------------------------------------------------------------------------


def _opening() -> Iterator[Slide]:
    rows = "".join(f"<tr><td>{m} minutes</td><td>{escape(p)}</td></tr>" for p, m in PARTS.items())
    yield Slide(
        TITLE,
        f"<table>{rows}</table>",
        f"{sum(PARTS.values())} minutes in all. The one sentence to take home: kernels are not "
        "designed, they are learned. Arrow keys, a swipe or the buttons turn the pages.",
    )


def _digits() -> Iterator[Slide]:
    digits, _ = data.load_sample()
    image = _seven()
    shape = tuple(digits.images.shape)
    rows, cols = slice(6, 13), slice(8, 20)
    yield Slide(
        "A digit is a table of numbers",
        figure(
            images("A handwritten seven", [image], [""]),
            f"{image.shape[0]} rows of {image.shape[1]} pixels: {image.numel()} numbers, from 0 "
            f"(paper) to {digits.images.max().item()} (ink).",
        ),
        "Ask: what does a network get to see? No shape, no stroke: only these numbers.",
    )
    yield Slide(
        "Look closer",
        figure(
            grids("The numbers of a part of the seven", (255 * image[rows, cols]).round()),
            f"Rows {rows.start} to {rows.stop - 1}, columns {cols.start} to {cols.stop - 1}.",
        ),
        "Let somebody point at the bar of the seven. Neighbouring numbers belong together: that is "
        "what a convolution will use.",
    )
    yield Slide(
        "Many digits: four dimensions",
        words(
            f"The images of the package have the shape <code>{shape}</code>:",
            f"<b>N</b> = {shape[0]:,} images, <b>C</b> = {shape[1]} channel (grey), <b>H</b> = "
            f"{shape[2]} rows, <b>W</b> = {shape[3]} columns.",
        ),
        "All layers take and return this shape: N, C, H, W. A colour image has three channels; "
        "inside a network there may be hundreds.",
    )
    small = torch.arange(6.0).view(1, 1, 2, 3)
    yield Slide(
        "Memory has one dimension",
        figure(
            grids("Two rows of three, and one row of six", small[0, 0], "→", small.view(1, 6)),
            "The rows lie one after the other. The <b>stride</b> says how many cells further the "
            f"next one is: here <code>{small.stride()}</code> for N, C, H, W.",
        )
        + turn(f"<code>{COMMAND} start contiguous_strides</code>"),
        "One row further is three cells further. Let learners find the other two numbers first.",
    )


def _convolution() -> Iterator[Slide]:
    image = torch.tensor([[1.0, 2, 0, 3], [4, 1, 2, 0], [0, 3, 1, 2], [2, 0, 4, 1]])
    kernel = torch.tensor([[1.0, 2], [-1, 3]])
    out = _convolve(image, kernel)
    first = [(y, x) for y in range(2) for x in range(2)]
    titles = ("image", "kernel", "products")
    total = f"{out[0, 0].item():g}"
    yield Slide(
        "One window",
        figure(
            grids(
                "A window of the image times the kernel", image, "×", kernel, "=",
                image[:2, :2] * kernel, titles=titles, marked=first,
            ),
            f"Multiply cell by cell and add up: <b>{total}</b>.",
        ),
        f"On paper, everybody: the four products and their sum, {total}.",
    )  # fmt: skip
    yield Slide(
        "All windows",
        figure(
            grids(
                "The image, the kernel and the result", image, "∗", kernel, "=", out,
                titles=("image", "kernel", "result"), marked=first,
            ),
            f"The kernel fits at {out.shape[0]} × {out.shape[1]} places: {out.numel()} sums. This "
            "is the convolution.",
        ),
        "Point at a cell of the result, and ask for its window. The result is smaller than the "
        "image: why?",
    )  # fmt: skip
    places = _places(28, 5), _places(28, 5, stride=2), _places(28, 5, padding=2)
    yield Slide(
        "How many places?",
        words(
            f"28 pixels, a window of 5: the first one starts at 0, the last at {places[0] - 1}, so "
            f"<b>{places[0]}</b> places.",
            f"In steps of 2 (<b>stride</b>): <b>{places[1]}</b>.",
            f"With 2 zeros on either side (<b>padding</b>): <b>{places[2]}</b>, as many as pixels.",
        )
        + turn(f"<code>{COMMAND} start output_size</code>"),
        "Most learners are one off. The number of moves is not the number of places.",
    )
    names = "right − left", "below − above"
    edges = torch.tensor([[[-1.0, 0, 1]] * 3, [[-1.0] * 3, [0.0] * 3, [1.0] * 3]]) / 3
    yield Slide(
        "A kernel that finds edges",
        figure(
            grids(
                "Two kernels", 3 * edges[0], "", 3 * edges[1], titles=names,
            ),
            "It takes the difference of two sides. Where the image is flat, the sum is 0.",
        ),
        "What does the second one do with a vertical stroke? Nothing: above and below are the "
        "same.",
    )  # fmt: skip
    seven = _seven()
    maps = [_convolve(seven, edge) for edge in edges]
    yield Slide(
        "What they find in a seven",
        figure(
            images("A seven and two maps of its edges", [seven, *maps], ["image", *names], True),
            "Red: the sum is above 0. Blue: below. White: nothing there.",
        ),
        "The same few numbers, everywhere in the picture. Shift the seven and the maps shift too.",
    )
    bare, wide = _places(28, 3), _places(28, 3, padding=1)
    yield Slide(
        "At the edge",
        figure(
            grids(
                "A kernel at the corner, with zeros around the image",
                F.conv2d(image[None, None], torch.ones(1, 1, 1, 1), padding=1)[0, 0],
                marked=[(y, x) for y in range(3) for x in range(3)],
            ),
            f"A 3 × 3 kernel turns 28 × 28 into {bare} × {bare}. With a border of zeros it stays "
            f"{wide} × {wide}.",
        ),
        "Each layer would eat the border. Padding keeps the size, at the price of invented zeros.",
    )
    weight = torch.zeros(16, 8, 3, 3)
    n, c = weight.shape[:2]
    yield Slide(
        "Several channels, several kernels",
        words(
            f"{c} channels in, {n} out: there are {n} kernels, and each has {c} × "
            f"{weight.shape[2]} × {weight.shape[3]} = {weight[0].numel()} weights.",
            "A kernel multiplies all channels under it and adds up everything: one number. Each "
            "kernel makes one channel of the result.",
            f"All together <b>{weight.numel():,}</b> weights, wherever they are used. A linear "
            f"layer between the same {28 * 28} pixels would need {(n * 784) * (c * 784):,}.",
        ),
        "Few weights, used everywhere: that is the whole trick.",
    )
    yield Slide(
        "Write it",
        turn(
            f"<code>{COMMAND} start conv2d_forward</code>",
            f"<code>{COMMAND} check conv2d_forward.py</code>",
            "Loops are fine. Begin with one square image and one square kernel; the grader says "
            "how far you are.",
        ),
        "Most of this part. Who is stuck reads the smallest failing case aloud, and computes it by "
        "hand. The first two groups of cases are enough for today.",
    )


def _pooling() -> Iterator[Slide]:
    x = torch.tensor([[1.0, 2, 7, 8], [4, 3, 5, 6], [0, 1, 2, 0], [9, 2, 3, 1]])
    y = _pooled(x, 2)
    yield Slide(
        "Keep the largest",
        figure(
            grids(
                "A map and its maxima", x, "→", y, titles=("map", "maxima"),
                marked=[(0, 0), (0, 1), (1, 0), (1, 1)],
            ),
            f"Of each 2 × 2 window, the largest number: {x.numel()} become {y.numel()}.",
        ),
        "No weights. Ask: which numbers did not matter at all?",
    )  # fmt: skip
    seven = _seven()
    half, quarter = _pooled(seven, 2), _pooled(seven, 4)
    sizes = [f"{image.shape[0]} × {image.shape[1]}" for image in (seven, half, quarter)]
    yield Slide(
        "What it discards",
        figure(
            images("A seven, and pooled twice", [seven, half, quarter], sizes),
            f"From {seven.numel()} numbers to {quarter.numel()}. Where exactly something was is "
            "lost; that it was there remains.",
        ),
        "At which size can you no longer read it?",
    )
    moved = data.shift(seven[None, None], torch.tensor([[0, 1]]))[0, 0]
    changes = [_change(_pooled(seven, k), _pooled(moved, k)) for k in (1, 4)]
    yield Slide(
        "A small shift matters less",
        words(
            f"Shift the seven by one pixel: the numbers change by {changes[0]:.0%} of all its ink.",
            f"Pool it by 4 first: by {changes[1]:.0%}.",
        )
        + turn(f"<code>{COMMAND} start max_pool2d_forward</code>"),
        "The change is the sum of the differences, divided by the sum of the numbers. Pooling does "
        "not remove it, it makes it smaller. Padding must never win: negative numbers are the trap "
        "of this exercise.",
    )


def _training() -> Iterator[Slide]:
    run = _trained()
    yield Slide(
        "Nobody designs the kernels",
        words(
            f"Start with random numbers. The network then gives every digit about the same "
            f"probability: the loss is {run.losses[0]:.2f}, and guessing has log 10 = "
            f"{torch.tensor(10.0).log().item():.2f}.",
            "Then, for each batch: how does the loss change with each weight? Move all weights a "
            "little against that. Again.",
        ),
        "Skip all derivations. How a computer finds the derivatives is chapter 5 of the book.",
    )
    yield Slide(
        "It learns",
        figure(
            line("The loss of each step, falling", run.losses, "step", "loss"),
            f"{len(run.losses)} steps of {BATCH} digits. On {run.tested:,} digits that it has not "
            f"seen: <b>{run.accuracy:.1%}</b> right.",
        ),
        f"This network has {KERNELS} kernels of 5 × 5, a pooling and a linear layer, and was "
        "trained when this file was written.",
    )
    yield Slide(
        "Predict, then run",
        turn(
            "<code>python3 examples/train_mnist.py --preset quick</code>",
            "Change one setting: number of kernels, layers, learning rate. Write down what you "
            "expect. Then run it.",
        ),
        "Run it live first. The prediction on paper is the point; a wrong one is worth most.",
    )


def _learned() -> Iterator[Slide]:
    run = _trained()
    yield Slide(
        "Before and after",
        figure(embedded("Kernels before and after training", viz.filters(run.before, run.after))),
        "Red is above 0, blue below. Which of them look for an edge, and in which direction? Some "
        "look like nothing that has a name.",
    )
    found = viz.worst_mistakes(run.images, run.labels, run.scores, count=4)
    yield Slide(
        "Its worst mistakes",
        figure(
            embedded("Digits that it got wrong, with the probabilities", found),
            f"{run.wrong} of {run.tested:,} are wrong.",
        ),
        "Would you have read them? Some of these digits are doubtful; which mistakes are plain?",
    )
    yield Slide(
        "Kernels are not designed, they are learned",
        turn(
            "Draw a digit, and let the network read it: <code>python3 examples/predict.py</code>",
            f"Go on: <code>{COMMAND} status</code>",
        ),
        "Chapters 3 and 13 of the book have all of today, with the derivations that we skipped.",
    )


# --- What is on them ------------------------------------------------------------------------------


def _seven() -> Tensor:
    digits, _ = data.load_sample()
    return data.to_float(digits.images[digits.labels == 7][0])[0]


def _convolve(image: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


def _pooled(image: Tensor, size: int) -> Tensor:
    pooled = F.max_pool2d(image[None, None], size)
    assert isinstance(pooled, Tensor)  # and no pair, which it is with return_indices=True
    return pooled[0, 0]


def _change(before: Tensor, after: Tensor) -> float:
    return ((after - before).abs().sum() / before.sum()).item()


def _places(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    image, weight = torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel)
    return F.conv2d(image, weight, None, stride, padding).shape[2]


class Trained(NamedTuple):
    """The network of the slides: its training and its test."""

    losses: list[float]
    before: Tensor
    after: Tensor
    images: Tensor
    labels: Tensor
    scores: Tensor
    accuracy: float

    @property
    def tested(self) -> int:
        """The number of test digits."""
        return len(self.labels)

    @property
    def wrong(self) -> int:
        """The number of those that it gets wrong."""
        return int((self.scores.argmax(1) != self.labels).sum())


@cache
def _trained() -> Trained:
    digits, test = data.load_sample()
    net = layers.sequential(
        layers.conv2d(KERNELS, 5),
        layers.max_pool2d(2),
        layers.relu(),
        layers.flatten(),
        layers.linear(10),
    )
    rng = torch.Generator().manual_seed(0)
    params, state, _ = net.init(rng, tuple(digits.images.shape[1:]))
    adam = optim.adam(5e-3)
    step = train.make_train_step(net, F.cross_entropy, adam)
    begin = train.TrainState(0, params, state, adam.init(params))
    batches = data.batches(digits, BATCH, rng, epochs=EPOCHS)
    steps = list(train.fit(step, begin, batches, rng))
    losses, now = [float(logs["loss"]) for _, logs in steps], steps[-1][0]
    scores, labels = train.predict(net, now.params, now.state, data.batches(test, 1000))
    accuracy = float(metrics.accuracy(scores, labels))
    return Trained(
        losses, _first(params), _first(now.params), test.images, labels, scores, accuracy
    )


def _first(params: Tree) -> Tensor:
    return params[0]["weight"]
