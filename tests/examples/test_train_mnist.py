"""The example as its users meet it: what it prints, what it saves, and how it refuses."""

import re

import pytest
import train_mnist

from minicnn.data import mnist
from minicnn.data.download import DownloadError

FIGURES = {"correct", "incorrect", "curves", "confusion", "filters", "feature_maps"}
QUICK = ["--dataset", "sample", "--epochs", "1", "--device", "cpu"]


@pytest.fixture
def offline(monkeypatch):
    def refuse(dataset, root):
        raise DownloadError("there is no network")

    monkeypatch.setattr(mnist, "download", refuse)


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr(train_mnist, "draw", lambda *args: None)


def refusal(argv, capsys) -> str:
    """Run with bad arguments; return the one line on stderr, after checking that it is one."""
    with pytest.raises(SystemExit) as stopped:
        raise SystemExit(train_mnist.main(argv))
    assert stopped.value.code in (1, 2)
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert ": error: " in error
    return error


def test_a_run_trains_tests_and_saves_every_figure(tmp_path, capsys):
    assert train_mnist.main([*QUICK, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    found = re.search(
        r"Test, 1,000 images: average loss \d\.\d{4}, accuracy (\d+\.\d{2})%", printed
    )
    assert found
    assert float(found[1]) > 50  # one epoch on 3,667 digits; guessing gives 10
    assert {file.stem for file in (tmp_path / "figures").iterdir()} == FIGURES
    assert all(file.stat().st_size > 5000 for file in (tmp_path / "figures").iterdir())


def test_off_a_terminal_there_is_one_plain_line_an_epoch(no_figures, capsys):
    train_mnist.main([*QUICK, "--epochs", "2"])
    captured = capsys.readouterr()
    assert len(re.findall(r"^epoch \d/2 .*$", captured.out, re.MULTILINE)) == 2
    assert captured.err == ""


def test_the_same_seed_gives_the_same_numbers_bit_for_bit(no_figures):
    results = [
        train_mnist.run(train_mnist.parse_arguments([*QUICK, "--seed", seed])) for seed in "772"
    ]
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_evaluating_less_often_changes_nothing(no_figures, monkeypatch):
    args = train_mnist.parse_arguments(QUICK)
    usual = train_mnist.run(args)
    monkeypatch.setattr(train_mnist.train, "evaluate", lambda *_: {"loss": 0.0, "accuracy": 0.0})
    assert train_mnist.run(args)["test_loss"] == usual["test_loss"]


@pytest.mark.usefixtures("offline", "no_figures")
def test_auto_says_at_the_start_and_beside_the_results_that_it_took_the_sample(tmp_path, capsys):
    assert train_mnist.main(["--data-dir", str(tmp_path), "--epochs", "1"]) == 0
    before, after = capsys.readouterr().out.split("epoch 1/1")
    for part in (before, after):
        assert "NOTE: This run uses the embedded sample" in part
        assert "To get it" in part


@pytest.mark.usefixtures("offline")
def test_mnist_never_falls_back(tmp_path, capsys):
    error = refusal(["--dataset", "mnist", "--data-dir", str(tmp_path)], capsys)
    assert "MNIST is not in" in error


def test_a_damaged_file_is_named(tmp_path, capsys):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\xea\x60" + bytes(10))
    error = refusal(["--data-dir", str(tmp_path)], capsys)
    assert "train-labels-idx1-ubyte" in error
    assert "damaged" in error


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--epochs", "0"], "argument --epochs: must be at least 1, got 0"),
        (["--epochs", "many"], "argument --epochs: invalid int value: 'many'"),
        (["--batch-size", "-3"], "argument --batch-size: must be at least 1, got -3"),
        (["--lr", "nan"], "argument --lr: must be at least 0, got nan"),
        (["--model", "vgg19"], "argument --model: invalid choice: 'vgg19'"),
        (["--dataset", "cifar"], "argument --dataset: invalid choice: 'cifar'"),
        ([*QUICK, "--label-smoothing", "2"], "label_smoothing must be in [0, 1], got 2.0"),
        ([*QUICK, "--device", "tpu9"], "--device tpu9 is not to be had on this machine"),
        ([*QUICK, "--device", "cuda:99"], "--device cuda:99 is not to be had on this machine"),
    ],
)
def test_a_mistake_gets_one_line_that_names_it(argv, named, capsys):
    assert named in refusal(argv, capsys)


def test_help_states_every_default(capsys):
    with pytest.raises(SystemExit):
        train_mnist.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    options = set(re.findall(r"--[a-z][a-z-]+", text))
    assert {"--lr", "--epochs", "--batch-size", "--seed", "--device", "--model"} <= options
    for default in ("default: 256", "default: auto", "default: mnist_cnn", "default: 0.01"):
        assert default in text
