"""The example that classifies one's own pictures: what it prints, and how it ends."""

import os
import re
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from examples import predict
from minicnn import data, models, runs, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """The folder of a run whose network is not trained at all."""
    folder = tmp_path_factory.mktemp("predict") / "run"
    net = models.lenet5()
    run = runs.begin(
        folder, runs.describe({"seed": 0, "dataset": "sample"}, data.load_sample(), net)
    )
    weights = runs.initial_weights(net, (1, 28, 28), seed=0)
    start = runs.new_progress(train.TrainState(0, *weights, ()), torch.Generator())
    runs.save_progress(run, start, weights)
    return folder


def draw(path: Path) -> Path:
    picture = Image.new("RGB", (100, 80), "white")
    ImageDraw.Draw(picture).line([(40, 20), (60, 20), (45, 60)], fill="black", width=6)
    with path.open("wb") as file:
        picture.save(file, "PNG")
    return path


def run(*arguments: str | Path) -> int:
    """Run the example as from a shell; return its exit code."""
    return runs.run_command(lambda: predict.main([str(argument) for argument in arguments]))


def test_each_picture_gets_a_line_and_all_a_figure(trained, tmp_path, capsys):
    pictures = [draw(tmp_path / name) for name in ("a.png", "b.png")]
    assert run(trained, *pictures) == 0
    printed = capsys.readouterr()
    *lines, saved = printed.out.splitlines()
    for path, line in zip(pictures, lines, strict=True):
        assert re.fullmatch(rf"{re.escape(str(path))}: \d \(\d+\.\d%; or \d, \d+\.\d%\)", line)
    assert saved == f"Saved {trained / 'figures' / 'predict.png'}"
    assert (trained / "figures" / "predict.png").stat().st_size > 0
    assert printed.err == ""


def test_a_picture_may_be_given_twice(trained, tmp_path, capsys):
    path = draw(tmp_path / "a.png")
    assert run(trained, path, path) == 0
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first == second


def test_what_is_no_digit_is_reported_and_the_others_are_classified(trained, tmp_path, capsys):
    blank, folder = tmp_path / "blank.png", tmp_path / "folder"
    Image.new("L", (100, 80), 255).save(blank)
    folder.mkdir()
    assert run(trained, blank, draw(tmp_path / "a.png"), folder) == 1
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f"not read: {blank} is blank: no ink stands out from the paper",
        f"not read: {folder} cannot be read: Is a directory",
    ]
    assert printed.out.startswith(f"{tmp_path / 'a.png'}: ")


@pytest.mark.parametrize(
    "name", ["$x^$.png", "_{ $.png", "s\x1b[31meven.png", "7\n.png", "\udcff.png"]
)
def test_a_name_is_plain_text_in_the_terminal_and_in_the_figure(name, trained, tmp_path, capsys):
    if sys.platform != "linux" and not name.isprintable():
        pytest.skip("no file has such a name here")
    path = draw(tmp_path / name)
    empty = tmp_path / f"empty {name}"
    empty.write_bytes(b"")
    assert run(trained, path, empty) == 1
    printed = capsys.readouterr()
    line, _ = printed.out.splitlines()
    (refusal,) = printed.err.splitlines()
    assert line.isprintable()
    assert refusal.isprintable()
    assert "empty" in refusal
    if name.isprintable():
        assert f"{path}: " in line
        assert f"not read: {empty} is no picture" in refusal


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(trained, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.png")
    assert run(trained, tmp_path / "pipe.png") == 1
    assert capsys.readouterr().err == (
        f"not read: {tmp_path / 'pipe.png'} cannot be read: it is not a file\n"
    )
