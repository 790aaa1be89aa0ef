"""The example as its users meet it: what it prints, what it saves, and how it refuses."""

import re

import presets
import pytest
import recipe as recipes
import torch
import train_mnist

from minicnn import data, optim, runs, train, tree
from minicnn.data import mnist
from minicnn.data.download import DownloadError

FIGURES = {
    *("correct", "incorrect", "worst_mistakes"),
    *("curves", "confusion", "filters", "feature_maps"),
}
QUICK = ["--dataset", "sample", "--epochs", "1", "--device", "cpu"]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Runs without --out go to a folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def offline(monkeypatch):
    def refuse(dataset, root):
        raise DownloadError("there is no network")

    monkeypatch.setattr(mnist, "download", refuse)


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr(train_mnist, "finish", lambda *args: None)


def refusal(argv, capsys) -> str:
    """Run with bad arguments; return the one line on stderr, after checking that it is one."""
    with pytest.raises(SystemExit) as stopped:
        raise SystemExit(train_mnist.main(argv))
    assert stopped.value.code in (1, 2)
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert ": error: " in error
    return error


def test_a_run_trains_tests_and_saves_every_figure(tmp_path, capsys):
    assert train_mnist.main([*QUICK, "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out
    found = re.search(
        r"Test, 1,000 images: average loss \d\.\d{4}, accuracy (\d+\.\d{2})%", printed
    )
    assert found
    assert float(found[1]) > 50  # one epoch on 3,667 digits; guessing gives 10
    assert {file.stem for file in (tmp_path / "run" / "figures").iterdir()} == FIGURES
    files = {"config.json", "metrics.csv", "last.pt", "best.pt", "report.html", "figures"}
    assert {file.name for file in (tmp_path / "run").iterdir()} == files
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert f"{found[1]}%" in report
    assert report.count("<img") == len(FIGURES)
    assert all(file.stat().st_size > 5000 for file in (tmp_path / "run" / "figures").iterdir())


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
    monkeypatch.setattr(recipes.train, "evaluate", lambda *_: {"loss": 0.0, "accuracy": 0.0})
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
        (["--preset", "worst"], "argument --preset: invalid choice: 'worst'"),
        (["--rotate", "-1"], "argument --rotate: must be at least 0, got -1"),
        ([*QUICK, "--scale", "1"], "scale must be in [0, 1), got 1.0"),
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


# --- Presets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets.PRESETS)
def test_a_preset_is_the_defaults_with_its_changes(name):
    usual = vars(train_mnist.parse_arguments(["--out", "x"]))
    chosen = vars(train_mnist.parse_arguments(["--out", "x", "--preset", name]))
    assert chosen == {**usual, **presets.PRESETS[name], "preset": name}
    assert chosen.keys() == usual.keys()  # a misspelt option would be one more


@pytest.mark.parametrize("name", presets.PRESETS)
def test_a_preset_means_what_its_options_in_the_help_mean(name):
    line = next(line for line in presets.table().splitlines() if line.startswith(f"  {name} "))
    options = line.split()[1:] if presets.PRESETS[name] else []
    by_hand = vars(train_mnist.parse_arguments(["--out", "x", *options]))
    by_name = vars(train_mnist.parse_arguments(["--out", "x", "--preset", name]))
    assert by_hand == {**by_name, "preset": "default"}


@pytest.mark.parametrize("name", presets.PRESETS)
@pytest.mark.parametrize("before", [True, False])
def test_an_explicit_option_goes_before_the_presets_value(name, before):
    explicit, preset = ["--epochs", "17", "--lr", "0.5"], ["--preset", name]
    args = train_mnist.parse_arguments([*explicit, *preset] if before else [*preset, *explicit])
    assert (args.epochs, args.lr) == (17, 0.5)
    others = {k: v for k, v in presets.PRESETS[name].items() if k not in ("epochs", "lr")}
    assert others.items() <= vars(args).items()


def test_no_preset_is_the_default_preset():
    assert train_mnist.parse_arguments([]).preset == "default"


@pytest.mark.parametrize(
    "options", [["--preset", "best", "--epochs", "1"], ["--rotate", "10", "--average", "0.1"]]
)
def test_every_kind_of_setting_learns_the_sample(options, tmp_path):
    args = train_mnist.parse_arguments([*QUICK, *options, "--out", str(tmp_path / "run")])
    assert train_mnist.run(args)["test_accuracy"] > 0.5
    assert {file.stem for file in (tmp_path / "run" / "figures").iterdir()} == FIGURES


# --- Augmentation and averaging ----------------------------------------------------------------


def augmented(*options: str) -> torch.Tensor | None:
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    augment = recipes.make_augmentation(train_mnist.parse_arguments(list(options)))
    return augment(images, torch.Generator().manual_seed(1)) if augment else None


@pytest.mark.parametrize("option", ["--rotate", "--scale", "--shear", "--elastic"])
def test_each_option_of_the_augmentation_warps(option):
    images = augmented("--shift", "0", option, "0.001")
    other = augmented("--shift", "0", option, "0.5")
    assert images is not None
    assert other is not None
    assert not images.equal(other)


def test_shifts_alone_are_by_whole_pixels():
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = data.random_shift(2)(images, torch.Generator().manual_seed(1))
    shifted = augmented("--shift", "2")
    assert shifted is not None
    assert shifted.equal(expected)
    assert augmented("--shift", "0") is None


def train_on_the_sample(*options: str) -> tuple[runs.Weights, train.TrainState, float]:
    """Train for an epoch; return the weights, the final state, and the last validation loss."""
    args = train_mnist.parse_arguments([*QUICK, "--model", "lenet5", *options])
    training, validation = data.hold_out(data.load_sample()[0], 300, 0)
    recipe = recipes.make(args, len(training.labels))
    *_, last = recipes.fit(recipe, recipes.start(recipe), training, validation)
    weights = recipes.final_weights(recipe, last.training)
    held = train.evaluate(recipe.net, *weights, recipes.all_of(validation, recipe.device))
    assert last.history[-1]["validation_loss"] == held["loss"]
    return weights, last.training, held["loss"]


def test_averaged_weights_are_what_is_validated_and_handed_out():
    plain, last, loss = train_on_the_sample()
    weights, final, averaged_loss = train_on_the_sample("--average", "0.2")
    averages = tree.leaves(optim.averaged(final.opt_state))
    assert all(map(torch.equal, tree.leaves(weights.params), averages))
    # Averaging changes no step: Adam is at the same place as without.
    assert all(map(torch.equal, tree.leaves(final.opt_state[1]), tree.leaves(last.opt_state[1])))
    assert not all(map(torch.equal, tree.leaves(weights), tree.leaves(plain)))
    assert averaged_loss != loss


def test_an_average_over_next_to_nothing_is_the_last_weights():
    last, _, _ = train_on_the_sample()
    weights, _, _ = train_on_the_sample("--average", "1e-9")
    assert all(map(torch.equal, tree.leaves(weights), tree.leaves(last)))


def test_an_average_reaches_back_its_part_of_the_run():
    args = train_mnist.parse_arguments(
        ["--average", "0.25", "--lr", "0", "--epochs", "4", "--batch-size", "1"]
    )
    optimizer = recipes.make(args, 4).optimizer  # 4 of 16 steps back: a decay of 3/4
    state = optimizer.init(torch.zeros(1))
    for params in (torch.zeros(1), torch.ones(1)):
        _, state = optimizer.update(torch.zeros(1), state, params)
    assert optim.averaged(state).item() == 0.25
