"""The report of a run: well-formed, self-contained, and showing what it was given."""

import base64
import io
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import matplotlib
import matplotlib.image
import matplotlib.style
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from minicnn import pages, viz
from minicnn.pages import markup, parts
from minicnn.pages.report import FIGURES
from minicnn.viz import style

Attributes = dict[str, str | None]

CSS = files("minicnn.pages").joinpath("colours.css").read_text(encoding="utf-8")
NEVER_CLOSED = {"br", "hr", "img", "link", "meta"}
CHART = "A chart of two losses."


class Parsed(HTMLParser):
    """The elements of a page, in order, and the text in each; bad nesting is an error."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.texts: list[str] = []
        self.open: list[int] = []
        self.feed(source)
        self.close()
        assert not self.open, [self.elements[i] for i in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} stands there twice"
        if tag not in NEVER_CLOSED:
            self.open.append(len(self.elements))
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for i in self.open:
            self.texts[i] += data

    def all(self, *tags: str) -> list[Attributes]:
        """The attributes of all elements with one of these tags."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    def text(self, *tags: str) -> list[str]:
        """The texts of all elements with one of these tags."""
        return [
            text for (tag, _), text in zip(self.elements, self.texts, strict=True) if tag in tags
        ]


def curves() -> Figure:
    row = {"train_loss": 0.3, "validation_loss": 0.2, "learning_rate": 0.01}
    accuracies = {"train_accuracy": 0.9, "validation_accuracy": 0.95}
    return viz.learning_curves([{"epoch": epoch, **row, **accuracies} for epoch in (1, 2)])


def filters() -> Figure:
    weight = torch.randn(4, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    return viz.filters(weight, 2 * weight)


CLASSES = pages.Table(
    ("class", "images", "accuracy", "taken for"),
    [("seven", "1,028", "99.51%", "2 (3×)"), ("eight", "974", "100%", "nothing")],
)


def sections() -> list[pages.Section]:
    return [
        pages.Section("Curves", "Loss by epoch.", pages.Picture(curves(), CHART)),
        pages.Section("Classes", "One row each.", CLASSES),
        pages.Section("Filters", "Before and after.", pages.Picture(filters(), "Filters.")),
    ]


HEADLINE = [("test accuracy", "99.53%"), ("time", "38 s")]


@pytest.fixture(scope="module")
def source() -> str:
    return pages.page("A run", HEADLINE, sections())


@pytest.fixture(scope="module")
def parsed(source: str) -> Parsed:
    return Parsed(source)


# --- Well-formed and self-contained -------------------------------------------------------------


def test_the_head_has_charset_viewport_and_title(source: str, parsed: Parsed) -> None:
    assert source.startswith("<!doctype html>\n")
    assert parsed.all("html") == [{"lang": "en"}]
    # A charset counts only within the first 1,024 bytes.
    assert '<meta charset="utf-8">' in source[:1024]
    metas = {
        str(m.get("name") or m.get("http-equiv")): m.get("content") for m in parsed.all("meta")
    }
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["Content-Security-Policy"] == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    )
    assert parsed.all("link") == [{"rel": "icon", "href": "data:,"}]
    assert parsed.text("title") == ["A run"]


def fetches(page: Parsed) -> list[str]:
    """What a browser would fetch, and what it would run."""
    found = [tag for tag, _ in page.elements if tag in ("script", "iframe", "object", "embed")]
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            is_inside = (value or "").startswith(("#", "data:"))
            if name.startswith("on") or (name in ("src", "srcset", "href") and not is_inside):
                found.append(f"{tag} {name}")
            if "//" in (value or "") and not is_inside:
                found.append(f"{tag} {name}")
    styles = page.text("style") + [str(attributes.get("style")) for _, attributes in page.elements]
    return found + re.findall(r"url\(|@import|image-set\(|src\(", " ".join(styles))


def test_nothing_is_fetched_and_nothing_runs(parsed: Parsed) -> None:
    assert fetches(parsed) == []


@pytest.mark.parametrize(
    "source",
    [
        "<script></script>",
        '<img src="figure.png">',
        '<img src="//host/figure.png">',
        '<a href="https://host">a</a>',
        '<p onclick="go()">a</p>',
        "<style>p { background: url(a.png) }</style>",
        '<p style="background: url(a.png)">a</p>',
        "<style>@import 'a.css';</style>",
    ],
)
def test_the_check_of_fetches_finds_them(source: str) -> None:
    assert fetches(Parsed(source))


def test_links_lead_to_files_in_the_same_folder_and_are_text() -> None:
    section = pages.Section("A", "B", pages.Table(("x",), []))
    linked = Parsed(pages.page("T", [], [section], [("Look <here>", "a&b.html")]))
    assert linked.all("a")[0] == {"href": "a&b.html"}
    assert linked.text("a")[0] == "Look <here>"
    assert "a href" in fetches(linked)  # the only thing that leads out of the page
    assert fetches(Parsed(pages.page("T", [], [section]))) == []


@pytest.mark.parametrize("source", ["<p><b></p></b>", "<p>", "</p>", '<p id="a" id="b"></p>'])
def test_the_check_of_nesting_finds_errors(source: str) -> None:
    with pytest.raises((AssertionError, IndexError)):
        Parsed(source)


def test_every_anchor_leads_somewhere_and_only_to_one_place(parsed: Parsed) -> None:
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = [str(a["href"]).removeprefix("#") for a in parsed.all("a")]
    assert targets == [section["id"] for section in parsed.all("section")]
    assert parsed.text("a") == ["Curves", "Classes", "Filters"]
    labelled = [a["aria-labelledby"] for _, a in parsed.elements if "aria-labelledby" in a]
    assert labelled
    assert set(labelled) <= set(ids)


def test_the_headings_are_in_order(parsed: Parsed) -> None:
    tags = [tag for tag, _ in parsed.elements if re.fullmatch(r"h[1-6]", tag)]
    assert tags == ["h1", "h2", "h2", "h2", "h2"]
    assert parsed.text("h1", "h2") == ["A run", "Contents", "Curves", "Classes", "Filters"]


def test_scrollable_boxes_can_be_reached_by_keyboard_and_have_a_name(parsed: Parsed) -> None:
    boxes = [a for a in parsed.all("div") if a.get("class") == "wide"]
    names = ["Curves", "Classes", "Filters"]
    assert [box["aria-label"] for box in boxes] == names
    assert all((box["tabindex"], box["role"]) == ("0", "region") for box in boxes)


def test_the_same_parts_give_the_same_page(source: str) -> None:
    assert pages.page("A run", HEADLINE, sections()) == source
    again = sections()
    assert pages.page("A run", HEADLINE, again) == source
    assert pages.page("A run", HEADLINE, again) == source, "the first page changed the figures"


# --- Pictures ----------------------------------------------------------------------------------


def decoded(image: Attributes) -> np.ndarray:
    """The pixels of an image."""
    data = str(image["src"]).removeprefix("data:image/png;base64,")
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(data, validate=True)), "png")


def test_every_image_has_an_alternative_text_and_shows_its_figure(parsed: Parsed) -> None:
    images = parsed.all("img")
    assert [image["alt"] for image in images] == [CHART, "Filters."]
    for image, figure in zip(images, (curves(), filters()), strict=True):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())
        np.testing.assert_array_equal(np.round(255 * decoded(image)), drawn)


def test_a_point_in_a_figure_is_a_point_on_the_page(parsed: Parsed) -> None:
    for image, figure in zip(parsed.all("img"), (curves(), filters()), strict=True):
        width, height = np.round(96 * figure.get_size_inches())  # a CSS inch has 96 pixels
        assert (image["width"], image["height"]) == (f"{width:.0f}", f"{height:.0f}")
        assert image["style"] == f"--width: {width:.0f}px"


def test_a_figure_and_its_file_are_the_same_picture() -> None:
    drawn, saved = (
        markup.picture("body", pages.Picture(figure, CHART))
        for figure in (curves(), markup.png(curves()))
    )
    assert drawn == saved


def test_neither_a_theme_nor_a_window_changes_a_picture() -> None:
    expected = markup.png(curves())
    saving = {"savefig.bbox": "tight", "savefig.dpi": 30, "savefig.transparent": True}
    with matplotlib.rc_context():
        matplotlib.style.use(["ggplot", "dark_background", saving])
        assert markup.png(curves()) == expected
    shown = curves()
    shown.set_dpi(96)  # as viz.show does
    assert markup.png(shown) == expected


def test_the_way_to_save_figures_changes_no_picture() -> None:
    figure = Figure((1, 1), facecolor="white")  # not from viz
    expected = markup.png(figure)
    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.transparent": True}):
        assert markup.png(figure) == expected


def test_a_figure_is_not_changed() -> None:
    figure = filters()
    before = [(a.get_position(True).bounds, a.get_in_layout()) for a in figure.axes]
    markup.png(figure)
    assert [(a.get_position(True).bounds, a.get_in_layout()) for a in figure.axes] == before


# --- Tables ------------------------------------------------------------------------------------


def test_a_table_shows_its_rows(parsed: Parsed) -> None:
    rows = [CLASSES.header, *CLASSES.rows]
    assert parsed.text("th", "td") == [cell for row in rows for cell in row]
    assert len(parsed.all("tr")) == len(rows)
    scopes = [th.get("scope") for th in parsed.all("th")]
    assert scopes == ["col"] * 4 + ["row"] * 2


def test_numbers_and_their_header_are_aligned_right(parsed: Parsed) -> None:
    marks = [cell.get("class") for cell in parsed.all("th", "td")]
    assert marks == 3 * [None, "number", "number", None]


def test_the_first_column_names_the_rows_also_if_it_holds_numbers() -> None:
    digits = pages.Table(("class", "correct"), [("0", "17"), ("1", "18")])
    marks = [cell.get("class") for cell in Parsed(markup.table("body", digits)).all("th", "td")]
    assert marks == 3 * [None, "number"]


def test_one_word_makes_a_column_text() -> None:
    mixed = pages.Table(("setting", "value"), [("epochs", "6"), ("device", "cpu")])
    assert not any(Parsed(markup.table("body", mixed)).all("td")[0])


def test_a_table_may_be_empty() -> None:
    page = Parsed(markup.table("body", pages.Table(("a", "b"), [])))
    assert page.text("th", "td") == ["a", "b"]


@given(st.floats(), st.sampled_from(["{}", "{:,.2f}", "{:.1%}", "{:e}"]))
def test_a_formatted_number_is_recognised(x: float, form: str) -> None:
    assert markup.is_number(form.format(x))


# --- Text --------------------------------------------------------------------------------------

harsh = st.sampled_from(["<", ">", "&", '"', "'", "</title>", "<script>", "&lt;", "-->", "$title"])
readable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)
cells = st.lists(harsh | readable, min_size=1, max_size=5).map("".join)
shown = cells.filter(str.strip)


@given(shown, shown, shown, shown, shown, st.lists(cells, min_size=1, max_size=3))
def test_every_text_is_shown_unchanged(
    title: str, what: str, value: str, heading: str, explanation: str, row: list[str]
) -> None:
    section = pages.Section(heading, explanation, pages.Table(row, [row, row]))
    source = pages.page(title, [(what, value)], [section])
    page = Parsed(source)
    assert page.text("title", "h1") == [title, title]
    assert page.text("dt", "dd") == [what, value]
    assert page.text("a") == [heading]
    assert page.text("h2") == ["Contents", heading]
    assert page.text("figcaption") == [explanation]
    assert page.text("th", "td") == 3 * row
    assert heading in [attributes.get("aria-label") for attributes in page.all("div")]
    assert fetches(page) == []


@given(shown)
def test_the_alternative_text_is_kept_unchanged(alt: str) -> None:
    image = markup.picture("body", pages.Picture(Figure((0.1, 0.1)), alt))
    assert Parsed(image).all("img")[0]["alt"] == alt


@given(st.text())
def test_characters_not_allowed_in_html_are_replaced_and_the_rest_is_kept(value: str) -> None:
    text = Parsed(f"<p>{markup.text(value)}</p>").texts[0]
    text.encode("utf-8")
    assert len(text) == len(value)
    assert all(got in (letter, "\ufffd") for got, letter in zip(text, value, strict=True))
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)


def test_a_file_name_that_is_not_text_can_be_written() -> None:
    name = b"runs/caf\xe9".decode("utf-8", "surrogateescape")
    assert markup.text(name) == "runs/caf\ufffd"


# --- Colours -----------------------------------------------------------------------------------


def colours() -> tuple[dict[str, str], dict[str, str]]:
    """The colours in light and dark mode, by name."""
    light, dark = re.findall(r":root \{(.*?)\n *\}", CSS, re.DOTALL)
    pattern = r"--(\w+): (#[0-9a-f]{6});"
    return dict(re.findall(pattern, light)), dict(re.findall(pattern, dark))


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    low, high = sorted(map(luminance, (a, b)))
    return (high + 0.05) / (low + 0.05)


def test_the_page_has_the_colours_of_the_figures() -> None:
    figures = {"paper": style.PAPER, "ink": style.INK, "muted": style.MUTED}
    assert colours()[0] == figures | {"faint": style.FAINT, "accent": style.BLUE}


def test_the_dark_page_has_the_colour_of_an_inverted_white() -> None:
    match = re.search(r"invert\((.*?)\)", CSS)
    assert match
    level = round(255 * (1 - float(match[1])))
    assert colours()[1]["paper"] == "#" + 3 * f"{level:02x}"


@pytest.mark.parametrize("screen", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "muted", "accent"])
def test_text_has_enough_contrast(name: str, screen: int) -> None:
    palette = colours()[screen]
    assert contrast(palette[name], palette["paper"]) >= 4.5  # WCAG 2, level AA
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


# --- Refusals ----------------------------------------------------------------------------------

TABLE = pages.Table(("a", "b"), [("1", "2")])
SECTION = pages.Section("Heading", "What it is.", TABLE)


def page(title: Any = "A run", headline: Any = (), sections: Any = (SECTION,)) -> str:
    return pages.page(title, headline, sections)


def body(body: Any) -> Any:
    return {"sections": [SECTION, SECTION._replace(body=body)]}


REFUSALS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "title": ({"title": 3}, TypeError, "title must be a string, got int"),
    "blank title": ({"title": " "}, ValueError, "title must not be blank, got ' '"),
    "headline": ({"headline": "ab"}, TypeError, "headline must be a sequence of pairs"),
    "pair": ({"headline": ["ab"]}, TypeError, "headline[0] must be a pair of strings, got 'ab'"),
    "value": (
        {"headline": [("loss", 0.1)]},
        TypeError,
        "headline[0][1] must be a string, got float",
    ),
    "no section": (
        {"sections": []},
        ValueError,
        "sections must hold at least one section, got none",
    ),
    "one section": (
        {"sections": SECTION},
        TypeError,
        "sections[0] must be a pages.Section, got str",
    ),
    "heading": (
        {"sections": [SECTION._replace(heading="")]},
        ValueError,
        "sections[0].heading must not be blank, got ''",
    ),
    "explanation": (
        {"sections": [SECTION._replace(explanation="\n")]},
        ValueError,
        "sections[0].explanation must not be blank",
    ),
    "body": (
        body(curves()),
        TypeError,
        "sections[1].body must be a pages.Picture or a pages.Table, got Figure",
    ),
    "figure": (
        body(pages.Picture(b"PNG", "alt")),
        TypeError,
        "sections[1].body.figure must be a matplotlib Figure or the bytes of a PNG, got bytes",
    ),
    "alt": (
        body(pages.Picture(Figure(), "")),
        ValueError,
        "sections[1].body.alt must not be blank, got ''",
    ),
    "no column": (
        body(pages.Table([], [])),
        ValueError,
        "sections[1].body.header must hold at least one column, got none",
    ),
    "header": (
        body(pages.Table("ab", [])),
        TypeError,
        "sections[1].body.header must be a sequence of strings, got str",
    ),
    "rows": (
        body(pages.Table(["a"], iter([["1"]]))),  # pyright: ignore[reportArgumentType]
        TypeError,
        "sections[1].body.rows must be a sequence of rows",
    ),
    "cell": (
        body(pages.Table(["a"], [["1"], [2]])),  # pyright: ignore[reportArgumentType]
        TypeError,
        "sections[1].body.rows[1][0] must be a string, got int",
    ),
    "short row": (
        body(pages.Table(["a", "b"], [["1"]])),
        ValueError,
        "sections[1].body.rows[0] must hold 2 cells, one per column, got 1",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_the_argument_the_value_and_what_was_expected(case: str) -> None:
    arguments, error, message = REFUSALS[case]
    with pytest.raises(error, match=re.escape(message)):
        page(**arguments)


def test_lists_and_tuples_are_accepted() -> None:
    assert parts.row("row", ["a", "b"]) == parts.row("row", ("a", "b")) == ["a", "b"]
    lists = pages.Section("Heading", "What it is.", pages.Table(["a", "b"], [["1", "2"]]))
    assert page(sections=[lists]) == page(sections=(SECTION,))


# --- The report of a run -----------------------------------------------------------------------

CONFIG = {
    "settings": {"lr": 0.0125, "batch_size": 77},
    "versions": {"minicnn": "9.8.7"},
    "dataset": {"images": {"MNIST train": 55000}, "digest": "abc123"},
    "begun": "2026-11-28T01:02:03+00:00",
    "command": "python3 train.py --lr 0.0125",
}


def make_report(seconds: float = 90.0, figures: Any = None) -> Parsed:
    drawn = dict.fromkeys(FIGURES, Figure((0.1, 0.1))) if figures is None else figures
    history = [{"images_per_second": 111.0}, {"images_per_second": 12345.0}]
    classes = [("class", "correct"), ("0", "17"), ("1", "18")]
    test = {"loss": 0.0321, "accuracy": 0.98765}
    return Parsed(pages.report("lenet5: <x>", CONFIG, history, seconds, test, classes, drawn))


def test_the_report_starts_with_the_results() -> None:
    page = make_report()
    names, values = page.text("dt"), page.text("dd")
    assert dict(zip(names, values, strict=True)) == {
        "test accuracy": "98.77%",
        "average test loss": "0.0321",
        "epochs": "2",
        "training time": "90 s",
        "images per second": "12,345",
    }
    assert page.text("h1") == ["lenet5: <x>"]
    for seconds, text in ((119.4, "119 s"), (120.0, "2.0 min"), (150.0, "2.5 min")):
        assert text in make_report(seconds=seconds).text("dd")


def test_the_report_shows_each_figure_under_its_own_heading() -> None:
    figures = {name: Figure((0.1 + 0.1 * i, 0.1)) for i, name in enumerate(FIGURES)}
    page = make_report(figures=figures)
    images = page.all("img")
    assert [image["alt"] for image in images] == [alt for _, _, alt in FIGURES.values()]
    widths = [round(96 * figure.get_size_inches()[0]) for figure in figures.values()]
    assert [int(image["width"] or 0) for image in images] == widths
    headings = [heading for heading, _, _ in FIGURES.values()]
    assert page.text("h2")[1:] == [*headings[:2], "Accuracy per class", *headings[2:], "Settings"]


def test_the_report_leaves_out_the_figures_that_were_not_drawn() -> None:
    page = make_report(figures={"correct": Figure((0.1, 0.1))})
    assert page.text("h2")[1:] == [
        "The first 10 correct predictions",
        "Accuracy per class",
        "Settings",
    ]


def test_the_report_has_every_class_and_every_setting() -> None:
    cells = make_report().text("th", "td")
    for row in (
        ["0", "17"], ["1", "18"], ["lr", "0.0125"], ["batch-size", "77"],
        ["version of minicnn", "9.8.7"], ["images", "MNIST train 55,000"],
        ["SHA-256 of the images", "abc123"], ["started", CONFIG["begun"]],
        ["command", CONFIG["command"]],
    ):  # fmt: skip
        place = cells.index(row[0])
        assert cells[place : place + 2] == row


def test_a_report_with_names_that_are_not_text_can_be_written() -> None:
    name = b"caf\xe9\x00".decode("utf-8", "surrogateescape")
    config = {
        **CONFIG,
        "settings": {"data_dir": f"/home/{name}"},
        "dataset": {"images": {name: 5}, "digest": name},
        "command": f"python3 train.py --out {name}",
    }
    classes = [("class", "correct"), (name, "17"), ("<b>&amp;", "$x^$")]
    history, test = [{"images_per_second": 1.0}], {"loss": 0.1, "accuracy": 0.9}
    source = pages.report(f"lenet5: {name}", config, history, 1.0, test, classes, {})
    assert source.encode("utf-8").decode("utf-8") == source
    page = Parsed(source)
    assert page.text("title", "h1") == ["lenet5: caf��"] * 2
    cells = page.text("th", "td")
    for text in ("/home/caf��", "caf�� 5", "caf��", "python3 train.py --out caf��"):
        assert text in cells
    assert [*cells[2:6]] == ["caf��", "17", "<b>&amp;", "$x^$"]
