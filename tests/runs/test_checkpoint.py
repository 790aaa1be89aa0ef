"""Checkpoints are loaded as they were saved, or not at all."""

import os
import pickle
import tempfile
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import optim, tree
from minicnn.runs import checkpoint
from minicnn.runs.checkpoint import CheckpointError

DTYPES = (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.bool,
    torch.uint8,
    torch.int32,
    torch.int64,
)


class Pair(NamedTuple):
    first: Any
    second: Any


def make_tensor(dtype: torch.dtype, shape: list[int], seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, shape, generator=generator).to(dtype) * 3


tensors = st.builds(
    make_tensor,
    st.sampled_from(DTYPES),
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(0, 99),
)
scalars = st.integers() | st.floats() | st.booleans() | st.text(max_size=5)
keys = st.text(min_size=1, max_size=4).filter(lambda key: "/" not in key)
trees = st.recursive(
    tensors | scalars,
    lambda t: st.lists(t, max_size=3).map(tuple) | st.dictionaries(keys, t, max_size=3),
    max_leaves=8,
)


def assert_same(a: Any, b: Any) -> None:
    """Equal structures, in the same order, with leaves of equal types and bits."""
    assert repr(tree.flatten(a)[1]) == repr(tree.flatten(b)[1])
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        if isinstance(x, torch.Tensor):
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
            assert torch.equal(x, y)
        else:
            assert (type(x), repr(x)) == (type(y), repr(y))


MODEL = {
    "step": 7,
    "params": ({"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}, ()),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.pt"


@given(trees)
def test_a_tree_comes_back_as_it_was_saved(t: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tree.pt"
        checkpoint.save(file, t)
        assert_same(checkpoint.load(file), t)
        assert_same(checkpoint.load(str(file), like=t), t)
        assert os.listdir(folder) == ["tree.pt"]


def test_a_training_state_comes_back_with_its_named_tuples(path: Path) -> None:
    opt = optim.chain(optim.clip_by_global_norm(1.0), optim.adam(), optim.ema(0.9))
    params = MODEL["params"]
    _, state = opt.update(tree.map(torch.cos, params), opt.init(params), params)
    generator = torch.Generator().manual_seed(5)
    run = Pair({"params": params, "opt_state": state}, {"generator": generator.get_state()})
    checkpoint.save(path, run)
    loaded = checkpoint.load(path, like=run)
    assert_same(loaded, run)
    assert isinstance(loaded, Pair)
    assert isinstance(loaded.first["opt_state"][1], optim.AdamState)


def test_without_like_named_tuples_are_dicts_of_their_fields(path: Path) -> None:
    checkpoint.save(path, (Pair(1, Pair(2, ())),))
    assert checkpoint.load(path) == ({"first": 1, "second": {"first": 2, "second": ()}},)


def test_dicts_take_the_order_of_like(path: Path) -> None:
    checkpoint.save(path, {"a": 1, "b": 2})
    assert repr(checkpoint.load(path, like={"b": 0, "a": 0})) == "{'b': 2, 'a': 1}"


def test_the_file_is_a_flat_dict_of_plain_data(path: Path) -> None:
    checkpoint.save(path, MODEL)
    contents = torch.load(path, weights_only=True)
    assert set(contents) == {"/minicnn", "step", "params/0/weight", "params/0/bias"}
    assert torch.equal(contents["params/0/bias"], torch.ones(2))


def test_a_view_does_not_bring_along_what_it_is_a_view_of(path: Path) -> None:
    large = torch.zeros(1000, 1000)
    checkpoint.save(path, (large[0, :3], large[:, 0][:4], torch.ones(1).expand(1000, 1000)[:2, :2]))
    assert path.stat().st_size < 10_000
    assert_same(checkpoint.load(path), (torch.zeros(3), torch.zeros(4), torch.ones(2, 2)))


def test_transposed_and_conjugated_tensors(path: Path) -> None:
    z = torch.complex(torch.arange(6.0), torch.ones(6)).reshape(2, 3)
    t = {"transposed": z.real.T, "conjugated": z.conj()}
    checkpoint.save(path, t)
    assert_same(checkpoint.load(path, like=t), t)


def test_parameters_come_back_as_tensors_without_gradient(path: Path) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    checkpoint.save(path, {"weight": weight})
    loaded = checkpoint.load(path, like={"weight": weight})["weight"]
    assert type(loaded) is torch.Tensor
    assert not loaded.requires_grad


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ({"step": 7}, r"the root: expected dict with keys \['step'\], got .*\['step', 'params'\]"),
        ({**MODEL, "params": (MODEL["params"][0],)}, "'params': expected tuple with keys"),
        ({**MODEL, "params": (MODEL["params"][0], {})}, "'params/1': expected dict .* got tuple"),
        ({**MODEL, "step": 7.0}, "'step': expected float, got int"),
        (
            {**MODEL, "params": ({"weight": torch.zeros(3, 2), "bias": torch.ones(2)}, ())},
            r"'params/0/weight': expected torch.float32 of shape \(3, 2\), got .* \(2, 3\)",
        ),
        (
            {**MODEL, "params": ({"weight": torch.zeros(2, 3), "bias": torch.ones(2).int()}, ())},
            "'params/0/bias': expected torch.int32 of shape .* got torch.float32",
        ),
    ],
)
def test_a_checkpoint_unlike_like_is_refused_with_the_path(
    path: Path, like: Any, message: str
) -> None:
    checkpoint.save(path, MODEL)
    with pytest.raises(CheckpointError, match=rf"{path} .*trees differ at {message}"):
        checkpoint.load(path, like=like)


@given(position=st.integers(0, 10**9), bit=st.integers(0, 7), truncate=st.booleans())
def test_a_damaged_file_is_refused_or_harmless(position: int, bit: int, truncate: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.pt"
        checkpoint.save(file, MODEL)
        data = bytearray(file.read_bytes())
        position %= len(data)
        if truncate:
            del data[position:]
        else:
            data[position] ^= 1 << bit
        file.write_bytes(data)
        try:
            loaded = checkpoint.load(file)
        except CheckpointError:
            return
    assert not truncate
    assert_same(loaded, MODEL)  # the flip hit padding or a date


def test_every_bit_of_the_weights_is_watched(path: Path) -> None:
    checkpoint.save(path, MODEL)
    data = path.read_bytes()
    start = data.index(MODEL["params"][0]["weight"].numpy().tobytes())
    for i in range(8 * 24):
        damaged = bytearray(data)
        damaged[start + i // 8] ^= 1 << i % 8
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="is damaged"):
            checkpoint.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"step": 8},
        {"step": 7.0},
        {"params/0/bias": torch.tensor([1.0, 1.5])},
        {"params/0/bias": torch.ones(2, 1)},
        {"params/0/bias": torch.tensor([1.0, 1.0]).view(torch.int32)},
        {"surplus": 1},
    ],
)
def test_changed_contents_do_not_match_the_digest(path: Path, change: dict[str, Any]) -> None:
    checkpoint.save(path, MODEL)
    torch.save({**torch.load(path, weights_only=True), **change}, path)
    with pytest.raises(CheckpointError, match=f"{path} is damaged: .* digest"):
        checkpoint.load(path)


def test_missing_contents_do_not_match_the_digest(path: Path) -> None:
    checkpoint.save(path, MODEL)
    contents = torch.load(path, weights_only=True)
    del contents["step"]
    torch.save(contents, path)
    with pytest.raises(CheckpointError, match=f"{path} is damaged: .* digest"):
        checkpoint.load(path)


def test_another_format_version_is_refused(path: Path) -> None:
    checkpoint.save(path, MODEL)
    contents = torch.load(path, weights_only=True)
    contents["/minicnn"]["version"] = 99
    torch.save(contents, path)
    with pytest.raises(CheckpointError, match=f"{path} has format 99, but .* reads format 1"):
        checkpoint.load(path)


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("hello, I am a text file\n"),
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100)),
        lambda path: path.write_bytes(pickle.dumps({"weight": [1.0]})),
        lambda path: torch.save(torch.ones(2), path),
        lambda path: torch.save({"weight": torch.ones(2)}, path),
        lambda path: torch.save({"/minicnn": {}}, path),
        lambda path: torch.save(torch.nn.Linear(2, 2), path),
        write_zip,
    ],
    ids=["empty", "text", "png", "pickle", "tensor", "state dict", "header", "module", "zip"],
)
def test_a_foreign_file_is_refused(path: Path, write: Any) -> None:
    write(path)
    with pytest.raises(CheckpointError, match=f"^{path} is .*not a minicnn checkpoint$"):
        checkpoint.load(path)


def test_a_state_dict_is_not_called_damaged(path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, path)
    with pytest.raises(CheckpointError, match=f"^{path} is not a minicnn checkpoint$"):
        checkpoint.load(path)


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("writer", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))])
def test_a_malicious_pickle_does_not_run(path: Path, writer: Any) -> None:
    marker = path.with_name("pwned")
    writer({"weight": Malicious(marker)}, path)
    with pytest.raises(CheckpointError):
        checkpoint.load(path)
    assert not marker.exists()


def shared_tuples(depth: int, leaf: Any) -> Any:
    """Return 2^depth nodes that take some bytes each time their number doubles."""
    node = leaf
    for _ in range(depth):
        node = (node, node)
    return node


BOMBS = {
    "tuples in the structure": lambda: {
        "structure": shared_tuples(60, torch.ones(1)),
        "version": 1,
        "digest": "",
    },
    "tuples of nothing": lambda: {"structure": shared_tuples(60, ()), "version": 1, "digest": ""},
    "a tensor of one value, many times": lambda: {
        "structure": {"w": 0},
        "version": 1,
        "digest": "",
        "w": torch.ones(1).expand(2**40),
    },
    "one tensor, in many places": lambda: {
        "structure": {str(i): 0 for i in range(20)},
        "version": 1,
        "digest": "",
        **dict.fromkeys(map(str, range(20)), torch.ones(1000)),
    },
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_refers_to_itself_many_times_is_refused_at_once(
    path: Path, name: str
) -> None:
    contents = BOMBS[name]()
    header = {key: contents.pop(key) for key in ("structure", "version", "digest")}
    torch.save({checkpoint.HEADER: header, **contents}, path)
    assert path.stat().st_size < 8000
    began = time.perf_counter()
    with pytest.raises(CheckpointError, match="is damaged: its contents are larger than its"):
        checkpoint.load(path)
    assert time.perf_counter() - began < 5


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such pipes")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_is_refused_and_not_waited_for(path: Path, make: Any) -> None:
    make(path)
    with pytest.raises(OSError, match=f"{path} is not a file"):
        checkpoint.load(path)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("culprit", ["torch.save", "os.fsync", "os.replace"])
def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, culprit: str
) -> None:
    checkpoint.save(path, MODEL)

    def fail(contents: Any, file: Any) -> None:
        if culprit == "torch.save":
            file.write(b"half of it")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(culprit, fail if culprit != "os.fsync" else lambda fd: fail(None, None))
        with pytest.raises(type(error)):
            checkpoint.save(path, {"step": 8})
    assert_same(checkpoint.load(path), MODEL)
    assert list(path.parent.iterdir()) == [path]


def test_saving_replaces_the_old_file(path: Path) -> None:
    checkpoint.save(path, MODEL)
    checkpoint.save(path, {"step": 8})
    assert checkpoint.load(path) == {"step": 8}


@pytest.mark.parametrize("leaf", [None, 1j, b"bytes", torch.nn.Linear(1, 1), range(3)])
def test_a_leaf_that_is_not_plain_data_is_refused_with_its_path(path: Path, leaf: Any) -> None:
    with pytest.raises(TypeError, match=r"must be a dense tensor, int.*at 'a/0'"):
        checkpoint.save(path, {"a": (leaf,)})
    assert not path.exists()


@pytest.mark.parametrize("key", ["a/b", "", 3, None])
def test_a_key_that_cannot_be_in_a_path_is_refused(path: Path, key: Any) -> None:
    with pytest.raises(TypeError, match="a key of a checkpoint must be a string"):
        checkpoint.save(path, ({key: 1},))


def test_a_missing_file_or_folder_is_named(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=str(path)):
        checkpoint.load(path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        checkpoint.save(path.parent / "nowhere" / "model.pt", MODEL)


# --- match -------------------------------------------------------------------------------------


@given(trees)
def test_a_loaded_tree_matches_the_one_that_was_saved(t: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tree.pt"
        checkpoint.save(file, {"part": t})
        assert_same(checkpoint.match(checkpoint.load(file)["part"], like=t), t)


@given(trees, st.data())
def test_a_tree_that_differs_in_one_leaf_does_not_match(t: Any, data: st.DataObject) -> None:
    leaves, structure = tree.flatten(t)
    if not leaves:
        return
    i = data.draw(st.integers(0, len(leaves) - 1))
    others = [*leaves[:i], torch.zeros(2, 5), *leaves[i + 1 :]]  # no strategy draws this shape
    with pytest.raises(CheckpointError, match=r"trees differ at .*got torch\.float32 of shape"):
        checkpoint.match(tree.unflatten(structure, others), like=t)


def test_a_part_of_a_checkpoint_gets_the_named_tuples_of_like(path: Path) -> None:
    fresh = optim.adam().init(MODEL["params"])
    checkpoint.save(path, {"part": Pair(fresh, 3), "rest": ()})
    part = checkpoint.match(checkpoint.load(path)["part"], like=Pair(fresh, 0))
    assert isinstance(part, Pair)
    assert isinstance(part.first, optim.AdamState)
    assert part.second == 3


@pytest.mark.parametrize("name", ["/", "a/b", "", 3])
def test_match_refuses_a_like_that_could_not_have_been_saved(name: Any) -> None:
    with pytest.raises(TypeError, match="a key of a checkpoint must be a string"):
        checkpoint.match({name: 1}, like={name: 1})


def test_warnings_of_torch_about_a_foreign_file_are_not_shown(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": 1}, protocol=4))
    with warnings.catch_warnings(record=True) as warned, pytest.raises(CheckpointError):
        checkpoint.load(path)
    assert warned == []
