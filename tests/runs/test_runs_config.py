"""What a run records: enough to repeat it, and to notice a difference."""

import copy
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from minicnn import data, layers, models, runs
from minicnn.data import Split
from minicnn.runs import RunError
from minicnn.runs.config import first_difference

NET = models.lenet5()


def make_split(seed: int, count: int, name: str) -> Split:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 1, 3, 2), dtype=torch.uint8, generator=generator)
    return Split(images, torch.randint(10, (count,), generator=generator), name)


splits = st.builds(make_split, st.integers(0, 9), st.integers(1, 4), st.sampled_from("ab"))


def copied(split: Split) -> Split:
    return Split(split.images.clone(), split.labels.clone(), split.name)


@given(st.lists(splits, min_size=1, max_size=3), st.integers(0, 10**6), st.integers(1, 255))
def test_the_digest_changes_with_every_pixel_label_name_and_order(
    of_run: list[Split], where: int, by: int
) -> None:
    digest = runs.digest(of_run)
    assert digest == runs.digest([copied(split) for split in of_run])

    i = where % len(of_run)
    pixel, label = copied(of_run[i]), copied(of_run[i])
    pixel.images.view(-1)[where % pixel.images.numel()] += by
    label.labels[where % len(label.labels)] += by
    for other in (pixel, label, of_run[i]._replace(name="c")):
        assert runs.digest([*of_run[:i], other, *of_run[i + 1 :]]) != digest
    assert runs.digest([*of_run, of_run[i]]) != digest
    if of_run[0].images is not of_run[-1].images:
        backwards = of_run[::-1]
        if any(a.name != b.name for a, b in zip(of_run, backwards, strict=True)):
            assert runs.digest(backwards) != digest


def test_the_digest_does_not_depend_on_the_memory_layout() -> None:
    split = make_split(0, 4, "a")
    images = split.images.permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0)
    assert images.stride() != split.images.stride()
    assert runs.digest([split._replace(images=images)]) == runs.digest([split])


ABOUT = runs.describe(
    {"lr": 0.01, "out": None}, data.load_sample(), NET, command=["train.py", "--out", "a b"]
)

settings = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
)


@given(
    settings,
    st.lists(splits, unique_by=lambda split: split.name, min_size=1),
    st.lists(st.text(), min_size=1),
)
def test_a_description_is_read_back_from_the_folder(
    settings: dict[str, Any], of_run: list[Split], argv: list[str]
) -> None:
    about = runs.describe(settings, of_run, NET, command=argv)
    with tempfile.TemporaryDirectory() as parent:
        run = runs.begin(f"{parent}/run", about)
        assert runs.read_description(run) == about


def test_a_description_has_settings_networks_data_versions_command_and_date() -> None:
    assert layers.from_description(ABOUT["network"]) == NET
    assert layers.from_description(ABOUT["tested_network"]) == NET
    views = layers.average_views(NET, 1)
    about = runs.describe({}, data.load_sample(), NET, views)
    assert layers.from_description(about["tested_network"]) == views
    assert layers.from_description(about["network"]) == NET
    assert ABOUT["in_shape"] == [1, 28, 28]
    assert ABOUT["settings"] == {"lr": 0.01, "out": None}
    assert ABOUT["dataset"]["images"] == {"sample train": 4000, "sample test": 1000}
    assert ABOUT["dataset"]["digest"] == runs.digest(data.load_sample())
    assert ABOUT["versions"].keys() == {"minicnn", "torch", "python", "system"}
    assert ABOUT["versions"]["torch"] == torch.__version__
    assert ABOUT["command"] == "train.py --out 'a b'"  # can be pasted into a shell
    assert ABOUT["begun"][:2] == "20"
    assert ABOUT["begun"][-6] in "+-"  # with the time zone


def without(*path: str) -> Callable[[dict], Any]:
    *parents, last = path

    def remove(about: dict) -> None:
        for part in parents:
            about = about[part]
        del about[last]

    return remove


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (without("network"), "network"),
        (without("tested_network"), "tested network"),
        (without("in_shape"), "image shape"),
        (lambda about: about.update(network="mnist_cnn"), "network"),
        (lambda about: about.update(in_shape=[1, 28.5, 28]), "image shape"),
        (without("settings"), "settings"),
        (without("dataset"), "dataset, numbers of images"),
        (without("dataset", "digest"), "dataset"),
        (without("dataset", "images"), "numbers of images"),
        (lambda about: about["dataset"].update(class_names="ab"), "names of the classes"),
        (lambda about: about["dataset"].update(class_names=[1, 2]), "names of the classes"),
        (without("versions"), "versions"),
        (without("command"), "command"),
        (without("begun"), "date"),
        (lambda about: about.update(settings=[]), "settings"),
        (lambda about: about["settings"].update(lr=[1]), "settings"),
        (lambda about: about.update(dataset=[]), "dataset, numbers of images"),
        (lambda about: about["dataset"]["images"].update(train="many"), "numbers of images"),
        (lambda about: about["versions"].update(torch=2), "versions"),
        (lambda about: about.update(command=["python"]), "command"),
    ],
)
def test_an_incomplete_description_is_refused_and_names_what_is_missing(
    tmp_path: Path, damage: Callable[[dict], Any], named: str
) -> None:
    about = copy.deepcopy(ABOUT)
    damage(about)
    run = runs.begin(tmp_path, about)
    with pytest.raises(RunError) as caught:
        runs.read_description(run)
    assert str(caught.value) == f"{run.config} is damaged: missing or invalid {named}"


def test_a_description_is_json(tmp_path: Path) -> None:
    run = runs.begin(tmp_path, ABOUT)
    assert json.loads(run.config.read_text()) == ABOUT


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@given(plain, plain)
def test_the_first_difference_is_a_difference(first: Any, second: Any) -> None:
    assume(first != second)
    _, one, another = first_difference({"root": first}, {"root": second})
    assert one != another


def test_the_first_difference_has_a_name_with_every_key_and_index() -> None:
    first = {"settings": {"lr": 0.1}, "network": {"children": [{"p": 0.5}, {"p": 0.5}]}}
    second = {"settings": {"lr": 0.1}, "network": {"children": [{"p": 0.5}, {"p": 0.2}]}}
    assert first_difference(first, second) == ("network.children.1.p", 0.5, 0.2)
    with pytest.raises(ValueError, match="the trees are equal"):
        first_difference(first, first)
    assert first_difference({"a": 1}, {"a": 1, "b": [2]}) == ("b", "missing", [2])


def test_the_data_of_a_run_are_compared_by_their_contents(tmp_path: Path) -> None:
    splits = make_split(1, 3, "train"), make_split(2, 2, "test")
    run = runs.begin(tmp_path / "run", runs.describe({"lr": 1}, splits, NET))
    runs.check_data(run, splits)
    others = make_split(3, 3, "train"), splits[1]  # as many images
    with pytest.raises(RunError) as refused:
        runs.check_data(run, others)
    told = f"the images or labels of train and test are not those of {run.folder}"
    assert str(refused.value) == told


def test_the_names_of_the_classes_are_recorded_and_compared(tmp_path: Path) -> None:
    split = make_split(1, 3, "train")
    named = split._replace(class_names=("T-shirt/top", "caf\udce9", "\n", *"defghij"))
    about = runs.describe({}, [named], NET)
    assert about["dataset"]["class_names"] == list(named.class_names or ())
    run = runs.begin(tmp_path / "run", about)
    runs.check_data(run, [named])
    for names in (None, (*"abc", *"defghij")):
        with pytest.raises(RunError, match="the images or labels of train are not those of"):
            runs.check_data(run, [split._replace(class_names=names)])


def test_a_run_of_before_there_were_names_has_none(tmp_path: Path) -> None:
    split = make_split(1, 3, "train")
    about = runs.describe({}, [split], NET)
    assert about["dataset"].pop("class_names") is None
    run = runs.begin(tmp_path / "run", about)
    runs.check_data(run, [split])


def test_a_name_of_bytes_that_are_not_utf_8_counts_in_the_digest() -> None:
    names = ("a\udce9", "a\udcea", "a?")
    assert len({runs.digest([make_split(1, 3, name)]) for name in names}) == 3
