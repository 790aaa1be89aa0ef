"""The page in a browser, offline: silent, at every width, in light and dark, by keyboard alone."""

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from minicnn import data, layers, models, optim, pages, train
from minicnn import functional as F
from minicnn.pages.explorer import choose

from .browser import Tab
from .engine import EVERYTHING, Cases, data_of
from .test_engine import NETS, OTHERS, check


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a small network that has learned a little."""
    digits, test, _ = data.load("sample")
    net = layers.sequential(
        *(layers.conv2d(4, 5), layers.max_pool2d(2), layers.relu()),
        *(layers.conv2d(8, 3), layers.max_pool2d(2), layers.relu()),
        *(layers.flatten(), layers.linear(10)),
    )
    rng = torch.Generator().manual_seed(0)
    params, state, _ = net.init(rng, (1, 28, 28))
    adam = optim.adam(5e-3)
    step = train.make_train_step(net, F.cross_entropy, adam)
    now = train.TrainState(0, params, state, adam.init(params))
    *_, (now, _) = train.fit(step, now, data.batches(digits, 100, rng, epochs=1), rng)
    scores, labels = train.predict(net, now.params, now.state, data.batches(test, 500))
    chosen = choose(scores, labels, 60)
    page = pages.explorer(
        "A <b>small</b> net </script>", "It & its <i>story</i>.", net, now.params, now.state,
        test.images[chosen], labels[chosen],
    )  # fmt: skip
    file = tmp_path_factory.mktemp("explorer") / "explorer.html"
    file.write_text(page, encoding="utf-8")
    return file


@pytest.fixture
def tab(browser: Any, path: Path) -> Iterator[Tab]:
    tab = Tab(browser, path, viewport={"width": 1280, "height": 900}).ready()
    yield tab
    tab.close()


@pytest.mark.parametrize(
    "name", ["geometry", *(pytest.param(n, marks=pytest.mark.slow) for n in NETS)]
)
def test_the_engine_in_the_page_equals_the_library(browser: Any, tmp_path: Path, name: str) -> None:
    def in_browser(page: str, cases: Cases) -> list[dict[str, Any]]:
        file = tmp_path / "explorer.html"
        file.write_text(page, encoding="utf-8")
        tab = Tab(browser, file).ready()
        found = tab.run(f"(cases) => ({EVERYTHING})(window.minicnn, cases)", cases)
        tab.close()
        return found

    check((NETS | OTHERS)[name], in_browser, cases=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280, 2560])
def test_it_is_silent_and_fits_every_width(
    browser: Any, path: Path, width: int, scheme: str
) -> None:
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    tab = Tab(browser, path, **options).ready()
    assert len(tab.page.query_selector_all(".strip")) == 10
    for where in ("", "mode=backward&layer=1&cell=700&image=3", "mode=backward&layer=4&weight=9"):
        tab.page.goto(f"{tab.url}#{where}")
        tab.text("h1")
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert tab.run("document.getElementById('damaged').hidden")
    tab.close()


def test_on_a_phone_what_is_open_can_be_closed(browser: Any, path: Path) -> None:
    tab = Tab(browser, path, viewport={"width": 390, "height": 800}).ready()
    assert tab.page.locator("#detail").is_hidden()
    tab.page.goto(f"{tab.url}#mode=backward&layer=1&cell=700")
    tab.text("h1")
    assert tab.page.locator("#detail").is_visible()
    tab.page.click("#close")
    tab.text("h1")
    assert tab.page.locator("#detail").is_hidden()
    assert "cell" not in address(tab)
    tab.close()


def test_a_scale_of_numbers_that_are_never_negative_begins_at_0(tab: Tab) -> None:
    scales = [each.inner_text() for each in tab.page.query_selector_all(".scale")]
    assert scales[0] == "0 paper … 1 ink"
    assert scales[1].startswith("−")
    assert scales[-1].startswith("0\n+")


def test_the_places_of_a_weight_count_on_either_side(tab: Tab) -> None:
    tab.page.goto(f"{tab.url}#mode=backward&layer=1&weight=2&label=3")
    text = tab.text("#body")
    _, places = text.split("count most on either side")
    products = [row.split("\t") for row in places.splitlines() if "row" in row and "\t" in row]
    numbers = [float(row[3].replace("−", "-")) for row in products]
    assert len(numbers) == 8
    assert numbers == sorted(numbers, reverse=True)


def test_the_names_of_a_run_are_text(tab: Tab) -> None:
    assert tab.text("h1") == "A <b>small</b> net </script>"
    assert tab.text("#about") == "It & its <i>story</i>."
    assert tab.page.title() == "A <b>small</b> net </script>"


def test_the_answers_to_all_images_are_counted(tab: Tab) -> None:
    note = tab.text("#images-note")
    assert note.startswith("60 images shown. Of all 60, ")
    tab.page.select_option("#of-answer", "wrong")
    wrong = len(tab.page.query_selector_all("#images > div"))
    assert len(tab.page.query_selector_all("#images > .wrong")) == wrong > 0
    assert f"Of all 60, {60 - wrong} are right" in tab.text("#images-note")
    tab.page.select_option("#of-answer", "right")
    assert len(tab.page.query_selector_all("#images > div")) == 60 - wrong
    tab.page.select_option("#of-class", "7")
    names = [
        each.get_attribute("aria-label") for each in tab.page.query_selector_all("#images > div")
    ]
    assert names
    assert all(": 7, answered 7 with " in name for name in names)


def test_a_drawing_is_answered_while_it_is_drawn(tab: Tab) -> None:
    box = tab.page.locator("#pad").bounding_box()
    mouse = tab.page.mouse
    mouse.move(box["x"] + 40, box["y"] + 30)
    mouse.down()
    for x, y in ((100, 30), (80, 60), (60, 110)):
        mouse.move(box["x"] + x, box["y"] + y, steps=5)
    mouse.up()
    assert tab.text("#answer > p").startswith("7, with ")
    assert tab.page.locator("#label").input_value() == "7"
    tab.run("new Promise((done) => setTimeout(done, 300))")
    assert "drawn=" in address(tab)
    shared = Tab(tab.context.browser, Path(tab.url[7:]), address(tab)).ready()
    assert shared.text("#answer > p") == tab.text("#answer > p")
    shared.close()
    tab.page.click("#clear")
    assert tab.text("#pen") == "Draw a digit."


def address(tab: Tab) -> str:
    tab.text("h1")
    return tab.run("location.hash")


def strip(tab: Tab, n: int) -> Any:
    return tab.page.locator(f'[data-strip="{n}"] canvas').first


def test_which_window_made_this_cell(tab: Tab) -> None:
    strip(tab, 1).click(position={"x": 31, "y": 31})
    assert tab.text("#detail-title").startswith("conv2d(4, 5): channel 0, row ")
    assert tab.text("#spoken").startswith("25 products of a window and a kernel add up to ")
    assert [t.inner_text() for t in tab.page.query_selector_all("#body caption")][:3] == [
        *("window", "kernel", "products"),
    ]
    products = [
        float(cell.inner_text().replace("−", "-"))
        for cell in tab.page.query_selector_all(".product > table:last-child td")
    ]
    result = tab.text("#body > table tbody tr:last-child td")
    bias = tab.text("#body > table tbody tr:nth-last-child(2) td")
    total = sum(products) + float(bias.replace("−", "-"))
    assert total == pytest.approx(float(result.replace("−", "-")), abs=0.01)


def test_which_cell_won_this_pool_and_where_its_gradient_goes(tab: Tab) -> None:
    tab.page.goto(f"{tab.url}#layer=2&cell=199&image=0")
    strip(tab, 2).press("ArrowRight")
    assert "cell=200" in address(tab)
    sentence = tab.text("#spoken")
    assert sentence.startswith("The largest of 4 numbers is ")
    assert tab.text("#body").count("← wins") == 1
    won = sentence.split(", at ")[1].split(".")[0]
    row, column = (int(part.split()[-1]) for part in won.split(", ")[1:])
    channel = int(won.split(",")[0].split()[-1])
    cell = (channel * 24 + row) * 24 + column
    tab.page.goto(f"{tab.url}#layer=1&cell={cell}&image=0&mode=backward")
    assert tab.text("#spoken").startswith("It won its window, so the gradient comes to it: ")


def test_why_the_gradient_of_a_weight_has_its_sign(tab: Tab, path: Path) -> None:
    tab.page.goto(f"{tab.url}#layer=1&cell=50&mode=backward&image=1")
    tab.text("h1")
    tab.page.locator("#body .grid button").nth(7).click()
    assert tab.text("#detail-title") == (
        "conv2d(4, 5): the gradient of kernel 0, input channel 0, row 1, column 2"
    )
    sentence = tab.text("#spoken")
    assert "Positive products add up to " in sentence
    page = data_of(path.read_text(encoding="utf-8"))
    pixels = [byte / 255 for byte in base64.b64decode(page["images"]["base64"])[784 : 2 * 784]]
    code = "([pixels, label]) => minicnn.backward(pixels, label)"
    expected = tab.run(code, [pixels, page["labels"][1]])
    shown = tab.text("#body > table tbody tr:last-child td:last-child").replace("−", "-")
    assert float(shown) == pytest.approx(expected["gradients"][0][7], rel=1e-3)
    assert len(tab.page.query_selector_all(".product canvas")) == 3
    assert tab.run("document.activeElement.id") == "detail"
    assert "weight=7" in address(tab)


FRAMES = """(n) => {
  // What is framed in a strip: left, top, right, bottom, in pixels; null if nothing is.
  const over = document.querySelector(`[data-strip="${n}"] .over`);
  const { width, height } = over;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(over, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  const there = Array.from({ length: width * height }, (_, i) => i).filter((i) => data[4 * i + 3]);
  if (!there.length) return null;
  const [xs, ys] = [there.map((i) => i % width), there.map((i) => Math.floor(i / width))];
  const ends = (all) => [Math.min(...all), Math.max(...all)];
  return [ends(xs)[0], ends(ys)[0], ends(xs)[1], ends(ys)[1]];
}"""


def framed(tab: Tab, strip: int, tile: int, tiles: int, side: int) -> list[float] | None:
    """What is framed, in cells from the corner of a tile: of ``tiles`` in a row, ``side`` wide."""
    box = tab.run(FRAMES, strip)
    across = tab.page.locator(f'[data-strip="{strip}"] canvas').first.bounding_box()["width"]
    cell = ((across + 6) / tiles - 6) / side  # 6 pixels are between two tiles
    left = tile * (side * cell + 6)
    return box and [round((x - n) / cell) for x, n in zip(box, (left, 0, left, 0), strict=True)]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_row_of_a_gradient_marks_its_window(tab: Tab, by: str) -> None:
    def image_and_map() -> list[Any]:
        return [framed(tab, 0, 0, 1, 28), framed(tab, 1, 0, 4, 24)]

    tab.page.goto(f"{tab.url}#mode=backward&layer=1&weight=7&label=3&image=1")
    tab.text("h1")
    assert image_and_map() == [None, None]
    rows = tab.page.locator("#body tbody tr:has(button)")
    assert rows.count() == 8
    for n in range(8):
        if by == "mouse":
            rows.nth(n).locator("td").nth(1).hover()
        else:
            rows.nth(n).locator("button").focus()
        place = re.search(r"row (\d+), column (\d+)", rows.nth(n).inner_text())
        assert place
        row, column = map(int, place.groups())
        assert image_and_map() == [
            [column, row, column + 5, row + 5],
            [column, row, column + 1, row + 1],
        ]
    if by == "mouse":
        tab.page.mouse.move(2, 2)
    else:
        tab.page.locator("#detail").focus()
    assert image_and_map() == [None, None]


def test_a_window_is_marked_in_the_channel_that_the_weight_reads(tab: Tab) -> None:
    at = 3 * 36 + 2 * 9 + 4  # kernel 3, input channel 2, in the middle
    tab.page.goto(f"{tab.url}#mode=backward&layer=4&weight={at}&label=3&image=1")
    tab.text("h1")
    rows = tab.page.locator("#body tbody tr:has(button)")
    rows.first.hover()
    place = re.search(r"row (\d+), column (\d+)", rows.first.inner_text())
    assert place
    row, column = map(int, place.groups())
    assert framed(tab, 3, 2, 4, 12) == [column, row, column + 3, row + 3]
    tab.page.goto(f"{tab.url}#mode=backward&layer=4&weight={8 * 36 + 3}&label=3&image=1")
    assert "the bias of kernel 3" in tab.text("#detail-title")
    rows.first.hover()
    assert tab.run(FRAMES, 3) is None  # a bias reads nothing
    assert tab.run(FRAMES, 4) is not None


def test_the_page_explains_its_words(tab: Tab) -> None:
    assert not tab.page.locator("#words dl").is_visible()
    tab.page.locator("#words summary").click()
    words = [each.inner_text() for each in tab.page.query_selector_all("#words dt")]
    assert words == ["gradient", "stride", "p − y", "numbers"]
    assert "computed in float64" in tab.text("#words dl")
    assert "The address of the page does not hold the steps." in tab.text("#left")


def number(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace("−", "-"))


def opened(browser: Any, folder: Path, net: layers.Layer) -> Tab:
    """A page of a network with weights that nobody trained."""
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    test = data.load("sample")[1]
    page = pages.explorer("Net", "", net, params, state, test.images[:3], test.labels[:3])
    file = folder / "net.html"
    file.write_text(page, encoding="utf-8")
    return Tab(browser, file, viewport={"width": 1280, "height": 900}).ready()


SHOWN = """([parameter, i]) => {
  const { images, labels } = JSON.parse(document.getElementById("data").textContent);
  const bytes = Uint8Array.from(atob(images.base64), (each) => each.charCodeAt(0));
  const pixels = Array.from(bytes.slice(0, 784), (byte) => byte / 255);
  return minicnn.backward(pixels, labels[0]).gradients[parameter][i];
}"""


def test_a_bias_and_the_weight_of_a_norm_show_what_they_gather(
    browser: Any, tmp_path: Path
) -> None:
    norms = layers.batch_norm(), layers.relu(), layers.layer_norm(), layers.group_norm(2)
    net = layers.sequential(
        layers.conv2d(4, 5), *norms, layers.max_pool2d(4), layers.flatten(), layers.linear(10)
    )
    tab = opened(browser, tmp_path, net)
    cases = [  # the strip, a cell, the button, the title, the parameter and its index
        (1, 600, 'title="the gradient of this bias"', "the bias of kernel 1", 1, 1),
        (2, 600, 'title="the gradient of this weight"', "the weight of channel 1", 2, 1),
        (2, 600, 'title="the gradient of this bias"', "the bias of channel 1", 3, 1),
        (4, 600, 'title="the gradient of this weight"', "the weight of channel 1, row 1", 4, 600),
        (5, 600, 'title="the gradient of this bias"', "the bias of channel 1", 7, 1),
        (8, 3, 'title="the gradient of this bias"', "the bias of output 3", 9, 3),
    ]
    for layer, cell, button, title, parameter, i in cases:
        for mode in ("forward", "backward"):
            tab.page.goto(f"{tab.url}#image=0&layer={layer}&cell={cell}&mode={mode}")
            tab.text("h1")
            tab.page.locator(f"#body button[{button}]").last.click()
            assert f": the gradient of {title}" in tab.text("#detail-title")
            gradient = tab.run(SHOWN, [parameter, i])
            written = re.findall(r"(?:gradient is| =) ([−\d.e]+)[:.]", tab.text("#spoken"))
            assert number(written[-1]) == pytest.approx(gradient, rel=2e-3, abs=1e-6)
    tab.close()


def test_nine_views_add_up(browser: Any, tmp_path: Path) -> None:
    net = layers.average_views(
        layers.sequential(layers.conv2d(2, 5, 2), layers.flatten(), layers.linear(10)), 2
    )
    tab = opened(browser, tmp_path, net)
    tab.page.goto(f"{tab.url}#image=0&layer=2&weight=7&mode=backward")
    found = re.search(r"All 9 views add up to (\S+): a ", tab.text("#spoken"))
    assert found
    assert number(found[1]) == pytest.approx(tab.run(SHOWN, [0, 7]), rel=2e-3)
    rows = [row.inner_text() for row in tab.page.query_selector_all("#body > table:last-child td")]
    assert len(rows) == 10
    assert sum(map(number, rows[:9])) == pytest.approx(number(rows[9]), abs=1e-3)
    # A pixel in the middle is in all nine views, and the sum of what they send is its gradient.
    tab.page.goto(f"{tab.url}#image=0&layer=0&cell=406&mode=backward")
    assert tab.text("#spoken").startswith("9 layers used it for 9 outputs; ")
    assert "view 1 of 9: row 14, column 14" in tab.text("#body")
    # The scores of a view get their gradient from the mean.
    tab.page.goto(f"{tab.url}#image=0&layer=4&cell=3&mode=backward")
    assert tab.text("#spoken").startswith("average_views(..., pixels=2) used it for 10 outputs; ")
    tab.close()


def test_what_is_inside_a_layer_is_indented_and_named(browser: Any, tmp_path: Path) -> None:
    inner = layers.parallel(layers.conv2d(2, 1), layers.conv2d(2, 1))
    net = layers.sequential(
        layers.residual(inner, layers.conv2d(4, 1)), layers.flatten(), layers.linear(10)
    )
    tab = opened(browser, tmp_path, net)
    strips = tab.page.query_selector_all(".strip")
    lefts = [element.bounding_box()["x"] for element in strips]
    assert [round(left - lefts[0]) for left in lefts] == [0, 28, 28, 14, 14, 0, 0, 0, 0]
    assert [element.inner_text() for element in tab.page.query_selector_all(".branch")] == [
        "residual, the layers inside; parallel, branch 1 of 2",
        "parallel, branch 2 of 2",
        "residual, the shortcut",
    ]
    tab.close()


def test_what_one_step_changed(tab: Tab) -> None:
    before = tab.run("minicnn.parameters()")
    tab.page.select_option("#of-answer", "wrong")
    tab.page.locator("#images > div").first.click()
    tab.page.click("#step")
    tab.page.locator("#stepped table").nth(2).wait_for()
    text = tab.text("#stepped")
    assert text.startswith("One step of a fresh Adam at rate 0.001: the probability of ")
    assert "All 60 images of the page, this one among them" in text
    rows = dict(re.findall(r"^(right|newly right|newly wrong)\t(.*)$", text, re.MULTILINE))
    before_and_after = [int(number) for number in rows["right"].split("\t")]
    gained = int(rows["newly right"]) - int(rows["newly wrong"])
    assert before_and_after[1] - before_and_after[0] == gained
    assert len(re.findall(r"\), (?:the weight|the bias|kernel) ", text)) == 5
    assert "moves every weight that has a gradient by about the rate" in text
    after = tab.run("minicnn.parameters()")
    assert after != before
    tab.page.click("#ten")
    tab.page.locator("#stepped table").nth(2).wait_for()
    assert tab.text("#stepped").startswith("10 steps of Adam at rate 0.001: ")
    tab.page.click("#undo")
    assert tab.text("#stepped") == "Undone."
    assert tab.run("minicnn.parameters()") == after
    tab.page.click("#reset")
    assert tab.run("minicnn.parameters()") == before
    tab.page.click("#undo")
    assert tab.text("#stepped") == "There is no step to undo."
    tab.page.fill("#rate", "fast")
    tab.page.click("#step")
    assert tab.text("#stepped") == "The rate must be a number of at least 0, got “fast”."
    assert tab.run("minicnn.parameters()") == before


def test_a_walk_by_keyboard_alone(tab: Tab) -> None:
    press = tab.page.keyboard.press
    seen: list[str] = []
    for _ in range(40):
        press("Tab")
        focus = tab.run(
            "document.activeElement.closest('[data-strip]')?.dataset.strip "
            "?? document.activeElement.id"
        )
        seen.append(focus)
        if focus == "images":
            press("ArrowRight")
            assert "image=1&" in address(tab)
        if focus == "step":
            press("Enter")
            assert tab.text("#stepped").startswith("One step of a fresh Adam at rate 0.001: ")
        if focus == "9":
            break
    for stop in ("tour", "save", "pad", "images", "rate", *map(str, range(10))):
        assert seen.count(stop) == 1, stop
    for _ in range(8):
        press("Shift+Tab")
    press("Escape")
    assert tab.text("#detail-title") == "conv2d(4, 5)"
    press("ArrowDown")
    assert tab.text("#detail-title").startswith("conv2d(4, 5): channel 0, row 0, column 0 = ")
    press("ArrowUp")  # at the edge nothing happens
    press("ArrowLeft")
    assert tab.text("#detail-title").startswith("conv2d(4, 5): channel 0, row 0, column 0 = ")
    press("Enter")
    assert "cell=0" in address(tab)
    press("ArrowDown")
    press("ArrowRight")
    press("PageDown")
    assert tab.text("#detail-title").startswith("conv2d(4, 5): channel 1, row 1, column 1 = ")
    assert "cell=601" in address(tab)
    assert tab.run("document.getElementById('spoken').getAttribute('aria-live')") == "polite"
    # From the cell to its kernel, to the gradient of a weight, and back to the layer.
    press("Space")
    press("Tab")
    press("Enter")
    assert tab.text("#detail-title") == (
        "conv2d(4, 5): the gradient of kernel 1, input channel 0, row 0, column 0"
    )
    press("Escape")
    assert tab.run("document.activeElement.closest('[data-strip]').dataset.strip") == "1"
    press("Escape")
    assert tab.text("#detail-title") == "conv2d(4, 5)"


def test_the_pad_by_keyboard(tab: Tab) -> None:
    tab.page.locator("#pad").focus()
    press = tab.page.keyboard.press
    press("Space")
    for _ in range(15):
        press("ArrowDown")
    press("Space")
    assert tab.text("#answer > p").startswith("1, with ")


def test_the_tour_goes_from_the_loss_to_the_pixel_in_eight_stops(tab: Tab) -> None:
    tab.page.focus("#tour")
    tab.page.keyboard.press("Enter")
    titles = []
    for stop in range(1, 9):
        assert tab.text("#stop strong").strip() == f"Stop {stop} of 8."
        titles.append(tab.text("#detail-title").split(":")[0])
        assert not tab.text("#detail-title").endswith("gradient 0")
        tab.page.keyboard.press("Enter")
    assert titles == [
        *("softmax and loss", "linear(10)", "flatten()", "relu()", "max_pool2d(2)"),
        *("conv2d(8, 3)", "relu()", "the image"),
    ]
    assert tab.page.locator("#stop").is_hidden()  # Enter on the last stop ends the tour


def test_the_picture_can_be_saved(tab: Tab, tmp_path: Path) -> None:
    with tab.page.expect_download() as waiting:
        tab.page.click("#save")
    assert waiting.value.suggested_filename == "explorer-forward.png"
    waiting.value.save_as(tmp_path / "it.png")
    assert (tmp_path / "it.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser: Any, path: Path, scheme: str) -> None:
    """Nothing that axe-core finds, in any state of the page."""
    axe = os.environ.get("AXE_CORE", "")  # npm install axe-core: …/axe-core/axe.min.js
    if not axe:
        pytest.skip("AXE_CORE does not name the file axe.min.js")
    options = {"color_scheme": scheme, "bypass_csp": True}
    tab = Tab(browser, path, viewport={"width": 1280, "height": 900}, **options).ready()
    tab.page.add_script_tag(content=Path(axe).read_text(encoding="utf-8"))
    for place in ("layer=0", "layer=1&cell=9", "layer=4&mode=backward&cell=9", "layer=1&weight=3"):
        tab.page.goto(f"{tab.url}#image=1&{place}")
        tab.text("h1")
        found = tab.run("axe.run().then(({ violations }) => violations.map(({ id }) => id))")
        assert found == []
    tab.page.click("#ten")
    tab.page.click("#tour")
    tab.text("#stop")
    assert tab.run("axe.run().then(({ violations }) => violations.map(({ id }) => id))") == []
    tab.close()


@pytest.mark.parametrize("part", [0.05, 0.3, 0.9, 0.999])
def test_a_truncated_page_says_so(browser: Any, path: Path, tmp_path: Path, part: float) -> None:
    source = path.read_text(encoding="utf-8")
    style = source.index("</style>") / len(source)
    cut = tmp_path / "cut.html"
    cut.write_text(source[: int(len(source) * max(part, style + 0.02))], encoding="utf-8")
    tab = Tab(browser, cut)
    assert tab.page.locator("#damaged").is_visible()
    tab.said.clear()
    tab.close()


def test_a_damaged_page_says_what_is_damaged(browser: Any, path: Path, tmp_path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    at = source.index('"weights": {"base64": "') + 60
    broken = tmp_path / "broken.html"
    swapped = "A" if source[at] != "A" else "B"
    broken.write_text(source[:at] + swapped + source[at + 1 :], encoding="utf-8")
    tab = Tab(browser, broken)
    assert "the weights of this page are damaged" in tab.text("#damaged")
    tab.said.clear()
    tab.close()


@pytest.mark.parametrize(
    "address",
    ["#layer=99&cell=-1&image=x", "#drawn=%%%&mode=sideways", "#label=11&cell=1e9&layer=1"],
)
def test_an_address_that_does_not_fit_is_ignored(browser: Any, path: Path, address: str) -> None:
    tab = Tab(browser, path, address).ready()
    assert tab.page.locator("#damaged").is_hidden()
    assert tab.text("#answer > p") != ""
    tab.close()


def test_a_weight_that_is_not_a_number_is_named(browser: Any, tmp_path: Path) -> None:
    net = models.lenet5()
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    params[0]["weight"][0, 0, 1, 1] = float("nan")
    test = data.load("sample")[1]
    page = pages.explorer("NaN", "", net, params, state, test.images[:3], test.labels[:3])
    file = tmp_path / "nan.html"
    file.write_text(page, encoding="utf-8")
    tab = Tab(browser, file, "#layer=1").ready()
    assert (
        "weight: 1 of 150 are not finite numbers. The first is NaN: kernel 0, input channel 0, "
        "row 1, column 1."
    ) in tab.text("#body")
    assert "NaN" in tab.text("#answer")
    assert "Not a finite number: NaN at channel 0" in tab.text('[data-strip="1"] .scale')
    tab.close()


def test_classes_have_names_and_images_may_have_three_channels(
    browser: Any, tmp_path: Path
) -> None:
    net = models.mnist_resnet(3)
    params, state, _ = net.init(torch.Generator().manual_seed(0), (3, 20, 16))
    images = torch.arange(5 * 3 * 20 * 16).remainder(251).view(5, 3, 20, 16).to(torch.uint8)
    names = ["cat", "<b>dog</b>", "a rather long name of a class, longer than the space for it"]
    labels = torch.tensor([0, 1, 2, 0, 1])
    page = pages.explorer("Pets", "", net, params, state, images, labels, names)
    file = tmp_path / "pets.html"
    file.write_text(page, encoding="utf-8")
    tab = Tab(browser, file, "#image=1", viewport={"width": 360, "height": 700}).ready()
    assert tab.page.locator("#draw").is_hidden()
    answers = tab.page.query_selector_all("#answer li > :first-child")
    assert [answer.inner_text() for answer in answers] == names
    assert tab.run("document.documentElement.scrollWidth") <= 360
    assert "of the true class" in tab.text("[data-strip]:last-child .sentence")
    for number in range(1, len(tab.page.query_selector_all(".strip"))):
        for mode in ("forward", "backward"):
            tab.page.goto(f"{tab.url}#image=1&layer={number}&cell=0&mode={mode}")
            sentence = tab.text("#spoken")
            assert sentence.endswith(".")
            assert "undefined" not in sentence
            assert "NaN" not in sentence
    tab.page.click("#tour")
    assert tab.text("#stop").startswith("Stop 1 of 8. The loss is −log")
    tab.close()


def test_every_kind_of_layer_explains_its_cells(browser: Any, tmp_path: Path) -> None:
    block = layers.parallel(layers.avg_pool2d(2), layers.sequential(layers.conv2d(2, 2, 2)))
    net = layers.average_views(
        layers.sequential(
            *(block, layers.residual(layers.dropout(), layers.batch_norm())),
            *(layers.flatten(), layers.linear(10)),
        )
    )
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    test = data.load("sample")[1]
    file = tmp_path / "kinds.html"
    page = pages.explorer("Kinds", "", net, params, state, test.images[:3], test.labels[:3])
    file.write_text(page, encoding="utf-8")
    tab = Tab(browser, file).ready()
    calls = [h2.inner_text() for h2 in tab.page.query_selector_all(".strip h2")]
    expected = {
        "view 1 of 9": r"The number .* passes unchanged\.",
        "avg_pool2d(2)": r"4 numbers add up to .*, times 0\.2500, is .*\.",
        "conv2d(2, 2, stride=2)": "4 products of a window and a kernel add up to .*",
        "parallel(...)": r"The number .* passes unchanged\.",
        "dropout()": r"The number .* passes unchanged\.",
        "batch_norm()": r"\(.* − 0\) / .* × 1\.000 \+ 0 = .*\.",
        "residual(...)": r".* from the layers inside \+ .* from its shortcut = .*\.",
        "flatten()": "Number 100 is channel 0, row 7, column 2 of the input: .*",
        "linear(10)": "588 inputs times weights add up to .*, plus the bias .*, is .*",
        "average_views(...)": "log .* = −.*: the mean of the probabilities in 9 views.",
    }
    assert calls == ["the image", *expected, "softmax and loss"]
    for number, (call, sentence) in enumerate(expected.items(), start=1):
        cell = 3 if call in ("linear(10)", "average_views(...)") else 100
        tab.page.goto(f"{tab.url}#image=0&layer={number}&cell={cell}")
        assert re.fullmatch(sentence, tab.text("#spoken")), (call, tab.text("#spoken"))
    tab.close()
