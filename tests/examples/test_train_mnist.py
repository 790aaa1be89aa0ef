"""The example as users see it: what it prints, what it saves, and its errors."""

import ast
import csv
import dataclasses
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from examples import train_mnist
from examples.train_mnist import PRESETS, Settings
from minicnn import data, models, optim, runs, train, tree
from minicnn.data import mnist
from minicnn.data.download import DownloadError
from minicnn.parallel import Processes

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
    monkeypatch.setattr(train_mnist, "draw", lambda *args: None)


def run(argv) -> int:
    """Run the example as from a shell; return its exit code."""
    return runs.run_command(lambda: train_mnist.main(argv))


def parse(*argv: str) -> Settings:
    return Settings.parse(argv, presets=PRESETS)


def refusal(argv, capsys) -> str:
    """Run with bad arguments; return the one line on stderr, after checking that it is one."""
    before = sorted(Path().rglob("*"))
    with pytest.raises(SystemExit) as stopped:
        raise SystemExit(run(argv))
    assert stopped.value.code in (1, 2)
    *usage, error = capsys.readouterr().err.strip().splitlines()
    assert len(usage) <= 1
    assert sorted(Path().rglob("*")) == before  # nothing was written
    assert ": error: " in error
    return error


def test_a_run_trains_tests_and_saves_every_figure(tmp_path, capsys):
    assert run([*QUICK, "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out
    found = re.search(
        r"Test, 1,000 images: average loss \d\.\d{4}, accuracy (\d+\.\d{2})%", printed
    )
    assert found
    assert float(found[1]) > 50  # one epoch on 3,667 digits; chance is 10
    assert {file.stem for file in (tmp_path / "run" / "figures").iterdir()} == FIGURES
    files = {"config.json", "metrics.csv", "last.pt", "best.pt", "report.html", "figures"}
    files |= {"explorer.html"}
    assert {file.name for file in (tmp_path / "run").iterdir()} == files
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert f"{found[1]}%" in report
    assert report.count("<img") == len(FIGURES)
    assert '<a href="explorer.html">Watch this network compute' in report
    assert all(file.stat().st_size > 5000 for file in (tmp_path / "run" / "figures").iterdir())


@pytest.mark.slow
def test_without_a_terminal_there_is_one_plain_line_per_epoch(no_figures, capsys):
    train_mnist.main([*QUICK, "--epochs", "2"])
    captured = capsys.readouterr()
    assert len(re.findall(r"^epoch \d/2 .*$", captured.out, re.MULTILINE)) == 2
    assert captured.err == ""


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers_bit_for_bit(no_figures):
    results = [train_mnist.main([*QUICK, "--seed", seed]) for seed in "772"]
    assert results[0] == results[1]
    assert results[0] != results[2]


@pytest.mark.slow
def test_evaluating_less_often_changes_nothing(no_figures, monkeypatch):
    usual = train_mnist.main(QUICK)
    monkeypatch.setattr(train, "evaluate", lambda *_: {"loss": 0.0, "accuracy": 0.0})
    assert train_mnist.main(QUICK)["test_loss"] == usual["test_loss"]


@pytest.mark.usefixtures("offline", "no_figures")
def test_auto_says_at_the_start_and_with_the_results_that_it_used_the_sample(tmp_path, capsys):
    assert run(["--data-dir", str(tmp_path), "--epochs", "1"]) == 0
    before, after = capsys.readouterr().out.split("epoch 1/1")
    for part in (before, after):
        assert "NOTE: This run uses the embedded sample" in part
        assert "To get it" in part


@pytest.mark.usefixtures("offline")
def test_mnist_never_falls_back(tmp_path, capsys):
    error = refusal(["--dataset", "mnist", "--data-dir", str(tmp_path)], capsys)
    assert "MNIST was not found in" in error


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
        (["--lr", "nan"], "argument --lr: must be a finite number, got nan"),
        (["--preset", "worst"], "argument --preset: invalid choice: 'worst'"),
        (["--rotate", "-1"], "argument --rotate: must be at least 0, got -1"),
        ([*QUICK, "--scale", "1"], "argument --scale: must be below 1, got 1.0"),
        ([*QUICK, "--shear", "90"], "argument --shear: must be below 90, got 90.0"),
        ([*QUICK, "--rotate", "1e308"], "argument --rotate: must be at most 180, got 1e+308"),
        (["--model", "vgg19"], "argument --model: invalid choice: 'vgg19'"),
        (["--dataset", "cifar"], "dataset must be one of auto, mnist, sample, fashion-mnist, "),
        (["--dataset", "cifar"], "or a folder of images, got 'cifar'"),
        (["--dataset", "."], ". must have a folder of images for each of 2 or more classes, got n"),
        (["--dataset", ".", "--size", "15"], "argument --size: must be at least 16, got 15"),
        (["--dataset", ".", "--size", "257"], "argument --size: must be at most 256, got 257"),
        (
            [*QUICK, "--label-smoothing", "2"],
            "argument --label-smoothing: must be at most 1, got 2.0",
        ),
        (
            [*QUICK, "--device", "tpu9"],
            "argument --device: must be available on this machine, got tpu9",
        ),
        (
            [*QUICK, "--device", "cuda:99"],
            "argument --device: must be available on this machine, got cuda:99",
        ),
    ],
)
def test_a_wrong_option_is_reported_in_one_line(argv, named, capsys):
    assert named in refusal(argv, capsys)


def test_help_states_every_default(capsys):
    with pytest.raises(SystemExit):
        run(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    options = set(re.findall(r"--[a-z][a-z-]+", text))
    assert {"--lr", "--epochs", "--batch-size", "--seed", "--device", "--model"} <= options
    for default in ("default: 256", "default: auto", "default: mnist_cnn", "default: 0.01"):
        assert default in text


def test_the_program_prints_the_same_help_without_importing_torch(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    program = (
        "import runpy, sys; sys.modules['torch'] = None; sys.argv = ['train_mnist.py', '--help']\n"
        f"runpy.run_path({str(Path(train_mnist.__file__))!r}, run_name='__main__')"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    monkeypatch.setattr(sys, "argv", ["train_mnist.py"])
    with pytest.raises(SystemExit):
        run(["--help"])
    assert (printed.stdout, printed.stderr) == (capsys.readouterr().out, "")


def test_the_options_name_every_model_and_the_datasets():
    assert tuple(models.MODELS) == train_mnist.MODELS
    told = next(f for f in dataclasses.fields(Settings) if f.name == "dataset").metadata["help"]
    assert {name for name in data.DATASETS if not name.startswith("emnist-")} <= set(
        re.findall(r"[a-z-]+", told)
    )


# --- Presets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_the_defaults_with_its_changes(name):
    assert parse("--preset", name) == dataclasses.replace(Settings(), preset=name, **PRESETS[name])


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_means_what_its_options_in_the_help_mean(name, capsys):
    with pytest.raises(SystemExit):
        train_mnist.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    options = next(line for line in lines if line.startswith(f"  {name} ")).split()[1:]
    by_hand = parse(*(options if PRESETS[name] else []))
    assert dataclasses.replace(by_hand, preset=name) == parse("--preset", name)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("before", [True, False])
def test_an_explicit_option_overrides_the_preset(name, before):
    explicit, preset = ["--epochs", "17", "--lr", "0.5"], ["--preset", name]
    settings = parse(*explicit, *preset) if before else parse(*preset, *explicit)
    assert (settings.epochs, settings.lr) == (17, 0.5)
    assert settings == dataclasses.replace(parse(*preset), epochs=17, lr=0.5)


def test_no_preset_is_the_default_preset():
    assert parse() == parse("--preset", "default") == Settings()


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [["--preset", "best", "--epochs", "1"], ["--rotate", "10", "--average", "0.1"]]
)
def test_every_kind_of_setting_learns_the_sample(options, tmp_path):
    assert (
        train_mnist.main([*QUICK, *options, "--out", str(tmp_path / "run")])["test_accuracy"] > 0.5
    )
    assert {file.stem for file in (tmp_path / "run" / "figures").iterdir()} == FIGURES


# --- Augmentation and averaging ----------------------------------------------------------------


def augmented(*options: str) -> torch.Tensor | None:
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    augment = train_mnist.make_augmentation(parse(*options))
    return augment(images, torch.Generator().manual_seed(1)) if augment else None


@pytest.mark.parametrize("option", ["--rotate", "--scale", "--shear", "--elastic"])
def test_each_option_of_the_augmentation_warps(option):
    images = augmented("--shift", "0", option, "0.001")
    other = augmented("--shift", "0", option, "0.5")
    assert images is not None
    assert other is not None
    assert not images.equal(other)


def test_shifts_without_other_warps_are_by_whole_pixels():
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = data.random_shift(2)(images, torch.Generator().manual_seed(1))
    shifted = augmented("--shift", "2")
    assert shifted is not None
    assert shifted.equal(expected)
    assert augmented("--shift", "0") is None


def train_on_the_sample(
    folder: Path, *options: str
) -> tuple[runs.Weights, train.TrainState, dict[str, float]]:
    """Train for an epoch; return the weights to use, the final state, and the metrics."""
    train_mnist.main([*QUICK, "--model", "lenet5", "--out", str(folder), *options])
    contents = runs.checkpoint.load(folder / "last.pt")
    weights = runs.Weights(**contents["weights"])
    progress = contents["progress"]["training"]
    with (folder / "metrics.csv").open() as file:
        (row,) = csv.DictReader(file)
    validation = data.hold_out(data.load_sample()[0], 333, 0)[1]
    batches = data.batches(validation, 1000)
    held_out = train.evaluate(models.lenet5(), weights.params, weights.state, batches)
    assert float(row["validation_loss"]) == held_out["loss"]
    return weights, train.TrainState(**progress), held_out


@pytest.mark.slow
@pytest.mark.usefixtures("no_figures")
def test_averaged_weights_are_what_is_validated_and_saved(tmp_path):
    plain, last, held_out = train_on_the_sample(tmp_path / "plain")
    weights, final, averaged = train_on_the_sample(tmp_path / "averaged", "--average", "0.2")
    # Averaging does not change the steps: Adam is in the same state as without.
    assert all(map(torch.equal, tree.leaves(final.opt_state[1]), tree.leaves(last.opt_state[1])))
    assert all(map(torch.equal, tree.leaves(final.params), tree.leaves(last.params)))
    assert all(map(torch.equal, tree.leaves(plain.params), tree.leaves(last.params)))
    assert not all(map(torch.equal, tree.leaves(weights), tree.leaves(plain)))
    assert averaged["loss"] != held_out["loss"]


@pytest.mark.slow
@pytest.mark.usefixtures("no_figures")
def test_an_average_over_almost_no_steps_is_the_last_weights(tmp_path):
    last, _, _ = train_on_the_sample(tmp_path / "plain")
    weights, _, _ = train_on_the_sample(tmp_path / "averaged", "--average", "1e-9")
    assert all(map(torch.equal, tree.leaves(weights), tree.leaves(last)))


def test_an_average_spans_its_fraction_of_the_run():
    settings = Settings(average=0.25)  # 4 of 16 steps: a decay of 3/4
    optimizer = train_mnist.make_optimizer(settings, lambda step: 0.0, 16, Processes(0, 1))
    state = optimizer.init(torch.zeros(1))
    for params in (torch.zeros(1), torch.ones(1)):
        _, state = optimizer.update(torch.zeros(1), state, params)
    assert optim.averaged(state).item() == 0.25


# --- The files themselves ----------------------------------------------------------------------

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_imports_no_neighbouring_file_except_the_photo_reader(path):
    source = path.read_text(encoding="utf-8")
    limits = {"train_mnist.py": 250}
    assert len(source.splitlines()) <= limits.get(path.name, 80)
    tree_ = ast.parse(source)
    modules = {node.module for node in ast.walk(tree_) if isinstance(node, ast.ImportFrom)}
    modules |= {
        name.name for node in ast.walk(tree_) if isinstance(node, ast.Import) for name in node.names
    }
    beside = {p.stem for p in EXAMPLES} | {"photo", "examples"}
    found = {module for module in modules if module and module.split(".")[0] in beside}
    assert found == ({"photo"} if path.name == "predict.py" else set())


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [p for p in EXAMPLES if "page" not in p.name], ids=lambda p: p.name
)
@pytest.mark.parametrize("how", ["by path", "python -P", "python -m"])
def test_an_example_starts_in_every_way_that_python_starts_a_file(path, how, tmp_path):
    command = {
        "by path": [str(path)],
        "python -P": ["-P", str(path)],
        "python -m": ["-m", f"examples.{path.stem}"],
    }[how]
    if how == "python -P" and sys.version_info < (3, 11):
        pytest.skip("this Python has no -P")
    folder = path.parents[1] if how == "python -m" else tmp_path
    command = [sys.executable, *command, "--help"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "usage:" in ended.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the processes differ by a shell variable")
@pytest.mark.parametrize(
    ("different", "told"),
    [
        ("--seed $RANK", "settings.seed is 0 in process 0, and 1 in process 1"),
        ("--batch-size 10$RANK", "settings.batch_size is 100 in process 0, and 101 in process 1"),
    ],
)
def test_processes_with_different_options_are_refused(different, told, tmp_path):
    example = shlex.join([sys.executable, train_mnist.__file__, *QUICK, "--out", "runs/x"])
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, "--nproc-per-node=2", "--no-python", "sh", "-c", f"{example} {different}"]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 1
    assert f"must have the same settings and data: {told}" in ended.stderr
    assert "Gloo" not in ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == []
