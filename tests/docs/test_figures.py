"""The interactive figures: their numbers equal the library's, by mouse and by keyboard."""

import doctest
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import figures
import pytest
import torch
import weights
from weights import Weights

from minicnn import functional as F
from minicnn import insight, layers, optim
from minicnn.optim import schedules
from minicnn.pages.explorer import classic, join
from minicnn.train import value_and_grad

from ..pages_explorer.browser import Tab
from ..pages_explorer.engine import NODE, needs_node, rounded
from .test_book import CHAPTERS

# An element on lines of its own, with a comment inside if pictures stay beside it.
ELEMENT = re.compile(
    r'\n\n<(?P<element>minicnn-[a-z]+(?: backward)?)(?: instead-of="(?P<picture>[\w-]+)")?>\n'
    r"(?:<!-- Beside (?P<beside>.+) -->\n)?</minicnn-[a-z]+>\n\n"
)
FOUND = [
    (chapter, found)
    for chapter in CHAPTERS
    for found in ELEMENT.finditer(chapter.read_text("utf-8"))
]
ALL = [found["element"] for _, found in FOUND]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A page</title>
<style>:root {{ color-scheme: light dark }} body {{ margin: 16px }}
{style}</style><main><h1>Figures</h1>
{body}
</main><script>{script}</script></html>"""


def test_every_figure_has_its_place_in_the_book() -> None:
    assert {element.split()[0] for element in ALL} == {f"minicnn-{n}" for n in figures.FIGURES}
    assert len(ALL) == len(set(ALL))


def test_every_figure_is_an_element_on_lines_of_its_own() -> None:
    for chapter in CHAPTERS:
        whole = ELEMENT.findall(chapter.read_text("utf-8"))
        assert len(whole) == chapter.read_text("utf-8").count("<minicnn-")


@pytest.mark.parametrize(("chapter", "found"), FOUND, ids=ALL)
def test_a_figure_stands_in_for_a_printed_picture_or_says_why_it_does_not(
    chapter: Path, found: re.Match[str]
) -> None:
    above = chapter.read_text("utf-8")[: found.start()]
    pictures = re.findall(r"^```\n\n!\[.*?\]\(\.\./images/learn/([\w-]+)\.", above, re.M | re.S)
    if found["picture"]:
        assert found["beside"] is None
        assert found["picture"] == pictures[-1]
    else:
        name, _, why = found["beside"].partition(": ")
        assert name in pictures
        assert why.endswith(".")


def test_the_names_of_the_script_are_unique() -> None:
    made = re.findall(
        r"^(?:async )?(?:function|class|(?:const|let)) (?:\[([\w, ]+)\]|(\w+))",
        figures.script(),
        re.MULTILINE,
    )
    names = [name for several, one in made for name in (one or several).split(", ")]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert len(names) > 200


def test_the_examples_of_the_extension_hold() -> None:
    assert doctest.testmod(figures) == (0, 1)
    assert doctest.testmod(weights) == (0, 5)


def test_only_pages_with_a_figure_load_the_script(tmp_path: Path) -> None:
    application = pytest.importorskip("sphinx.application", reason="sphinx is not installed")
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    (source / "conf.py").write_text("extensions = ['figures']\n")
    (source / "index.rst").write_text("One\n===\n\n.. toctree::\n\n   two\n")
    raw = ".. raw:: html\n\n   <minicnn-pool>\n   </minicnn-pool>\n"
    (source / "two.rst").write_text(f"Two\n===\n\n{raw}")
    warnings = (tmp_path / "warnings").open("w+")
    app = application.Sphinx(
        *map(str, (source, source, out, out / "trees")), "html", status=None, warning=warnings
    )
    app.build()
    warnings.seek(0)
    assert warnings.read() == ""
    warnings.close()
    one, two = ((out / f"{name}.html").read_text("utf-8") for name in ("index", "two"))
    for file in ("figures.js", "figures.css"):
        assert file not in one
        assert two.count(f"_static/{file}") == 1
    assert (out / "_static" / "figures.js").read_text("utf-8") == figures.script()


NET = layers.sequential(
    *(layers.conv2d(8, 5), layers.max_pool2d(2), layers.relu()),
    *(layers.conv2d(16, 3), layers.max_pool2d(2), layers.relu()),
    *(layers.flatten(), layers.linear(10)),
)
PARAMS, STATE, _ = NET.init(torch.Generator().manual_seed(3), (1, 28, 28))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    body = Weights(NET, PARAMS, STATE)._repr_html_()
    body += "\n".join(f"<{element}>\n</{element.split()[0]}>" for element in ALL)
    style = (figures.HERE / "figures.css").read_text("utf-8")
    file = tmp_path_factory.mktemp("figures") / "page.html"
    page = PAGE.format(style=style, body=body, script=figures.script())
    file.write_text(page, encoding="utf-8")
    return file


@pytest.fixture
def tab(browser: Any, path: Path) -> Iterator[Tab]:
    tab = Tab(browser, path, viewport={"width": 1280, "height": 900})
    yield tab
    tab.close()


SELECTORS = {"minicnn-window": "minicnn-window:not([backward])"}


def selector(element: str) -> str:
    name, *attributes = element.split()
    return (
        name + "".join(f"[{each}]" for each in attributes)
        if attributes
        else SELECTORS.get(name, name)
    )


def numbers(tab: Tab, element: str, **changes: Any) -> dict[str, Any]:
    """Set the controls of a figure, and return what it then shows."""
    code = """([selector, settings]) => {
      const figure = document.querySelector(selector);
      for (const [name, value] of Object.entries(settings)) {
        const control = figure.querySelector(`[name=${name}]`);
        control.value = value;
        if (Number(control.value) !== value && control.value !== value) throw Error(name);
        control.dispatchEvent(new Event("input", { bubbles: true }));
      }
      return figure.numbers;
    }"""
    return tab.run(code, [selector(element), changes])


def said(tab: Tab, element: str) -> str:
    return tab.text(f"{selector(element)} .said")


def close(found: Any, expected: torch.Tensor) -> bool:
    given = torch.tensor(found, dtype=torch.float64).view(expected.shape)
    return torch.allclose(given, expected.double(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("element", ALL)
def test_a_figure_says_in_two_sentences_what_to_try_and_what_to_notice(
    tab: Tab, element: str
) -> None:
    hint = tab.text(f"{selector(element)} p:nth-of-type(2)")
    assert len(re.findall(r"[.?](?:\s|$)", hint)) == 2
    assert re.search(r"^(Choose|Draw|Drag|Fill|Move|Raise|Take|With|A small)", hint)
    assert "notice" in hint.lower()


WINDOWS: list[dict[str, int]] = [
    dict(zip(("kernel", "stride", "padding", "dilation", "groups"), case, strict=True))
    for case in product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (1, 2, 3), (1, 2))
]


def shown_window(tab: Tab, element: str, settings: Mapping[str, int]) -> None:
    kernel, groups = settings["kernel"], settings["groups"]
    how: dict[str, Any] = {
        name: settings[name] for name in ("stride", "padding", "dilation", "groups")
    }
    shown = numbers(tab, element, **settings)
    if settings["dilation"] * (kernel - 1) + 1 > 6 + 2 * settings["padding"]:
        assert "it fits nowhere" in shown["said"]
        return
    x = torch.tensor(shown["x"], dtype=torch.float64).view(1, 2, 6, 6).requires_grad_()
    weight = torch.tensor(shown["weight"], dtype=torch.float64)
    weight = weight.view(2, 2 // groups, kernel, kernel).requires_grad_()
    y = F.conv2d(x, weight, **how)
    assert close(shown["y"], y)
    upstream = torch.tensor(shown["upstream"], dtype=torch.float64).view(y.shape)
    to_x, to_weight = torch.autograd.grad(y, [x, weight], upstream)
    assert close(shown["toX"], to_x)
    assert close(shown["toWeight"], to_weight)


@pytest.mark.parametrize("element", ["minicnn-window", "minicnn-window backward"])
def test_the_window_computes_conv2d_and_its_gradients(tab: Tab, element: str) -> None:
    for settings in WINDOWS[::7]:
        shown_window(tab, element, settings)


@pytest.mark.slow
@pytest.mark.parametrize("element", ["minicnn-window", "minicnn-window backward"])
def test_the_window_computes_conv2d_for_all_positions_of_its_sliders(
    tab: Tab, element: str
) -> None:
    for settings in WINDOWS:
        shown_window(tab, element, settings)


def arithmetic(sentence: str) -> tuple[float, float]:
    """Both sides of the last equation of a sentence like ``y[0] = (−1)·3 + 2·4 = 5``."""
    _, left, right = sentence.replace("−", "-").replace("·", "*").split(" = ")
    return eval(left), float(right.split()[0].rstrip("."))


def test_the_sentence_of_the_window_is_right_arithmetic(tab: Tab) -> None:
    settings = {"kernel": 2, "stride": 2, "padding": 1, "dilation": 2, "groups": 2}
    for element, board in (
        *(("minicnn-window", "y"), ("minicnn-window backward", "∂L/∂x")),
        ("minicnn-window backward", "∂L/∂w"),
    ):
        numbers(tab, element, **settings)
        boards = tab.page.locator(f"{selector(element)} .board")
        tiles = boards.filter(has=tab.page.get_by_text(board, exact=True)).locator(".tiles")
        cells = tiles.locator("[data-i]")
        for n in range(0, cells.count(), 17):
            cells.nth(n).click()
            sentence = said(tab, element)
            if "more)" in sentence or "no window" in sentence:
                continue
            left, right = arithmetic(sentence)
            assert left == right
            text = cells.nth(n).inner_text().replace("−", "-")
            assert float(text) == right


def test_the_numbers_in_the_cells_are_those_that_were_computed(tab: Tab) -> None:
    shown = numbers(tab, "minicnn-window", kernel=3, stride=2)
    tiles = tab.page.locator(f"{selector('minicnn-window')} .board").nth(2).locator("[data-i]")
    texts = [text.replace("−", "-") for text in tiles.all_inner_texts()]
    assert [float(text) for text in texts] == shown["y"]


@pytest.mark.parametrize("kind", ["max", "mean"])
def test_the_pool_computes_pooling_and_its_gradient(tab: Tab, kind: str) -> None:
    pool: Any = F.max_pool2d if kind == "max" else F.avg_pool2d
    tab.page.locator("minicnn-pool .tiles").first.focus()
    keys = ["7", "ArrowDown", "7", "ArrowLeft", "-", "ArrowUp", "7", "+", "-"]  # ties
    for key, (kernel, stride) in zip(keys, product((1, 2, 3, 4), (1, 2, 3)), strict=False):
        tab.page.keyboard.press(key)
        shown = numbers(tab, "minicnn-pool", kind=kind, kernel=kernel, stride=stride)
        x = torch.tensor(shown["x"], dtype=torch.float64).view(1, 1, 4, 4).requires_grad_()
        y = pool(x, kernel, stride)
        assert close(shown["y"], y)
        upstream = torch.tensor(shown["upstream"], dtype=torch.float64).view(y.shape)
        assert close(shown["toX"], torch.autograd.grad(y, x, upstream)[0])


def test_the_first_of_a_tie_wins(tab: Tab) -> None:
    assert said(tab, "minicnn-pool") == "x[1, 2] = 8 wins one window, and gets 20."
    tab.page.locator("minicnn-pool .tiles").first.focus()
    for key in ("ArrowUp", "8"):
        tab.page.keyboard.press(key)
    assert said(tab, "minicnn-pool") == "x[0, 2] = 8 wins one window, and gets 20."
    tab.page.keyboard.press("ArrowDown")
    assert said(tab, "minicnn-pool") == "x[1, 2] = 8 wins no window, and gets no gradient."
    tab.page.keyboard.press("Tab")  # to y
    tab.page.keyboard.press("ArrowRight")
    expected = "y[0, 1] = 8 is x[0, 2]: 2 cells tie, and the first of them wins."
    assert said(tab, "minicnn-pool") == expected
    numbers(tab, "minicnn-pool", kind="mean")
    assert said(tab, "minicnn-pool") == "y[0, 1] is the mean of 4 cells: 4.25."
    tab.page.get_by_role("button", name="chosen cell + 1").click()
    assert said(tab, "minicnn-pool") == "x[1, 2] = 9 is in one window, and gets 20·0.25 = 5."


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 3, "label": "2"},
        {"smoothing": 0.2, "z0": 5, "z1": -5},
        {"z3": 4.9, "temperature": 0.2, "smoothing": 0.5, "label": "1"},
    ],
)
def test_the_softmax_computes_the_cross_entropy_and_its_gradient(
    tab: Tab, settings: dict[str, Any]
) -> None:
    shown = numbers(tab, "minicnn-softmax", **settings)
    scores = [settings.get(f"z{k}", 2 - k) / settings.get("temperature", 1) for k in range(4)]
    assert close(shown["scores"], torch.tensor(scores, dtype=torch.float64))
    z = torch.tensor([shown["scores"]], dtype=torch.float64).requires_grad_()
    label = torch.tensor([int(settings.get("label", 0))])
    loss = F.cross_entropy(z, label, label_smoothing=settings.get("smoothing", 0))
    assert close(shown["loss"], loss)
    assert close(shown["p"], F.softmax(z, 1))
    assert close(shown["gradient"], torch.autograd.grad(loss, z)[0])


def test_smoothing_takes_the_gradient_to_zero_at_a_finite_score(tab: Tab) -> None:
    signs = {
        smoothing: [
            numbers(tab, "minicnn-softmax", smoothing=smoothing, z0=z)["gradient"][0] < 0
            for z in (2, 5)
        ]
        for smoothing in (0, 0.2)
    }
    assert signs == {0: [True, True], 0.2: [True, False]}


def spring(w: torch.Tensor) -> torch.Tensor:
    x = torch.tensor([1.0, 2, 3, 4], dtype=torch.float64)
    y = torch.tensor([3.1, 4.9, 7.2, 8.8], dtype=torch.float64)
    return ((w * x - y) ** 2).mean()


def test_one_weight_has_its_slope_and_its_step(tab: Tab) -> None:
    for w, rate in product((-1.5, 0.0, 2.4, 6.2), (0.005, 0.05, 0.15)):
        shown = numbers(tab, "minicnn-weight", w=w, rate=rate)
        at = torch.tensor(w, dtype=torch.float64).requires_grad_()
        loss = spring(at)
        (slope,) = torch.autograd.grad(loss, at)
        assert close(shown["loss"], loss.detach())
        assert close(shown["slope"], slope)
        opt = optim.sgd(rate)
        updates, _ = opt.update(slope, opt.init(at.detach()), at.detach())
        after = optim.apply_updates(at.detach(), updates)
        assert close(shown["next"], after)
        assert close(shown["after"], spring(after))


def test_steps_of_one_weight_are_exact_and_can_leave_the_picture(tab: Tab) -> None:
    numbers(tab, "minicnn-weight", w=0, rate=0.15)
    w = 0.0
    for _ in range(9):
        w = numbers(tab, "minicnn-weight")["next"]
        tab.page.get_by_role("button", name="Take the step").click()
        assert numbers(tab, "minicnn-weight")["w"] == w
    assert abs(w) > 10
    assert said(tab, "minicnn-weight").endswith(": higher.")
    tab.page.get_by_role("button", name="Back to w = 0").click()
    assert numbers(tab, "minicnn-weight")["w"] == 0


def test_the_point_of_one_weight_can_be_dragged(tab: Tab) -> None:
    plane = tab.page.locator("minicnn-weight svg")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    places = []
    tab.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    tab.page.mouse.down()
    for part in (0.4, 0.7, 2):
        tab.page.mouse.move(box["x"] + part * box["width"], box["y"] + 9)
        places.append(numbers(tab, "minicnn-weight")["w"])
    tab.page.mouse.up()
    assert places[0] < places[1] < places[2] == 6.2
    point = tab.page.locator("minicnn-weight circle.now").bounding_box()
    assert abs(point["x"] + point["width"] / 2 - box["x"] - box["width"]) < 0.03 * box["width"]


def valley(p: torch.Tensor) -> torch.Tensor:
    x, y = p
    return 0.05 * (x - 2) ** 2 + 2 * (y - 0.05 * x**2) ** 2


@pytest.mark.parametrize("method", ["gradient descent", "momentum", "Adam"])
@pytest.mark.parametrize(("power", "beta"), [(-0.4, 0.8), (-1.5, 0.98), (-0.2, 0.0)])
def test_the_descent_takes_the_steps_of_the_optimizer(
    tab: Tab, method: str, power: float, beta: float
) -> None:
    shown = numbers(
        tab, "minicnn-descent", method=method, rate=power, beta=beta, beta2=0.95, steps=12
    )
    rate = float(f"{10**power:.2g}")
    opt = {
        "gradient descent": optim.sgd(rate),
        "momentum": optim.sgd(rate, momentum=beta),
        "Adam": optim.adam(rate, betas=(beta, 0.95)),
    }[method]
    place = torch.tensor([-3.0, 2.5], dtype=torch.float64)
    state, places = opt.init(place), [place]
    for _ in range(12):
        leaf = place.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(valley(leaf), leaf)
        updates, state = opt.update(gradient, state, place)
        place = optim.apply_updates(place, updates)
        places.append(place)
    found, expected = torch.tensor(shown["places"], dtype=torch.float64), torch.stack(places)
    assert torch.allclose(found, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(
        torch.tensor(shown["loss"], dtype=torch.float64), valley(place), rtol=1e-10, atol=1e-10
    )


def test_the_descent_goes_step_by_step(tab: Tab) -> None:
    for button, steps in (("To the start", 0), ("One step", 1), ("One step", 2)):
        tab.page.get_by_role("button", name=button, exact=True).click()
        assert len(numbers(tab, "minicnn-descent")["places"]) == steps + 1
    assert said(tab, "minicnn-descent").startswith("After 2 steps of gradient descent: x = ")
    for _ in range(3):  # not below the start
        tab.page.get_by_role("button", name="One step back").click()
    assert said(tab, "minicnn-descent") == (
        "After 0 steps of gradient descent: x = −3, y = 2.5, loss 9.655."
    )


SMALL: list[dict[str, int]] = [
    dict(zip(("kernel", "stride", "padding"), case, strict=True))
    for case in product((1, 2, 3), (1, 2), (0, 1))
]


@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_unfold_fills_the_columns_of_the_library(tab: Tab, kernel: int, stride: int) -> None:
    shown = numbers(tab, "minicnn-unfold", kernel=kernel, stride=stride, filled=3)
    x = torch.tensor(shown["x"], dtype=torch.float64).view(1, 1, 4, 4)
    columns = F.unfold(x, kernel, stride=stride)
    assert close(shown["columns"], columns)
    weight = small_kernel(tab)
    assert close(shown["y"], weight.view(1, -1) @ columns[0])
    rows, many = columns.shape[1:]
    assert shown["filled"] == min(3, many)
    boards = tab.page.locator("minicnn-unfold .board")
    texts = boards.nth(2).locator("[data-i]").all_inner_texts()
    expected = [f"{v:g}" if i % many < 3 else "" for i, v in enumerate(columns.flatten().tolist())]
    assert texts == expected
    assert len(texts) == rows * many


def small_kernel(tab: Tab) -> torch.Tensor:
    texts = tab.page.locator("minicnn-unfold .board").nth(1).locator("[data-i]").all_inner_texts()
    return torch.tensor([float(text.replace("−", "-")) for text in texts], dtype=torch.float64)


def test_the_matrix_is_the_jacobian_of_conv2d(tab: Tab) -> None:
    weights = {1: torch.tensor([2.0], dtype=torch.float64)}
    for kernel in (2, 3):
        numbers(tab, "minicnn-unfold", kernel=kernel, filled=9)
        weights[kernel] = small_kernel(tab)
    for settings in SMALL:
        shown = numbers(tab, "minicnn-matrix", **settings)
        kernel = settings["kernel"]
        weight = weights[kernel].view(1, 1, kernel, kernel)
        x = torch.tensor(shown["x"], dtype=torch.float64).view(1, 1, 4, 4)

        def f(x: torch.Tensor, weight: torch.Tensor = weight, how: Any = settings) -> torch.Tensor:
            return F.conv2d(x, weight, stride=how["stride"], padding=how["padding"])

        assert close(shown["y"], f(x))
        jacobian = torch.func.jacrev(f)(x)
        assert close(shown["matrix"], jacobian.view(-1, 16))


def test_thick_lines_cut_the_matrix_into_its_blocks(tab: Tab) -> None:
    shown = numbers(tab, "minicnn-matrix", kernel=2, stride=1, padding=1)
    high = int(len(shown["y"]) ** 0.5)
    cells = tab.page.locator("minicnn-matrix .board").first.locator("[data-i]")
    for i, kinds in enumerate(cells.evaluate_all("(all) => all.map((each) => each.className)")):
        row, column = divmod(i, 16)
        assert ("block-row" in kinds) == (row > 0 and row % high == 0)
        assert ("block-column" in kinds) == (column > 0 and column % 4 == 0)
    # All blocks on a diagonal are equal, as the chapter says.
    blocks = torch.tensor(shown["matrix"]).view(high, high, 4, 4).transpose(1, 2)
    for row, column in product(range(high - 1), range(3)):
        assert torch.equal(blocks[row, column], blocks[row + 1, column + 1])


def schedule(kind: str, peak: float, warm: int) -> schedules.Schedule:
    cosine = schedules.cosine(peak, 100 - warm)
    return {
        "constant": schedules.constant(peak),
        "cosine": schedules.cosine(peak, 100),
        "warm-up, then cosine": schedules.linear_warmup(cosine, warm, 0.05),
        "one cycle": schedules.one_cycle(peak, 100, pct_start=warm / 100),
        "step decay": schedules.step_decay(peak, 34, 0.3),
    }[kind]


@pytest.mark.parametrize("peak", [0.1, 1])
@pytest.mark.parametrize("warm", [1, 30])
@pytest.mark.parametrize(
    "kind", ["constant", "cosine", "warm-up, then cosine", "one cycle", "step decay"]
)
def test_the_schedule_is_that_of_the_library(tab: Tab, kind: str, warm: int, peak: float) -> None:
    shown = numbers(tab, "minicnn-schedule", kind=kind, peak=peak, warm=warm, step=99)
    rates = torch.tensor([schedule(kind, peak, warm)(t) for t in range(100)], dtype=torch.float64)
    assert close(shown["rates"], rates)


@pytest.mark.parametrize("activation", ["ReLU", "tanh", "none"])
@pytest.mark.parametrize("sigma", [0.3, 1, 2.5])
def test_the_signals_are_those_of_the_library(tab: Tab, activation: str, sigma: float) -> None:
    shown = numbers(tab, "minicnn-signals", activation=activation, sigma=sigma)
    weights, x, arriving = (
        torch.tensor(shown[name], dtype=torch.float64) for name in ("weights", "inputs", "arriving")
    )
    assert abs(weights.std() - 1) < 0.01
    bend = {"ReLU": F.relu, "tanh": F.tanh, "none": lambda z: z}[activation]
    zs = []
    for weight in weights.view(20, 64, 64):
        zs.append(F.linear(x, sigma * (2 / 64) ** 0.5 * weight).requires_grad_())
        x = bend(zs[-1])
    grads = torch.autograd.grad((x * arriving).sum(), zs)
    for name, tensors in (("forward", zs), ("backward", grads)):
        found = torch.tensor(shown[name], dtype=torch.float64)
        expected = torch.stack([tensor.detach().std() for tensor in tensors])
        assert torch.allclose(found, expected, rtol=1e-10, atol=0)


LAWS = "adjoint in the image", "adjoint in the weight", "value, as the right one has it"
SEEN = {  # by which laws, at stride 2
    "no bug": (False, False, False),
    "flips the kernel": (False, False, True),
    "flips the kernel in ∂L/∂x alone": (True, False, False),
    "forgets the stride in ∂L/∂x": (True, False, False),
    "flips ∂L/∂w": (False, True, False),
}


@pytest.mark.parametrize("bug", SEEN)
def test_the_laws_see_the_bugs_that_they_say(tab: Tab, bug: str) -> None:
    for stride in (1, 2, 3):
        shown = numbers(tab, "minicnn-law", bug=bug, stride=stride)
        x = torch.tensor(shown["x"], dtype=torch.float64).view(1, 1, 5, 5).requires_grad_()
        w = torch.tensor(shown["weight"], dtype=torch.float64).view(1, 1, 2, 2).requires_grad_()
        right = F.conv2d(x, w, stride=stride)
        g = torch.tensor(shown["upstream"], dtype=torch.float64).view(right.shape)
        by_x, by_weight = torch.autograd.grad(right, [x, w], g)
        mirrored = F.conv2d(x, w.detach().flip(2, 3), stride=stride)
        (by_mirrored,) = torch.autograd.grad(mirrored, x, g)
        if bug == "forgets the stride in ∂L/∂x":
            side = g.shape[2]
            part = torch.zeros_like(x)
            part[:, :, : side + 1, : side + 1] = F.conv_transpose2d(g, w)[:, :, :5, :5].detach()
            by_x = part
        assert close(shown["value"], mirrored if bug == "flips the kernel" else right)
        assert close(shown["toX"], by_mirrored if "flips the kernel" in bug else by_x)
        flips = bug in ("flips the kernel", "flips ∂L/∂w")
        assert close(shown["toWeight"], by_weight.flip(2, 3) if flips else by_weight)
        for law, seen in zip(LAWS, SEEN[bug], strict=True):
            shown = numbers(tab, "minicnn-law", law=law)
            if stride == 1 and bug.startswith("forgets"):
                seen = False
            assert (shown["left"] != shown["right"]) == seen
            says = "The law does not hold" if seen else "The law holds"
            assert said(tab, "minicnn-law").startswith(says)


@pytest.mark.parametrize(
    ("w", "b", "x", "y"), [(2, -1, 1.5, 3), (-3, 0.5, -2.5, -3), (1, -8, 3, 2), (0, 0, 1, 1)]
)
def test_the_graph_walks_as_autograd_does(tab: Tab, w: float, b: float, x: float, y: float) -> None:
    shown = numbers(tab, "minicnn-graph", step=14, w=w, b=b, x=x, y=y)
    leaves = [torch.tensor(float(v), dtype=torch.float64).requires_grad_() for v in (w, b)]
    product = leaves[0] * x
    total = product + leaves[1]
    relu = F.relu(total)
    error = relu - y
    square, decay = error**2, leaves[0] ** 2 / 10
    loss = square + decay
    nodes = [*leaves, product, total, relu, error, square, decay, loss]
    names = "w", "b", "product", "sum", "relu", "error", "square", "decay", "loss"
    grads = torch.autograd.grad(loss, nodes)
    for name, node, grad in zip(names, nodes, grads, strict=True):
        assert close(shown["values"][name], node.detach())
        assert close(shown["grads"][name], grad)


def test_the_graph_goes_node_by_node(tab: Tab) -> None:
    shown = numbers(tab, "minicnn-graph", step=0)
    assert set(shown["values"]) == {"w", "b", "x", "y"}
    assert said(tab, "minicnn-graph") == "Nothing is computed yet."
    tab.page.get_by_role("button", name="Next node").click()
    assert said(tab, "minicnn-graph") == "Forward: w · x = 3."
    numbers(tab, "minicnn-graph", step=13)
    tab.page.get_by_role("button", name="Next node").click()
    assert said(tab, "minicnn-graph") == (
        "Backward: w · x has the gradient −2, and sends −3 to w, which makes −2.6 there."
    )
    tab.page.get_by_role("button", name="One node back").click()
    assert numbers(tab, "minicnn-graph")["grads"]["w"] == 0.4


@pytest.mark.parametrize(
    ("power", "rate", "examples", "units"),
    [(-1, 0.1, 6, 30), (-3.25, 5.6e-4, 40, 1), (0, 1, 10, 7)],
)
def test_the_curves_are_those_of_the_library(
    tab: Tab, power: float, rate: float, examples: int, units: int
) -> None:
    shown = numbers(tab, "minicnn-curves", rate=power, examples=examples, units=units)
    params = tuple(torch.tensor(values, dtype=torch.float64) for values in shown["first"])
    train, held = (
        [torch.tensor(shown[name][axis], dtype=torch.float64)[:, None] for axis in "xy"]
        for name in ("train", "held")
    )
    assert len(train[0]) == examples
    assert len(params[0]) == units

    def loss(params: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        into, bias, out, last = params
        a = F.tanh(F.linear(x, into[:, None], bias))
        return ((F.linear(a, out[None], last) - y) ** 2).mean()

    opt = optim.adam(rate)
    state, step = opt.init(params), value_and_grad(loss)
    for t in range(50):
        now, grads = step(params, *train)
        for name, expected in (("losses", now), ("validation", loss(params, *held))):
            found = torch.tensor(shown[name][t], dtype=torch.float64)
            assert torch.allclose(found, expected, rtol=1e-8, atol=0), (t, name)
        updates, state = opt.update(grads, state, params)
        params = optim.apply_updates(params, updates)


def test_the_curves_can_show_each_diagnosis(tab: Tab) -> None:
    slow = numbers(tab, "minicnn-curves", rate=-4, examples=40, units=30)
    assert slow["losses"][-1] > 0.5
    assert all(a > b for a, b in zip(slow["losses"], slow["losses"][1:], strict=False))
    small = numbers(tab, "minicnn-curves", rate=-1, examples=40, units=1)
    large = numbers(tab, "minicnn-curves", rate=-1, examples=40, units=30)
    assert small["losses"][-1] > 1.5 * large["losses"][-1]  # underfitting
    few = numbers(tab, "minicnn-curves", rate=-1, examples=6, units=30)
    assert few["losses"][-1] < 0.01
    assert few["validation"][-1] > 1.5 * min(few["validation"])  # overfitting
    assert few["validation"][-1] > 1.5 * large["validation"][-1]
    fast = numbers(tab, "minicnn-curves", rate=1, examples=40, units=30)
    assert max(fast["losses"][1:]) > fast["losses"][0]  # jumps


@pytest.mark.parametrize(
    ("layers", "kernel", "stride", "dilation"),
    [(1, 2, 1, 1), (3, 3, 1, 1), (4, 4, 1, 1), (3, 2, 2, 1), (3, 3, 1, 2), (2, 3, 2, 2)],
)
def test_the_receptive_field_is_where_the_gradient_is(
    tab: Tab, layers: int, kernel: int, stride: int, dilation: int
) -> None:
    changes = {"layers": layers, "kernel": kernel, "stride": stride, "dilation": dilation}
    shown = numbers(tab, "minicnn-field", **changes)
    x = torch.zeros(1, 1, 15, 15, dtype=torch.float64).requires_grad_()
    ones, y = torch.ones(1, 1, kernel, kernel, dtype=torch.float64), x
    for _ in range(layers):
        y = F.conv2d(y, ones, stride=stride, dilation=dilation)
    assert y.shape[2] == shown["last"]
    (paths,) = torch.autograd.grad(y.flatten()[shown["chosen"]], x)
    assert close(shown["paths"], paths)
    reach = sum(dilation * (kernel - 1) * stride**n for n in range(layers)) + 1
    assert shown["side"] == reach
    read = tab.page.locator("minicnn-field .board").first.locator(".read")
    assert read.count() == (paths > 0).sum()


def test_a_stack_that_fits_nowhere_says_so(tab: Tab) -> None:
    numbers(tab, "minicnn-field", layers=4, kernel=4, dilation=2)
    expected = "The image is too small for so many layers: a kernel fits nowhere."
    assert said(tab, "minicnn-field") == expected
    numbers(tab, "minicnn-field", layers=1)
    assert said(tab, "minicnn-field").startswith("y[")


DRAWN = "minicnn-digit"
STROKES = {
    "seven": [],  # what is there at first
    "one": [(0.5, 0.15), (0.5, 0.85)],
    "nought": [
        (0.5, 0.2),
        (0.3, 0.4),
        (0.3, 0.7),
        (0.5, 0.85),
        (0.7, 0.6),
        (0.65, 0.3),
        (0.5, 0.2),
    ],
}


def draw(tab: Tab, points: list[tuple[float, float]]) -> None:
    """Clear the pad, and draw a stroke through points in [0, 1]."""
    if not points:
        return
    tab.page.locator(DRAWN).get_by_role("button", name="Clear").click()
    pad = tab.page.locator(f"{DRAWN} .pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for n, (x, y) in enumerate(points):
        tab.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
        if n == 0:
            tab.page.mouse.down()
    tab.page.mouse.up()


@pytest.mark.parametrize("drawing", STROKES)
@pytest.mark.parametrize("score", ["the answer", "0", "9"])
def test_the_saliency_of_a_drawing_is_that_of_the_library(
    tab: Tab, drawing: str, score: str
) -> None:
    draw(tab, STROKES[drawing])
    said(tab, DRAWN)  # a drawing is read in the next frame
    shown = numbers(tab, DRAWN, score=score)
    x = torch.tensor(shown["pixels"], dtype=torch.float64).view(1, 1, 28, 28)
    assert 20 < x.sum() < 300
    params = rounded(PARAMS)
    scores, _ = NET.apply(params, STATE, x)
    assert close(shown["scores"], scores)
    answer = int(scores.argmax())
    assert shown["answer"] == answer
    assert shown["explained"] == (answer if score == "the answer" else int(score))
    classes = torch.tensor([shown["explained"]])
    assert close(shown["saliency"], insight.saliency(NET, params, STATE, x, classes)[0])
    probability = float(F.softmax(scores, 1)[0, answer])
    assert said(tab, DRAWN).startswith(f"The answer is {answer}, with {100 * probability:.1f}%. ")


@pytest.mark.parametrize(
    ("layer", "unit", "first", "side"),
    [  # as the recursion of the chapter has it: the first pixel and the size of the field
        ("0: conv2d(8, 5)", (3, 0, 23), (0, 23), 5),
        ("1: max_pool2d(2)", (7, 11, 4), (22, 8), 6),
        ("2: relu()", (0, 6, 6), (12, 12), 6),
        ("3: conv2d(16, 3)", (15, 9, 1), (18, 2), 10),
        ("4: max_pool2d(2)", (2, 0, 4), (0, 16), 12),
        ("5: relu()", (9, 3, 2), (12, 8), 12),
    ],
)
def test_the_receptive_field_of_a_unit_is_marked(
    tab: Tab, layer: str, unit: tuple[int, int, int], first: tuple[int, int], side: int
) -> None:
    said(tab, DRAWN)
    numbers(tab, DRAWN, layer=layer)
    tab.page.locator(f"{DRAWN} .choice").focus()
    channel, row, column = unit
    middle = activation(layer).shape[-1] // 2
    for there, here, more, less in (
        (channel, 0, "PageDown", "PageUp"),
        (row, middle, "ArrowDown", "ArrowUp"),
        (column, middle, "ArrowRight", "ArrowLeft"),
    ):
        for _ in range(abs(there - here)):
            tab.page.keyboard.press(more if there > here else less)
    shown = numbers(tab, DRAWN)
    values = activation(layer, shown["pixels"])
    assert shown["unit"] == int(torch.arange(values.numel()).view(values.shape[1:])[unit])
    assert close(shown["value"], values[0][unit])
    rows, columns = (range(start, start + side) for start in first)
    assert shown["field"] == [28 * h + v for h in rows for v in columns]
    spans = [f"{each[0]} to {each[-1]}" for each in (rows, columns)]
    assert said(tab, DRAWN).endswith(
        f"Unit {unit} of {layer[3:]} reads rows {spans[0]} and columns {spans[1]} of the image."
    )
    # Outside of the field the gradient of the unit is 0, and inside it is not, for some image.
    x = torch.randn(80, 1, 28, 28, generator=torch.Generator().manual_seed(1)).requires_grad_()
    _, y = layers.activations(NET, PARAMS, STATE, x)[int(layer[0])]
    (gradient,) = torch.autograd.grad(y[(slice(None), *unit)].sum(), x)
    seen = gradient.abs().sum((0, 1)).flatten().nonzero().flatten()
    assert set(seen.tolist()) <= set(shown["field"])
    assert len(seen) > 0.9 * side * side


def activation(layer: str, pixels: Any = None) -> torch.Tensor:
    """The output of a layer for the pixels that a figure shows."""
    x = torch.tensor([0.0] * 784 if pixels is None else pixels, dtype=torch.float64)
    every = layers.activations(NET, rounded(PARAMS), STATE, x.view(1, 1, 28, 28))
    return every[int(layer[0])][1]


def test_a_click_in_the_feature_maps_chooses_a_unit(tab: Tab) -> None:
    said(tab, DRAWN)
    before = numbers(tab, DRAWN, layer="4: max_pool2d(2)")
    maps = tab.page.locator(f"{DRAWN} .choice")
    maps.click(position={"x": 5 * 11 + 6 + 3, "y": 2 * 11 + 3})  # the second map, row 2, column 0
    assert numbers(tab, DRAWN)["unit"] == 25 + 2 * 5
    maps.click(position={"x": 5 * 11 + 2, "y": 2})  # between two maps
    assert numbers(tab, DRAWN)["unit"] == 25 + 2 * 5
    numbers(tab, DRAWN, layer="0: conv2d(8, 5)")
    after = numbers(tab, DRAWN, layer="4: max_pool2d(2)")  # which remembers its unit
    assert (before["unit"], after["unit"]) == (12, 35)


def test_a_digit_is_drawn_by_keyboard_and_taken_back(tab: Tab) -> None:
    said(tab, DRAWN)
    seven = numbers(tab, DRAWN)["pixels"]
    tab.page.locator(f"{DRAWN} .pad").focus()
    tab.page.keyboard.press("Space")
    for _ in range(15):
        tab.page.keyboard.press("ArrowDown")
    said(tab, DRAWN)
    assert tab.text(f"{DRAWN} .place") == "Pen down at 128, 184 of 256."
    assert numbers(tab, DRAWN)["pixels"] != seven
    tab.page.locator(DRAWN).get_by_role("button", name="Undo").click()
    assert numbers(tab, DRAWN)["pixels"] == seven
    tab.page.locator(DRAWN).get_by_role("button", name="Clear").click()
    assert said(tab, DRAWN).startswith("Draw a digit. Unit (0, 12, 12) of conv2d(8, 5) reads ")
    assert set(numbers(tab, DRAWN)["pixels"]) == {0}


def test_the_page_has_no_script_in_its_weights() -> None:
    text = Weights(NET, PARAMS, STATE)._repr_html_()
    assert text.count("<") == 2
    assert len(text) < 20_000
    with pytest.raises(
        ValueError, match=r"^the explorer does not know the layer sine\(\): it knows "
    ):
        Weights(layers.function("sine", torch.sin), (), ())


PRINTED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>
<style>{style}
.only-light {{ display: block !important; }} html body .only-dark {{ display: none !important; }}
html body:not([data-theme="light"]) .only-light {{ display: block !important; }}</style>
<div class="cell tag_hide-input tag_picture-one"><details><summary>Show</summary>code</details>
<div class="cell_output"><pre>text</pre><img class="only-light" alt="one" src="data:,"></div></div>
<minicnn-digit instead-of="one"></minicnn-digit>
<div class="cell tag_picture-two"><div class="cell_output">
<img class="only-light" alt="two" src="data:,"></div></div>
<{element}></{name}>
<script>{script}</script></html>"""


def in_place_of(browser: Any, folder: Path, element: str, **options: Any) -> list[str]:
    """The pictures that are seen on a page with an element, and on paper."""
    file = folder / "printed.html"
    style = (figures.HERE / "figures.css").read_text("utf-8")
    name = element.split()[0]
    page = PRINTED.format(style=style, element=element, name=name, script=figures.script())
    file.write_text(page, encoding="utf-8")
    tab = Tab(browser, file, **options)
    found = []
    for media in ("screen", "print"):
        tab.page.emulate_media(media=media)
        images = tab.page.locator("img")
        shown = [images.nth(n) for n in range(images.count()) if images.nth(n).is_visible()]
        assert tab.page.locator("summary").is_visible()
        assert tab.page.locator("pre").is_visible()
        found.append(" ".join(image.get_attribute("alt") for image in shown))
    tab.close()
    return found


def test_a_printed_picture_is_seen_where_its_figure_is_not(browser: Any, tmp_path: Path) -> None:
    # The page has no weights, so that the figure of the first picture cannot be shown.
    pool = 'minicnn-pool instead-of="two"'
    assert in_place_of(browser, tmp_path, pool) == ["one", "one two"]
    assert in_place_of(browser, tmp_path, "minicnn-pool") == ["one two", "one two"]
    off = {"java_script_enabled": False}
    assert in_place_of(browser, tmp_path, pool, **off) == ["one two", "one two"]


@needs_node
def test_a_number_is_written_shortly_and_right() -> None:
    rng = torch.Generator().manual_seed(0)
    size = 10 ** (14 * torch.rand(3000, generator=rng, dtype=torch.float64) - 7)
    drawn = size * torch.randn(3000, generator=rng, dtype=torch.float64)
    values = [*drawn.tolist(), *drawn.round().tolist(), 1200.3, 120.04, 0.5142e-9, -0.5, 0.0]
    parts = classic((figures.HERE / "parts.js").read_text("utf-8"))
    source = f"{join(('numbers', 'dom', 'maps'))}\n{parts}\n"
    source += f"console.log(JSON.stringify({json.dumps(values)}.map(short)))"
    assert NODE
    done = subprocess.run([NODE, "-"], input=source, capture_output=True, text=True, check=True)
    texts = json.loads(done.stdout)
    assert texts[-5:] == ["1200", "120", "5.14e−10", "−0.5", "0"]
    for x, text in zip(values, texts, strict=True):
        assert float(text.replace("−", "-")) == pytest.approx(x, rel=6e-3)
        assert "e" in text or "." not in text or text[-1] not in "0."


KEYS = {
    "INPUT": ("ArrowRight", "ArrowLeft"),
    "SELECT": ("ArrowDown", "ArrowUp"),
    "DIV": ("ArrowRight", "ArrowLeft"),
}


def test_at_a_high_rate_adam_alone_stays_in_the_valley(tab: Tab) -> None:
    gone = {
        method: said(tab, "minicnn-descent").endswith("outside the picture.")
        for method in ("gradient descent", "momentum", "Adam")
        if numbers(tab, "minicnn-descent", method=method, rate=0, beta=0.8, steps=40)
    }
    assert gone == {"gradient descent": True, "momentum": True, "Adam": False}


@pytest.mark.parametrize("element", ALL)
def test_every_control_is_reached_by_the_keyboard_and_changes_what_is_said(
    tab: Tab, element: str
) -> None:
    at = selector(element)
    stops = f"{at} :is(input, select, button, [tabindex='0'])"
    shown = f"document.querySelector('{at} .body').innerHTML"
    count = tab.page.locator(stops).count()
    tab.page.locator(stops).first.focus()
    seen = []
    for _ in range(count):
        seen.append(
            tab.run(f'[...document.querySelectorAll("{stops}")].indexOf(document.activeElement)')
        )
        kind, name = tab.run("[document.activeElement.tagName, document.activeElement.name]")
        before, sentence = tab.run(shown), said(tab, element)
        if kind in KEYS:
            tab.page.keyboard.press(KEYS[kind][0])
            if kind == "DIV":
                assert tab.page.locator(f"{at} .chosen").count() == 1
                assert said(tab, element) != sentence
            elif name not in ("beta", "beta2"):  # which gradient descent does not have
                assert tab.run(shown) != before, name
            tab.page.keyboard.press(KEYS[kind][1])
            assert tab.run(shown) == before
            assert kind == "DIV" or said(tab, element) == sentence
        tab.page.keyboard.press("Tab")
    assert seen == list(range(count))
    assert tab.page.locator(f"{at} .said").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_figures_are_silent_and_fit_every_width(
    browser: Any, path: Path, width: int, scheme: str
) -> None:
    tab = Tab(browser, path, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for element in ALL:
        if element.startswith("minicnn-window"):
            numbers(tab, element, kernel=4, padding=2)  # the widest
    assert tab.run("document.documentElement.scrollWidth") <= width
    tab.close()


def test_a_figure_is_not_printed(browser: Any, path: Path) -> None:
    tab = Tab(browser, path)
    tab.page.emulate_media(media="print")
    assert not any(tab.page.locator(selector(element)).is_visible() for element in ALL)
    tab.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_figures_have_no_violation_of_accessibility(
    browser: Any, path: Path, scheme: str
) -> None:
    axe = os.environ.get("AXE_CORE", "")
    if not axe:
        pytest.skip("AXE_CORE does not name the file axe.min.js")
    tab = Tab(browser, path, viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    tab.page.add_script_tag(content=Path(axe).read_text(encoding="utf-8"))
    numbers(tab, "minicnn-window", padding=1, kernel=3)
    found = tab.run("axe.run().then(({ violations }) => violations.map(({ id }) => id))")
    assert found == []
    tab.close()
