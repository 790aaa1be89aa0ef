"""The profile by layer."""

from pathlib import Path

import pytest
import torch

from minicnn import layers
from tests.bench.profile import main, profile

SHAPE = (2, 10, 10)


def small_net() -> layers.Layer:
    return layers.sequential(
        layers.relu(),
        layers.conv2d(4, 3),
        layers.residual(layers.sequential(layers.relu(), layers.conv2d(4, 3, padding="same"))),
        layers.dropout(0.3),
        layers.flatten(),
        layers.linear(3),
    )


def test_there_is_a_row_for_each_layer_and_a_backward_pass_where_a_gradient_flows() -> None:
    measured = profile(small_net(), SHAPE, batch_size=3, repetitions=1)
    block = ["relu()", "conv2d(4, 3, padding='same')"]
    names = ["relu()", "conv2d(4, 3)", *block, "dropout(p=0.3)", "flatten()", "linear(3)"]
    assert [layer.name for layer in measured.layers] == names
    assert all(layer.forward.seconds > 0 and layer.twin_forward for layer in measured.layers)
    backward = [layer.backward is not None for layer in measured.layers]
    assert backward == [False, *[True] * 6]
    assert backward == [layer.twin_backward is not None for layer in measured.layers]


def test_memory_is_what_the_passes_allocate() -> None:
    measured = profile(layers.linear(7), (5,), batch_size=3, repetitions=1)
    (linear,) = measured.layers
    assert linear.twin_forward is not None
    assert linear.twin_forward.bytes == 4 * 3 * 7  # the output alone
    assert linear.backward is not None
    assert linear.backward.bytes >= 4 * (7 * 5 + 7)  # the gradients, at least


def test_a_layer_without_twin_leaves_blanks() -> None:
    def swish(x: torch.Tensor) -> torch.Tensor:
        return x * x.sigmoid()

    unknown = layers.Layer("swish", lambda _, s: ((), (), s), lambda p, s, x, **_: (swish(x), s))
    net = layers.sequential(layers.linear(4), unknown)
    measured = profile(net, (5,), batch_size=2, repetitions=1)
    assert measured.layers[0].twin_forward is not None
    assert measured.layers[1].backward is not None
    assert measured.layers[1].twin_forward is None
    assert measured.layers[1].twin_backward is None
    lines = str(measured).splitlines()
    row = next(line for line in lines if line.startswith("swish")).split()
    assert [cell == "-" for cell in row[1:]] == [False, False, True, True] * 2
    assert len(lines[-1].split()) == 3, "there is no total of torch's where some are missing"


def test_the_table_has_the_totals_of_the_times() -> None:
    measured = profile(small_net(), SHAPE, batch_size=3, repetitions=1)
    lines = str(measured).splitlines()
    assert lines[1].startswith("batch of 3")
    assert [line.split("  ")[0] for line in lines[3:-2]] == [x.name for x in measured.layers]
    total = sum(layer.forward.seconds for layer in measured.layers)
    assert lines[-1].split()[:2] == ["total", f"{total * 1e3:.2f}"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("conv2d", SHAPE), TypeError),
        ((layers.relu(), SHAPE, 0), ValueError),
        ((layers.relu(), SHAPE, 2.0), TypeError),
        ((layers.relu(), SHAPE, 2, 0), ValueError),
        ((layers.conv2d(4, 3), (5,)), ValueError),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple, error: type[Exception]) -> None:
    with pytest.raises(error):
        profile(*arguments)


def test_the_command_prints_and_saves_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "tests.bench.profile.profile", lambda model, shape: f"{len(model.children)}"
    )
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    assert main(["--model", "lenet5", "--save", str(tmp_path / "profile.txt")]) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "profile.txt").read_text() == "lenet5, 2 threads\n\n12\n"
