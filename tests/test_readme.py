"""The README's numbers are those that its commands wrote."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
import torch

from examples import train_mnist
from minicnn import models, tree
from tests.bench import report

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = ROOT / "docs" / "results"
PRESETS = ("quick", "default", "tiny", "best")


def row_of(preset: str) -> list[str]:
    """The cells of a preset's row: what it is, the numbers, and the command."""
    line = next(line for line in README.splitlines() if f"accuracy_{preset}.json" in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_stands_in_the_readme_as_it_was_measured(preset):
    _, *numbers, command = row_of(preset)
    path = RESULTS / f"accuracy_{preset}.json"
    record = json.loads(path.read_text())
    accuracies = [result["test_accuracy"] for result in record["results"]]
    seeds = [result["seed"] for result in record["results"]]
    assert seeds == [*range(len(seeds))]
    assert len(seeds) >= 5
    settings = train_mnist.Settings.parse(["--preset", preset], presets=train_mnist.PRESETS)
    params, _, _ = models.MODELS[settings.model]().init(torch.Generator(), (1, 28, 28))
    seconds = record["mean_seconds"]
    assert record["mean_test_accuracy"] == pytest.approx(sum(accuracies) / len(accuracies))
    assert numbers == [
        f"{record['mean_test_accuracy']:.2%}",
        f"{record['deviation_of_test_accuracy']:.2%}",
        f"0 to {len(seeds) - 1}",
        f"{sum(p.numel() for p in tree.leaves(params)):,}",
        f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min",
    ]
    assert command == f"`{record['command']}`"


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_has_the_settings_that_were_measured(preset):
    argv = ["--dataset", "mnist", "--preset", preset]
    saved = train_mnist.Settings.parse(argv, presets=train_mnist.PRESETS).saved()
    measured = json.loads((RESULTS / f"accuracy_{preset}.json").read_text())["settings"]
    defaults = train_mnist.Settings().saved()  # of options that are newer than the record
    without = ("preset", "seed", "data_dir", "device")
    assert {name: measured.get(name, defaults[name]) for name in saved if name not in without} == {
        name: value for name, value in saved.items() if name not in without
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_each_row_names_the_command_that_measures_its_preset(preset):
    options = "" if preset == "default" else f" -- --preset {preset}"
    jobs = {"tiny": "--jobs 2 ", "best": "--seeds 10 --jobs 2 "}.get(preset, "")
    path = f"docs/results/accuracy_{preset}.json"
    assert (
        row_of(preset)[-1] == f"`python3 -m tests.bench.measure_seeds {jobs}--save {path}{options}`"
    )


def test_the_tables_of_speeds_are_what_was_measured():
    record = json.loads((RESULTS / "bench.json").read_text(encoding="utf-8"))
    table = report.brief(record)
    assert len(table.splitlines()) == 2 + len(report.BRIEF)
    assert table in README
    whole = (RESULTS / "bench.md").read_text(encoding="utf-8")
    assert whole == report.markdown(record) + "\n"
    assert whole in (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")


def test_the_parts_of_a_step_are_what_was_measured():
    measured = (RESULTS / "roofline.md").read_text(encoding="utf-8")
    assert measured in (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")


def test_the_chart_of_speeds_shows_what_was_measured():
    rows = report.results_of(json.loads((RESULTS / "bench.json").read_text(encoding="utf-8")))
    chart = (RESULTS / "bench.svg").read_text(encoding="utf-8")
    drawn = re.findall("<!-- (.*?) -->", chart)  # matplotlib notes each text before its outlines
    texts = [row.what for row in rows] + [report.ratio(row) for row in rows]
    start = drawn.index(texts[0])
    assert drawn[start : start + len(texts)] == texts


def test_the_first_code_is_the_example_of_one_page():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    lines = [line for line in code[1].splitlines() if line]
    page = (ROOT / "examples" / "mnist_in_one_page.py").read_text(encoding="utf-8")
    rest = iter(page.splitlines())
    assert [line for line in lines if line not in rest] == []  # all of them, in this order
    assert len(lines) > 25


def test_every_accuracy_is_one_of_a_preset():
    measured = {path.stem.removeprefix("accuracy_") for path in RESULTS.glob("accuracy_*.json")}
    assert measured <= set(PRESETS)


@pytest.fixture
def ci() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme", ROOT / ".ci" / "readme.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ci_runs_every_command_and_all_code(ci):
    text = "```bash\na  # why\n\n# no\nb \\\n c\n```\n```python\nx = 1\n```\n```bash\nd\n```\n"
    assert list(ci.blocks(text)) == [
        ["a  # why", "b   c"],
        ["d"],
        ["python3 - <<'END'\nx = 1\nEND"],
    ]
    *commands, code = ci.blocks(README)
    assert len(commands) == README.count("```bash\n")
    assert code[0].count("\nimport torch\n") == README.count("\nimport torch\n")


@pytest.mark.parametrize("language", ["", "sh", "console"])
def test_ci_refuses_a_block_that_it_would_not_run(ci, language):
    with pytest.raises(SystemExit, match="which CI does not run"):
        list(ci.blocks(f"```{language}\nrm -r runs\n```\n"))


def test_no_command_is_outside_a_block():
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    command = r"^[ >$]*(?:~~~|(?:\.venv/|pip|python3?|pytest|torchrun)\b).*"
    assert re.findall(command, prose, re.MULTILINE) == []


def test_what_changes_an_environment_gets_its_own(ci):
    assert ci.installs(["python3 -m venv .venv && .venv/bin/pip install -e ."])
    assert ci.installs(["cd x", "pip install ."])
    assert not ci.installs(["python3 examples/train_mnist.py"])


def test_every_picture_and_page_that_it_links_is_there():
    targets = [part.split(")")[0] for part in README.split("](")[1:]]
    local = [target for target in targets if not target.startswith("http")]
    assert local
    assert [target for target in local if not (ROOT / target.split("#")[0]).exists()] == []


def test_nothing_is_installed_by_the_bare_name():
    # On PyPI the name belongs to another project.
    texts = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("minicnn/**/*.py")]
    texts += [*ROOT.glob("docs/_ext/*.py"), *ROOT.glob("minicnn/**/*.html")]
    for path in (path for path in texts if "_build" not in path.parts):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"pip install (?!--no-index)[^\n#]*['\" ]minicnn\b[^\n]*", text)
        assert found == [], path
