"""The page as Python writes it: small, closed to the network, and refusing what it cannot show."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import data, layers, models, pages, runs, train, tree
from minicnn.layers import Layer
from minicnn.pages.explorer import ENGINE, MOST_BYTES, VIEW, choose, join

from .engine import IMAGES, data_of, page_of

FOLDER = Path(join.__code__.co_filename).parent


def page(net: Layer, in_shape: tuple[int, ...] = (1, 28, 28), **changes: Any) -> str:
    params, state, _ = net.init(torch.Generator().manual_seed(0), in_shape)
    images = torch.zeros(3, *in_shape, dtype=torch.uint8)
    arguments = {
        "title": "T", "about": "A", "net": net, "params": params, "state": state,
        "images": images, "labels": torch.tensor([0, 1, 2]),
    }  # fmt: skip
    return pages.explorer(**arguments | changes)


@pytest.mark.parametrize("name", [name for name in models.MODELS if name != "resnet18"])
def test_every_small_model_has_a_page_of_at_most_two_megabytes(name: str) -> None:
    net = models.MODELS[name]()
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    source = page_of(net, params, state, IMAGES[:1].expand(200, -1, -1, -1))
    assert len(source.encode()) <= 2_000_000 == MOST_BYTES


def test_a_network_that_is_too_large_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^the page would have \d\d\.\d MB, at most 2 MB are allow"
    ):
        page(models.resnet18(), (3, 8, 8))


def test_a_page_asks_no_host_for_anything() -> None:
    source = page(models.lenet5())
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', source)
    assert policy == [
        "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'"
    ]
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    Tags().feed(source)
    assert {"img", "iframe", "object", "embed", "base", "form"}.isdisjoint(tag for tag, _ in tags)
    addresses = [v for _, attrs in tags for k, v in attrs.items() if k in ("src", "href")]
    assert addresses == ["data:,"]
    assert [attrs for tag, attrs in tags if tag == "script"] == [
        *({}, {"type": "application/json", "id": "data"}, {}),
    ]
    for word in ("fetch(", "XMLHttpRequest", "WebSocket", "await import(", "eval(", "innerHTML"):
        assert word not in source


@given(title=st.text(), about=st.text())
def test_no_name_is_markup(title: str, about: str) -> None:
    net = layers.sequential(*HEAD)
    source = page(net, title=title, about=about)
    assert source.lower().count("<script") == 3
    assert source.lower().count("</script") == 3
    found = data_of(source)
    assert (found["title"], found["about"]) == (title, about)


def test_the_same_network_gives_the_same_page() -> None:
    assert page(models.lenet5()) == page(models.lenet5())


def test_the_modules_of_the_page_are_its_files() -> None:
    files = {path.stem for path in FOLDER.glob("*.js")}
    assert files - {"types"} == {*ENGINE, *VIEW}  # types.js holds comments alone
    assert len({*ENGINE, *VIEW}) == len([*ENGINE, *VIEW])


def test_every_module_is_type_checked_and_its_names_are_its_own() -> None:
    names: list[str] = []
    for path in FOLDER.glob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert source.startswith("// @ts-check\n"), path
        assert "<!--" not in source
        names += re.findall(
            r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", source, re.M
        )
    assert len(names) == len(set(names)), sorted({n for n in names if names.count(n) > 1})


@pytest.mark.slow
def test_the_types_of_the_modules_are_right() -> None:
    if not (tsc := shutil.which("tsc")):
        pytest.skip("tsc is not on the PATH: see docs/contributing.md")
    config = Path(__file__).parents[2] / ".ci" / "tsconfig.json"
    done = subprocess.run([tsc, "-p", config], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_joined_modules_hold_no_imports_and_no_exports() -> None:
    source = join((*ENGINE, *VIEW))
    assert not re.search(r"^(import|export)\b", source, re.MULTILINE)
    assert "export function forward" in (FOLDER / "network.js").read_text(encoding="utf-8")
    assert "function forward" in source


OTHER = layers.function("sine", torch.sin)
HEAD = (layers.flatten(), layers.linear(3))
UNKNOWN = "the explorer does not know the layer sine(): it knows conv2d, linear, max_pool2d, "
IMAGE = "images must have 1 or 3 channels and at most 64 × 64 pixels, got "


@pytest.mark.parametrize(
    ("net", "in_shape", "message"),
    [
        (layers.sequential(OTHER, *HEAD), (1, 9, 9), UNKNOWN),
        (layers.sequential(layers.residual(OTHER), *HEAD), (1, 9, 9), UNKNOWN),
        (layers.sequential(*HEAD), (2, 9, 9), f"{IMAGE}(3, 2, 9, 9)"),
        (layers.sequential(*HEAD), (1, 9, 65), f"{IMAGE}(3, 1, 9, 65)"),
        (
            layers.conv2d(2, 3),
            (1, 9, 9),
            "net must return one score per class, got the shape (2, 7, 7)",
        ),
    ],
)
def test_what_the_page_cannot_show_is_refused(
    net: Layer, in_shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as caught:
        page(net, in_shape)
    assert "\n" not in str(caught.value)


def test_a_layer_with_a_function_of_its_own_is_refused() -> None:
    mine = layers.relu()._replace(apply=lambda params, state, x, **_: (x, state))
    with pytest.raises(ValueError, match=r"^the explorer does not know the layer relu\(\): "):
        page(layers.sequential(mine, *HEAD))


EACH = "images must be (N, C, H, W) of uint8, one for each of the "
LABELS = "labels must be from 0 to 9, one for each score, got "


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"images": torch.zeros(3, 1, 28, 28)},
            f"{EACH}3 labels, got (3, 1, 28, 28) of torch.float32",
        ),
        ({"labels": torch.tensor([0])}, f"{EACH}1 labels, got (3, 1, 28, 28) of torch.uint8"),
        ({"labels": torch.tensor([0, 1, 10])}, f"{LABELS}10"),
        (
            {"class_names": ["cat", "dog"]},
            "class_names must hold 10 names, one for each score, got 2",
        ),
        ({"labels": torch.tensor([0, -1, 1])}, f"{LABELS}-1"),
    ],
)
def test_images_and_labels_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        page(models.lenet5(), **changes)


def test_a_weight_beyond_float16_is_refused() -> None:
    net = models.lenet5()
    params, _, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    params[0]["bias"][1] = -70000
    message = "0/bias holds -70000, which does not fit into the page: it stores numbers up to 65504"
    with pytest.raises(ValueError, match=f"^{message}$"):
        page(net, params=params)


def test_a_parameter_of_infinity_is_stored() -> None:
    net = models.lenet5()
    params, _, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    params[0]["bias"][1] = float("inf")
    assert page(net, params=params)


@given(data=st.data(), classes=st.integers(2, 5), count=st.integers(1, 60))
def test_the_images_are_chosen_fairly(data: st.DataObject, classes: int, count: int) -> None:
    n = data.draw(st.integers(1, 80))
    rng = torch.Generator().manual_seed(data.draw(st.integers(0, 999)))
    scores = torch.randn(n, classes, generator=rng)
    labels = torch.randint(classes, (n,), generator=rng)
    chosen = choose(scores, labels, count)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    share = max(1, count // classes)
    wrong = scores.argmax(1) != labels
    for label in range(classes):
        of_class = labels == label
        mine = chosen[labels[chosen] == label]
        assert len(mine) == min(share, int(of_class.sum()))
        # The first wrong ones are among them, and the least sure of the right ones.
        first_wrong = (of_class & wrong).nonzero().flatten()[: share // 3]
        assert {*first_wrong.tolist()} <= {*mine.tolist()}


def test_the_images_of_a_page_are_those_of_the_network(tmp_path: Path) -> None:
    test = data.load("sample")[1]
    net = models.lenet5()
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    found = data_of(pages.explorer("", "", net, params, state, test.images[:4], test.labels[:4]))
    assert found["labels"] == test.labels[:4].tolist()
    names = [layer["call"] for layer in found["network"]["children"]]
    assert names == [str(child) for child in net.children]
    sizes = [
        torch.Size(shape).numel()
        for layer in found["network"]["children"]
        for shape in layer["params"].values()
    ]
    assert sizes == [leaf.numel() for leaf in tree.leaves(params)]


@pytest.mark.parametrize("in_shape", [(1, 28, 28), (3, 64, 64)])
def test_large_images_are_fewer(tmp_path: Path, in_shape: tuple[int, int, int]) -> None:
    net = layers.sequential(layers.global_avg_pool(), layers.linear(3))
    run = runs.begin(tmp_path / "run", {})
    weights = runs.initial_weights(net, in_shape, seed=0)
    images = torch.zeros(300, *in_shape, dtype=torch.uint8)
    labels = torch.arange(300).remainder(3)
    split = data.Split(images, labels, "grey")
    pages.save_explorer(run, "Many", net, weights, split, torch.eye(3)[labels])
    found = data_of(run.explorer.read_text(encoding="utf-8"))
    assert len(found["labels"]) == min(198, 400_000 // images[0].numel() // 3 * 3)
    assert run.explorer.stat().st_size < 800_000


def test_the_page_of_a_run_is_saved_in_its_folder(tmp_path: Path) -> None:
    test = data.load("sample")[1]
    run = runs.begin(tmp_path / "run", {})
    net = models.lenet5()
    weights = runs.initial_weights(net, (1, 28, 28), seed=0)
    scores, _ = train.predict(net, *weights, data.batches(test, 500))
    name = pages.save_explorer(run, "Mine", net, weights, test, scores)
    found = data_of((run.folder / name).read_text(encoding="utf-8"))
    right = (scores.argmax(1) == test.labels).float().mean()
    assert found["about"] == (
        f"The network classifies {right:.2%} of the 1,000 images of sample test correctly."
    )
    assert found["labels"] == test.labels[choose(scores, test.labels)].tolist()
    before = (run.folder / name).read_bytes()
    wrong = layers.sequential(layers.function("sine", torch.sin), net)
    both = runs.Weights(((), weights.params), ((), weights.state))
    with pytest.raises(ValueError, match="does not know the layer sine"):
        pages.save_explorer(run, "Mine", wrong, both, test, scores)
    assert (run.folder / name).read_bytes() == before
