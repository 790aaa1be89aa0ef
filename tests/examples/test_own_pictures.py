"""A run on one's own pictures: trained, tested, resumed, drawn, and predicted with their names."""

import json
import re
import shutil
import signal
import sys
from pathlib import Path
from unittest import mock

import pytest
import torch
from PIL import Image

from examples import draw_shapes, predict, test_mnist, train_mnist, visualize_mnist
from minicnn import data, runs, viz
from minicnn.data.mnist import CLOTHES
from tests.faults import ends, hooks

SHAPES = ["circle", "square", "star", "triangle"]
SHORT = ["--epochs", "2", "--size", "16", "--model", "lenet5", "--device", "cpu"]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr(train_mnist, "draw", lambda *args: None)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> Path:
    """A folder of a few pictures of each shape."""
    folder = tmp_path_factory.mktemp("own") / "shapes"
    draw_shapes.main([str(folder), "--count", "7"])
    return folder


@pytest.fixture(scope="module")
def trained(shapes, tmp_path_factory) -> Path:
    """A run on them, with its report."""
    out = tmp_path_factory.mktemp("runs") / "run"
    with without_figures():
        train_mnist.main([*SHORT, "--dataset", str(shapes), "--out", str(out), "--quiet"])
    return out


def without_figures():
    """Write the report without figures, which take longest to draw."""
    return mock.patch.object(viz, "usual_figures", return_value={})


def run(main, *argv: object) -> int:
    """Run an example as from a shell; return its exit code."""
    return runs.run_command(lambda: main([str(argument) for argument in argv]))


# --- The whole way ------------------------------------------------------------------------------


def test_the_run_knows_the_folder_and_the_names(trained, shapes):
    config = json.loads((trained / "config.json").read_text())
    assert config["settings"]["dataset"] == str(shapes)
    assert config["settings"]["preset"] == "pictures"
    assert config["settings"]["batch_size"] == train_mnist.PRESETS["pictures"]["batch_size"]
    assert config["in_shape"] == [3, 16, 16]
    assert config["dataset"]["class_names"] == SHAPES
    assert config["dataset"]["images"] == {"shapes train": 20, "shapes test": 8}
    report = (trained / "report.html").read_text(encoding="utf-8")
    for name in SHAPES:
        assert f'<th scope="row">{name}</th>' in report


def test_it_is_tested_from_any_folder_with_a_table_of_the_names(trained, capsys):
    assert run(test_mnist.main, trained, "--device", "cpu") == 0
    first, _, header, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("Test, 8 images: average loss ")
    assert header.split()[:3] == ["class", "images", "correct"]
    assert [row.split()[0] for row in rows] == SHAPES


def test_a_picture_is_predicted_as_the_run_s_were_taken(trained, shapes, tmp_path, capsys):
    grey, large = tmp_path / "grey.png", tmp_path / "large.jpg"
    with Image.open(shapes / "star" / "1.png") as picture:
        picture.convert("L").save(grey)
        picture.resize((640, 480)).save(large)
    copy = shutil.copy(shapes / "star" / "1.png", tmp_path / "star.png")
    (tmp_path / "text.png").write_text("a star")
    assert run(predict.main, trained, copy, grey, large, tmp_path / "text.png") == 1
    printed = capsys.readouterr()
    *lines, saved = printed.out.splitlines()
    names = "|".join(SHAPES)
    for path, line in zip((copy, grey, large), lines, strict=True):
        assert re.fullmatch(
            rf"{re.escape(str(path))}: ({names}) \(\d+\.\d%; or ({names}), \d+\.\d%\)", line
        )
    assert saved == f"Saved {trained / 'figures' / 'predict.png'}"
    assert printed.err.startswith(f"not read: {tmp_path / 'text.png'} is no picture in a format")


def test_a_picture_of_the_data_is_read_as_it_was_trained_on(trained, shapes):
    loaded = runs.load_trained(trained)
    assert loaded.class_names == tuple(SHAPES)
    read = predict.read(loaded, shapes / "circle" / "1.png")
    train, test = loaded.load_data()
    both = torch.cat([train.images, test.images])
    assert (both == read).flatten(1).all(1).sum() == 1


@pytest.mark.slow
def test_every_figure_is_drawn(trained, capsys):
    assert run(visualize_mnist.main, trained, "--device", "cpu") == 0
    names = [Path(line).stem for line in capsys.readouterr().out.splitlines()]
    assert {"saliency", "occlusion", "grad_cam", "pca", "confusion", "feature_maps"} <= set(names)
    assert all((trained / "figures" / f"{name}.png").stat().st_size > 5000 for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_shapes_are_learned_with_the_defaults(no_figures, tmp_path, seed):
    assert run(draw_shapes.main, tmp_path / "shapes") == 0
    results = train_mnist.main(["--dataset", "shapes", "--quiet", "--seed", seed])
    assert results["test_accuracy"] >= 0.95


# --- Resuming, and data that have changed -------------------------------------------------------


@pytest.mark.usefixtures("no_figures")
def test_a_run_that_was_interrupted_resumes_with_the_same_bits(shapes, tmp_path, capsys):
    options = [*SHORT, "--dataset", str(shapes), "--rotate", "5", "--batch-size", "10"]
    with (
        hooks.at_step(2, lambda: signal.raise_signal(signal.SIGINT)),
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr("minicnn.runs.console._end_by", lambda number: None)
        assert run(train_mnist.main, *options, "--out", "half") == 130
    assert run(train_mnist.main, *options, "--out", "whole") == 0
    capsys.readouterr()
    assert run(train_mnist.main, "--resume", "half") == 0
    assert "Resuming half after step 2." in capsys.readouterr().out
    assert ends.differences(Path("whole"), Path("half")) == []


def exchange(folder: Path) -> None:
    (folder / "star" / "1.png").rename(folder / "star" / "x.png")
    (folder / "circle" / "1.png").rename(folder / "star" / "1.png")
    (folder / "star" / "x.png").rename(folder / "circle" / "1.png")


CHANGES = {
    "a class is renamed": lambda folder: (folder / "star").rename(folder / "sttar"),
    "a picture is missing": lambda folder: (folder / "star" / "1.png").unlink(),
    "a picture is new": lambda folder: shutil.copy(folder / "star/1.png", folder / "star/0.png"),
    "a picture is another": lambda folder: Image.new("RGB", (32, 32)).save(folder / "star/1.png"),
    "two are exchanged": exchange,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.usefixtures("no_figures")
def test_a_folder_that_has_changed_is_refused(change, shapes, tmp_path, capsys):
    own = Path(shutil.copytree(shapes, tmp_path / "own"))
    options = [*SHORT, "--epochs", "1", "--dataset", "own", "--out", "run", "--quiet"]
    assert run(train_mnist.main, *options) == 0
    change(own)
    told = "the images or labels of own train and own test are not those of run\n"
    capsys.readouterr()
    for main, argv in ((train_mnist.main, ["--resume", "run"]), (test_mnist.main, ["run"])):
        assert run(main, *argv) == 1
        assert capsys.readouterr().err.endswith(f": error: {told}")
    shutil.rmtree(own)
    assert run(test_mnist.main, "run") == 1
    assert f"or a folder of images, got '{own}', which does not exist\n" in capsys.readouterr().err


# --- What cannot be read ------------------------------------------------------------------------


@pytest.mark.usefixtures("no_figures")
def test_what_cannot_be_read_is_refused_or_skipped_as_asked(shapes, tmp_path, capsys):
    own = Path(shutil.copytree(shapes, tmp_path / "own"))
    (own / "star" / "9.png").write_text("no picture")
    options = [*SHORT, "--epochs", "1", "--dataset", "own", "--out", "run"]
    assert run(train_mnist.main, *options) == 1
    (error,) = capsys.readouterr().err.splitlines()
    assert ": error: own/star/9.png is no picture in a format" in error
    assert not Path("run").exists()
    assert run(train_mnist.main, *options, "--skip-unreadable") == 0
    printed = capsys.readouterr().out
    assert "own train: 19 training, 1 validation and 8 test images" in printed
    note = "NOTE: own has no folders train and test: one image in 6 of each class, 8 in all, are "
    note += "held out for the test; skipped: own/star/9.png is no picture"
    assert printed.count(note) == 2  # at the start, and with the results
    assert run(test_mnist.main, "run") == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="such names are refused by the system")
def test_names_of_any_bytes_come_through_all_the_examples(tmp_path, capfd):
    for n, name in enumerate(["$x^$", "a\nb", "\x1b[31mred", "日本", "caf\udce9", "x" * 60]):
        (tmp_path / "\udcff" / name).mkdir(parents=True)
        for k in range(3):
            Image.new("L", (20, 20), 40 * n + k).save(tmp_path / "g.png")
            (tmp_path / "g.png").rename(tmp_path / "\udcff" / name / f"{k}.png")
    options = [*SHORT, "--epochs", "1", "--dataset", "\udcff", "--out", "run"]
    assert run(train_mnist.main, *options) == 0
    assert run(test_mnist.main, "run") == 0
    assert run(predict.main, "run", *sorted(Path("\udcff").glob("*/0.png"))) == 0
    printed = capfd.readouterr()
    assert printed.err == ""
    for name in ("$x^$", "a\\nb", "\\x1b[31mred", "caf\\udce9"):
        assert name in printed.out
    assert "\x1b" not in printed.out


# --- Datasets whose classes have names ----------------------------------------------------------


@pytest.fixture
def clothes(monkeypatch):
    """Let Fashion-MNIST be a few digits under the names of clothes."""

    def load(dataset, *args, **options):
        assert dataset == "fashion-mnist"
        train, test = data.load_sample()
        few = [
            split._replace(images=split.images[:n], labels=split.labels[:n], class_names=CLOTHES)
            for split, n in ((train, 300), (test, 100))
        ]
        return *few, None

    monkeypatch.setattr(data, "load", load)


@pytest.mark.usefixtures("clothes")
def test_a_run_on_fashion_mnist_shows_ankle_boots(tmp_path, capsys):
    options = ["--dataset", "fashion-mnist", "--epochs", "1", "--device", "cpu", "--out", "run"]
    with without_figures() as drawn:
        assert run(train_mnist.main, *options) == 0
    assert drawn.call_args.args[-1] == CLOTHES
    report = Path("run", "report.html").read_text(encoding="utf-8")
    assert '<th scope="row">Ankle boot</th>' in report
    assert '<th scope="row">9</th>' not in report
    capsys.readouterr()
    assert run(test_mnist.main, "run") == 0
    assert "\n Ankle boot  " in capsys.readouterr().out
    Image.new("L", (30, 40)).save("shoe.png")
    assert run(predict.main, "run", "shoe.png") == 0
    first, second = re.findall(r": (.+) \(.*; or (.+), ", capsys.readouterr().out)[0]
    assert {first, second} <= set(CLOTHES)


# --- The pictures to try it with ----------------------------------------------------------------


def test_the_shapes_are_drawn_the_same_every_time(shapes, tmp_path, capsys):
    assert run(draw_shapes.main, tmp_path / "again", "--count", "7") == 0
    assert capsys.readouterr().out == (
        f"Drew 7 pictures each of {', '.join(SHAPES)} in {tmp_path / 'again'}\n"
    )
    files = sorted(path.relative_to(shapes) for path in shapes.rglob("*.png"))
    assert len(files) == 28
    for file in files:
        assert (tmp_path / "again" / file).read_bytes() == (shapes / file).read_bytes()


@pytest.mark.parametrize("taken", ["file", "full"])
def test_what_is_there_is_not_drawn_over(taken, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    assert run(draw_shapes.main, taken) == 1
    assert capsys.readouterr().err.endswith(
        f": error: FOLDER must be new or an empty folder, got {taken}\n"
    )
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "full", "thesis.txt"]


def test_a_number_below_1_is_refused(capsys):
    with pytest.raises(SystemExit):
        run(draw_shapes.main, "shapes", "--count", "0")
    assert "argument --count: must be at least 1, got 0" in capsys.readouterr().err
