"""The slides of the two-hour course.

The parts and their minutes are those of the table in ``docs/teachers.md``. Every number on a slide
and every picture is computed when the file is written, from the digits of the package; so is a
small network, which is trained in a few seconds.
"""

from collections.abc import Iterator
from functools import cache
from html import escape
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from minicnn import data, layers, metrics, optim, train
from minicnn import functional as F
from minicnn.exercises.drawings import Stack, curve, grids, images, stacks
from minicnn.exercises.slides import Slide, figure, page, turn
from minicnn.tree import Tree

TITLE = "What a convolution is, and how it learns"
PARTS = {  # minutes
    "Setting up": 10,
    "Digits as tensors": 15,
    "Convolution by hand": 45,
    "Pooling": 15,
    "Training": 20,
    "What did it learn": 15,
}
COMMAND = "python3 -m minicnn.exercises"
# Rows and columns 4 to 23, where all the ink is: 79 characters a line, as wide as a terminal.
PRINT = """python3 -c "from minicnn import data; [print(*map('{:3}'.format, row)) for row in \
data.load_sample()[0].images[0, 0, 4:24, 4:24].tolist()]\""""
RUN = "runs/quick"
BATCH, EPOCHS, KERNELS = 100, 2, 8  # of the network on the slides


@cache
def deck() -> str:
    """Return the slides as one self-contained HTML file.

    Example:
        >>> html = deck()
        >>> html.count('<section class="slide"') >= 20, "https:" in html
        (True, False)
    """
    chapters = _setup, _digits, _convolution, _pooling, _training, _learned
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


def _setup() -> Iterator[Slide]:
    yield Slide(
        "Setting up",
        turn(
            "In the folder of minicnn that you were given:",
            "<code>python3 -m venv .venv</code>",
            "<code>source .venv/bin/activate</code> "
            "(Windows: <code>.venv\\Scripts\\activate</code>)",
            '<code>pip install -e ".[test]"</code>',
            f"<code>{COMMAND}</code> lists the exercises.",
        ),
        "Best done before the class: PyTorch is a large download. Without network access: see the "
        "book's page for teachers, In class. All commands on the slides run in this folder.",
    )


def _digits() -> Iterator[Slide]:
    digits, test = data.load_sample()
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
        "Print a digit",
        turn(
            f"<code>{escape(PRINT)}</code>",
            "<code>images[0, …</code> is the first digit. Put another number in its place, up to "
            f"{len(digits.images) - 1}, and read the digit from its numbers.",
        ),
        "Let learners swap screens: can the neighbour read it? The rows and columns 4 to 23 hold "
        "all the ink; 0 is paper.",
    )
    yield Slide(
        "Many digits: four dimensions",
        figure(
            stacks(
                "Images one behind the other",
                Stack(
                    f"N = {shape[0]:,}", 12, 150, front=image, across=f"W = {shape[3]}",
                    down=f"H = {shape[2]}",
                ),
            ),
            f"The {shape[0]:,} training images of the sample ({len(test.images):,} more are kept "
            f"for the test): shape <code>{shape}</code>.",
            f"<b>N</b> = {shape[0]:,} images, <b>C</b> = {shape[1]} channel (grey), <b>H</b> = "
            f"{shape[2]} rows, <b>W</b> = {shape[3]} columns.",
        ),
        "All layers take and return this shape: N, C, H, W. A colour image has three channels; "
        "inside a network there may be hundreds.",
    )  # fmt: skip
    small = torch.arange(6.0).view(1, 1, 2, 3)
    yield Slide(
        "Memory has one dimension",
        figure(
            grids("Two rows of three, and one row of six", small[0, 0], "→", small.view(1, 6)),
            f"An image of the shape <code>{tuple(small.shape)}</code>. The rows lie one after the "
            "other. The <b>stride</b> says how many cells further the next one is: of H it is "
            f"{small.stride()[2]}, as one row further is {small.stride()[2]} cells further.",
        )
        + turn("On paper: what are the strides of N, C and W?"),
        f"The answer, for N, C, H, W: {small.stride()}. There is only one image and one channel: "
        "the next would begin where this one ends. At home: contiguous_strides.",
    )


def _convolution() -> Iterator[Slide]:
    image = torch.tensor([[1.0, 2, 0, 3], [4, 1, 2, 0], [0, 3, 1, 2], [2, 0, 4, 1]])
    kernel = torch.tensor([[1.0, 2], [-1, 3]])
    out = _convolve(image, kernel)
    first = [(y, x) for y in range(2) for x in range(2)]
    products, total = image[:2, :2] * kernel, f"{out[0, 0].item():g}"
    unknown = torch.full((2, 2), torch.nan)
    listed = ", ".join(f"{value:g}".replace("-", "−") for value in products.flatten().tolist())
    yield Slide(
        "One window",
        figure(
            grids(
                "A window of the image times the kernel", image, "×", kernel, "=", unknown, "→",
                unknown[:1, :1], titles=("image", "kernel", "products", "sum"), marked=first,
            ),
            "Multiply cell by cell and add up: which number?",
        ),
        f"On paper, everybody. The answer: the products {listed}, and their sum {total}.",
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
        "image: why? Mathematicians call this cross-correlation; see chapter 3.",
    )  # fmt: skip
    row, window = torch.arange(1.0, 8), 3
    padded = torch.zeros(9)
    padded[1:-1] = row
    ways = (row, 1, 0), (row, 2, 0), (padded, 1, 1)
    places = [_places(len(row), window, stride, padding) for _, stride, padding in ways]
    asked = _places(28, 5), _places(28, 5, stride=2), _places(28, 5, padding=2)
    drawn = (
        grids(
            f"{count} places", pixels.repeat(count, 1), titles=[f"{count} places"],
            marked=[(y, stride * y + x) for y in range(count) for x in range(window)],
        )
        for count, (pixels, stride, _) in zip(places, ways, strict=True)
    )  # fmt: skip
    yield Slide(
        "How many places?",
        figure(
            "".join(drawn),
            f"{len(row)} pixels, a window of {window}: <b>{places[0]}</b> places. In steps of 2 "
            f"(<b>stride</b>): <b>{places[1]}</b>. With a zero on either side (<b>padding</b>): "
            f"<b>{places[2]}</b>, as many as pixels.",
        )
        + turn(
            "On paper: 28 pixels, a window of 5. How many places? In steps of 2? With 2 zeros on "
            "either side?"
        ),
        f"The answers: {asked[0]}, {asked[1]}, {asked[2]}. Most learners are one off: the number "
        "of moves is not the number of places. At home: output_size.",
    )
    names = "right − left", "below − above"
    edges = torch.tensor([[[-1.0, 0, 1]] * 3, [[-1.0] * 3, [0.0] * 3, [1.0] * 3]]) / 3
    yield Slide(
        "Kernels that find edges",
        figure(
            grids(
                "Two kernels", 3 * edges[0], "", 3 * edges[1], titles=names,
            ),
            "Each takes the difference of two sides. Where the image is flat, the sum is 0.",
        ),
        "What does the second one do with a vertical stroke? Nothing: above and below are the "
        "same.",
    )  # fmt: skip
    seven = _seven()
    maps = [_convolve(seven, edge) for edge in edges]
    yield Slide(
        "What they find in a seven",
        figure(
            images("A seven and two maps of its edges", [seven, *maps], ["image", *names]),
            "Red: the sum is above 0. Blue: below. Pale: nothing there.",
        ),
        "The same few numbers, everywhere in the picture. Shift the seven and the maps shift too.",
    )
    edge, bordered = 3 * edges[0], torch.zeros(6, 6)
    bordered[1:-1, 1:-1] = image
    corner = [(y, x) for y in range(3) for x in range(3)]
    both = (bare, wide) = _convolve(image, edge), _convolve(bordered, edge)
    sizes = [f"{result.shape[0]} × {result.shape[1]}" for result in (image, *both)]
    yield Slide(
        "At the edge",
        figure(
            grids(
                "Without zeros around the image", image, "→", bare,
                titles=("image", sizes[1]), marked=corner,
            )
            + grids(
                "With zeros around the image", bordered, "→", wide,
                titles=("with a border of zeros", sizes[2]), marked=corner,
            ),
            f"The 3 × 3 kernel <i>{names[0]}</i>: {sizes[0]} becomes {sizes[1]}; with a border of "
            f"zeros it stays {sizes[2]}.",
        ),
        "Each layer would eat the border. Padding keeps the size, at the price of invented zeros.",
    )  # fmt: skip
    weight = torch.zeros(16, 8, 3, 3)
    n, c = weight.shape[:2]
    yield Slide(
        "Several channels, several kernels",
        figure(
            stacks(
                "All channels and one kernel make one channel",
                Stack(f"{c} channels", c, 110), "∗", Stack(f"1 of {n} kernels", c, 40, marked=c),
                "=", Stack(f"{n} channels", n, 110, marked=1),
            ),
            f"{c} channels in, {n} out: there are {n} kernels, and each has {c} × "
            f"{weight.shape[2]} × {weight.shape[3]} = {weight[0].numel()} weights.",
            "A kernel multiplies all channels under it and adds up everything: one number. Each "
            "kernel makes one channel of the result.",
            f"All together <b>{weight.numel():,}</b> weights, and the same ones are used at every "
            f"position. A linear layer from {c} × 784 to {n} × 784 numbers would need "
            f"{(n * 784) * (c * 784):,}.",
        ),
        "Few weights, used everywhere: that is the whole trick.",
    )  # fmt: skip
    yield Slide(
        "Write it",
        turn(
            f"<code>{COMMAND} start conv2d_forward</code>",
            f"<code>{COMMAND} check conv2d_forward.py</code>",
            "Loops are fine. Begin with one square image and one square kernel; the grader says "
            "how far you are.",
        ),
        "Most of this part. Learners who are stuck read the smallest failing case aloud, and "
        "compute it by hand. The first two groups of cases are enough for today.",
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
    pairs = [(_pooled(seven, k), _pooled(moved, k)) for k in (1, 4)]
    changes = [f"{_change(*pair):.0%}" for pair in pairs]
    yield Slide(
        "A small shift matters less",
        figure(
            images(
                "A seven and its shift",
                [seven, moved, *(after - before for before, after in pairs)],
                [
                    "a seven", "shifted", f"the change: {changes[0]}",
                    f"after pooling: {changes[1]}",
                ],
            ),
            f"Shift the seven by one pixel: the pixels change by {changes[0]} of the total ink. "
            f"Pool it by 4 first: by {changes[1]}.",
        )
        + turn(f"<code>{COMMAND} start max_pool2d_forward</code>"),
        "The change is the sum of the differences, divided by the sum of the numbers. Pooling does "
        "not remove it, it makes it smaller. Padding must never win: negative numbers are the trap "
        "of this exercise, which is for those who are done, and for home.",
    )  # fmt: skip


def _training() -> Iterator[Slide]:
    run = _trained()
    weights = [i / 40 for i in range(-40, 121)]  # from −1 to 3
    visited = _descent(weights)
    yield Slide(
        "Nobody designs the kernels",
        figure(
            curve(
                "The loss for each value of a weight, and steps down",
                weights, [0.2 + (w - 1) ** 2 for w in weights], "one weight", "loss",
                steps=list(pairwise(visited)),
            ),
            f"Start with random numbers. The network then gives every digit about the same "
            f"probability: the loss is {run.losses[0]:.2f}, as for pure guessing: log 10 = "
            f"{torch.tensor(10.0).log().item():.2f}.",
            "Then, for each batch: how does the loss change with each weight? Move every weight a "
            "little in the direction that lowers the loss. Repeat.",
        ),
        "The picture: the steeper the curve, the longer the step. Skip all derivations. How a "
        "computer finds the derivatives is chapter 5 of the book.",
    )  # fmt: skip
    yield Slide(
        "It learns",
        figure(
            curve(
                "The loss of each step, falling", range(1, len(run.losses) + 1), run.losses,
                "step", "loss",
            ),
            f"{len(run.losses)} steps of {BATCH} digits. On {run.tested:,} digits that it has not "
            f"seen: <b>{run.accuracy:.1%}</b> right.",
        ),
        f"This network has {KERNELS} kernels of 5 × 5, a pooling and a linear layer, and was "
        "trained when this file was written.",
    )  # fmt: skip
    yield Slide(
        "Predict, then run",
        turn(
            f"<code>python3 examples/train_mnist.py --preset quick --out {RUN}</code>",
            "Add one setting, with another <code>--out</code>: another network, <code>--model "
            "lenet5</code>, or a smaller learning rate, <code>--lr 0.0001</code>. For the number "
            "of kernels and layers, edit <code>examples/mnist_in_one_page.py</code>.",
            "Write down what you expect. Then run it.",
        ),
        "Run it live first. The prediction on paper is the point; a wrong one is worth most.",
    )


def _learned() -> Iterator[Slide]:
    run = _trained()
    yield Slide(
        "Before and after",
        figure(
            images(
                f"The {KERNELS} kernels",
                [_tiled(run.before), _tiled(run.after)],
                ["before training", "after training"],
            ),
            f"The {KERNELS} kernels of 5 × 5. Red: a weight above 0. Blue: below.",
        ),
        "Which of them look for an edge, and in which direction? Some "
        "look like nothing that has a name.",
    )
    chances = F.softmax(run.scores, 1)
    read = run.scores.argmax(1)
    # Correct answers come last, at −1: the worst mistake has the least chance for its true digit.
    lost = torch.where(read != run.labels, 1 - _picked(chances, run.labels), -1.0)
    worst = lost.argsort(descending=True, stable=True)[:4]
    yield Slide(
        "Its worst mistakes",
        figure(
            images(
                "A digit that it got wrong",
                list(run.images[worst, 0] / 255),
                [
                    f"a {label}, read as {answer} ({chance:.0%} sure)"
                    for label, answer, chance in zip(
                        run.labels[worst].tolist(),
                        read[worst].tolist(),
                        _picked(chances, read)[worst].tolist(),
                        strict=True,
                    )
                ],
            ),
            f"{run.wrong} of {run.tested:,} are wrong.",
        ),
        "Would you have read them? Some of these digits are doubtful; which mistakes are plain?",
    )
    yield Slide(
        "Kernels are not designed, they are learned",
        turn(
            "Draw a digit in any paint program, with a thick dark stroke on white, or photograph "
            "one on paper. Save it as <code>my_digit.png</code>, and let the network read it:",
            f"<code>python3 examples/predict.py {RUN} my_digit.png</code>",
            f"At home: <code>{COMMAND} start contiguous_strides</code>, "
            f"<code>{COMMAND} start output_size</code>. What is next: "
            f"<code>{COMMAND} status</code>",
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


def _picked(rows: Tensor, columns: Tensor) -> Tensor:
    return rows[torch.arange(len(rows)), columns]


def _tiled(kernels: Tensor, across: int = 4) -> Tensor:
    """Put kernels (N, 1, H, W) into one image, with gaps between them."""
    n, _, height, width = kernels.shape
    tiles = torch.full((n, height + 1, width + 1), torch.nan)
    tiles[:, :height, :width] = kernels[:, 0]
    rows = tiles.view(n // across, across, height + 1, width + 1).transpose(1, 2)
    return rows.reshape(-1, across * (width + 1))[:-1, :-1]


def _descent(weights: list[float]) -> list[int]:
    """Return the indices that gradient descent visits where the loss is 0.2 + (w − 1)²."""
    visited = [8]
    for _ in range(4):
        slope = 2 * (weights[visited[-1]] - 1)
        visited.append(visited[-1] - round(0.25 * slope / (weights[1] - weights[0])))
    return visited


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
