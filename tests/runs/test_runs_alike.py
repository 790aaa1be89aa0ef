"""Processes that train together are refused if they differ."""

from dataclasses import dataclass
from typing import Any

import pytest

from minicnn import data, layers
from minicnn.parallel import Processes
from minicnn.runs import Settings, check_alike, setting
from tests.test_parallel import together

SPLITS = SAMPLE, TEST = data.load_sample()
NET = layers.linear(2)


@dataclass(frozen=True)
class Mine(Settings):
    seed: int = setting(0, "seed", at_least=0)
    lr: float = setting(0.1, "learning rate")
    data_dir: str = setting("here", "folder", free_on_resume=True)


def compare(*others: tuple[Settings, Any, layers.Layer]) -> list[str]:
    """Compare the usual process with others, played by threads; return what each was told."""
    all_of_them = [(Mine(), SPLITS, NET), *others]

    def check(processes: Processes) -> str:
        try:
            settings, splits, net = all_of_them[processes.rank]
            check_alike(settings, splits, net, processes)
        except ValueError as error:
            return str(error)
        return ""

    return together(len(all_of_them), check)[0]


DIFFERENT = [
    ((Mine(seed=1), SPLITS, NET), "settings.seed is 0 in process 0, and 1 in process 1"),
    ((Mine(lr=1), SPLITS, NET), "settings.lr is 0.1 in process 0, and 1.0 in process 1"),
    (
        (Mine(), (SAMPLE._replace(name="mnist"), TEST), NET),
        "dataset.images.sample train is 4000 in process 0, and missing in process 1",
    ),
    ((Mine(), (SAMPLE._replace(labels=SAMPLE.labels.flip(0)), TEST), NET), "dataset.digest is "),
    ((Mine(), SPLITS, layers.relu()), "network.name is linear in process 0, and relu in process 1"),
]


@pytest.mark.parametrize(("other", "told"), DIFFERENT)
def test_a_difference_is_told_to_every_process(other: Any, told: str) -> None:
    first, second = compare(other)
    assert first == second
    assert first.startswith("processes that train together must have the same settings and data: ")
    assert told in first


def test_the_process_that_differs_is_named() -> None:
    told = compare((Mine(), SPLITS, NET), (Mine(seed=5), SPLITS, NET))
    assert len(set(told)) == 1
    assert told[0].endswith("settings.seed is 0 in process 0, and 5 in process 2")


def test_the_folder_of_the_data_may_differ() -> None:
    assert compare((Mine(data_dir="there", quiet=True), SPLITS, NET)) == ["", ""]
