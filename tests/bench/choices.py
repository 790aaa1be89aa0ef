"""What was compared before each preset was fixed, as a page.

python -m tests.bench.choices --save docs/results/choices.md

The records are those of choose_settings, docs/results/choice_PRESET.json. The setting that the
preset has is named as such, with any number of epochs: a choice may be made with fewer or more.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from examples import train_mnist
from minicnn.runs import run_command
from tests.bench.arguments import parse_save, publish
from tests.bench.choose_settings import parse_setting

RESULTS = Path("docs/results")
INTRODUCTION = """# How the presets were chosen

Each table lists what was compared for a preset of `train_mnist.py`: errors on training digits that
were held out, pooled over several trainings, each with other digits. Test digits were not used.
The standard error of a difference is that of two independent counts; below two of them, a
difference counts as none. With two folds a run learns from half the digits, so it makes more errors
than the preset does. The chosen setting is that of the preset, but for the number of epochs.
Seconds are the mean time of a run, of several at a time and beside other work: a rough measure.
"""


def resolve(setting: str) -> dict[str, Any]:
    """Return the settings that options stand for, without what is not compared."""
    without = ("preset", "epochs", "data_dir")
    saved = parse_setting(setting, 0).saved()
    return {name: value for name, value in saved.items() if name not in without}


def verdict(result: dict[str, Any], chosen: dict[str, Any]) -> str:
    """Say how a setting compares with the chosen one.

    Example:
        >>> one, other = ({"error_rate": r, "standard_error": 0.003} for r in (0.05, 0.04))
        >>> verdict(one, other), verdict(other, other)
        ('worse, by 2.4 standard errors', 'chosen')
    """
    if result is chosen:
        return "chosen"
    difference = result["error_rate"] - chosen["error_rate"]
    error = (result["standard_error"] ** 2 + chosen["standard_error"] ** 2) ** 0.5
    ratio = difference / error
    if abs(ratio) < 2:
        return "no difference"
    return f"{'worse' if ratio > 0 else 'better'}, by {abs(ratio):.1f} standard errors"


def section(preset: str, record: dict[str, Any]) -> str:
    """Format the table of a preset."""
    results = sorted(record["results"], key=lambda result: result["error_rate"])
    wanted = resolve(f"--preset {preset}")
    same = [result for result in results if resolve(result["setting"]) == wanted]
    if not same:
        raise ValueError(f"choice_{preset}.json does not hold the settings of {preset}")
    chosen = same[0]
    rows = [
        f"| `{result['setting']}` | {result['errors']} of {result['digits']:,} "
        f"| {result['error_rate']:.3%} ± {result['standard_error']:.3%} "
        f"| {result['mean_seconds']:.0f} | {verdict(result, chosen)} |"
        for result in results
    ]
    head = [
        "| setting | errors | rate ± standard error | seconds | verdict |",
        "|---|---|---|---|---|",
    ]
    command = f"```bash\n{record['command']}\n```"
    return "\n".join([f"## {preset}\n", *head, *rows, "", command])


def page(folder: Path) -> str:
    """Format all records of a folder."""
    sections = [
        section(preset, json.loads(path.read_text(encoding="utf-8")))
        for preset in train_mnist.PRESETS
        if (path := folder / f"choice_{preset}.json").exists()
    ]
    return "\n\n".join([INTRODUCTION.rstrip(), *sections])


def main(argv: list[str] | None = None) -> int:
    """Print the page, and save it if asked."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.choices", description=(__doc__ or "").split("\n\n")[0]
    )
    args = parse_save(parser, argv)
    publish(page(RESULTS), args.save)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
