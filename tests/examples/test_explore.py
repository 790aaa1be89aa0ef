"""examples/explore.py: it writes a page into the folder of a run, or a line of what is wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from examples.draw_shapes import main as draw_shapes
from examples.explore import main
from minicnn import data, layers, models, runs, train
from tests.pages_explorer.engine import data_of

SCRIPT = Path(__file__).parents[2] / "examples" / "explore.py"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run on the sample, with weights that nobody trained."""
    return make_run(tmp_path / "a run", models.lenet5())


def make_run(
    folder: Path, net: layers.Layer, dataset: str = "sample", size: int | None = None
) -> Path:
    splits = data.load(dataset, size=size)[:2]
    settings = {"seed": 0, "dataset": dataset, "model": "mine", "size": size}
    about = runs.describe(settings, splits, net)
    weights = runs.initial_weights(net, tuple(splits[0].images.shape[1:]), seed=0)
    start = runs.new_progress(train.TrainState(0, *weights, ()), torch.Generator())
    run = runs.begin(folder, about)
    runs.save_progress(run, start, weights)
    return folder


def explore(folder: Path) -> int:
    return runs.run_command(lambda: main([str(folder)]))


def test_it_writes_the_page_of_a_run(run: Path) -> None:
    command = [sys.executable, SCRIPT, run]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    page = run / "explorer.html"
    assert done.stdout == f"open {page} in a browser.\n"
    found = data_of(page.read_text(encoding="utf-8"))
    assert found["title"] == "mine: a run"
    assert len(found["labels"]) == 200
    assert [found["labels"].count(label) for label in range(10)] == [20] * 10
    assert {path.name for path in run.iterdir()} == {"config.json", "last.pt", "explorer.html"}


@pytest.mark.parametrize("kind", ["nothing", "weights", "layer", "damage"])
def test_a_bad_run_gets_one_line_and_no_page(
    run: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = {
        "nothing": "is not a run",
        "weights": "has no last.pt yet",
        "layer": "name must be one of conv2d, ",
        "damage": "last.pt",
    }[kind]
    if kind == "nothing":
        shutil.rmtree(run)
        run.mkdir()
    elif kind == "weights":
        (run / "last.pt").unlink()
    elif kind == "layer":
        config = json.loads((run / "config.json").read_text())
        config["network"]["children"][1]["name"] = "capsule"
        (run / "config.json").write_text(json.dumps(config))
    else:
        (run / "last.pt").write_bytes((run / "last.pt").read_bytes()[:500])
    assert explore(run) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert expected in err
    assert not (run / "explorer.html").exists()


def test_a_network_that_is_too_large_gets_one_line_and_keeps_the_old_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = layers.sequential(layers.flatten(), layers.linear(1000), layers.linear(10))
    run = make_run(tmp_path / "wide", net)
    (run / "explorer.html").write_text("the old one")
    assert explore(run) == 1
    _, err = capsys.readouterr()
    assert "error: the page would have 2." in err
    assert err.count("\n") == 1
    assert (run / "explorer.html").read_text() == "the old one"


def test_a_run_on_a_folder_of_colour_pictures_has_their_classes(tmp_path: Path) -> None:
    draw_shapes([str(tmp_path / "shapes"), "--count", "12"])
    net = models.mnist_resnet(4)
    run = make_run(tmp_path / "run", net, str(tmp_path / "shapes"), size=32)
    assert explore(run) == 0
    found = data_of((run / "explorer.html").read_text(encoding="utf-8"))
    assert found["classes"] == ["circle", "square", "star", "triangle"]
    assert found["network"]["in_shape"] == [3, 32, 32]
    assert len(found["labels"]) == 8  # one picture in six of each class
    assert found["about"].startswith("The network classifies ")


def test_pictures_that_are_too_large_get_one_line_and_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_shapes([str(tmp_path / "shapes"), "--count", "6"])
    net = layers.sequential(layers.global_avg_pool(), layers.linear(4))
    run = make_run(tmp_path / "run", net, str(tmp_path / "shapes"), size=80)
    capsys.readouterr()
    assert explore(run) == 1
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert err.endswith(
        ": error: images must have 1 or 3 channels and at most 64 × 64 pixels, got (1, 3, 80, 80)\n"
    )
    assert not (run / "explorer.html").exists()


@pytest.mark.slow
def test_resnet18_gets_one_line_and_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", models.resnet18())
    assert explore(run) == 1
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert ": error: the page would have 30.0 MB, at most 2 MB are allowed: " in err
    assert err.endswith("MB, at most 2 MB are allowed: the network has 11,172,810 parameters\n")
    assert not (run / "explorer.html").exists()
