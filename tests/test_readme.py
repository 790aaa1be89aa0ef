"""The README's numbers are those that its commands wrote."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = sorted((ROOT / "docs" / "results").glob("accuracy_*.json"))


def test_there_are_results():
    assert len(RESULTS) >= 2


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_each_result_stands_in_the_readme_as_it_was_measured(path):
    record = json.loads(path.read_text())
    mean, deviation = record["mean_test_accuracy"], record["deviation_of_test_accuracy"]
    row = next(line for line in README.splitlines() if record["command"] in line)
    assert f"| {mean:.2%} | {deviation:.2%} |" in row
    accuracies = [result["test_accuracy"] for result in record["results"]]
    assert len(accuracies) >= 5
    assert mean == pytest.approx(sum(accuracies) / len(accuracies))


def test_every_picture_and_page_that_it_links_is_there():
    targets = [part.split(")")[0] for part in README.split("](")[1:]]
    local = [target for target in targets if not target.startswith("http")]
    assert local
    assert [target for target in local if not (ROOT / target).exists()] == []
