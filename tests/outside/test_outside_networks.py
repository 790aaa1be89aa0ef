"""torchvision's networks compute the same on our functions, and the table on file agrees."""

import re

import pytest
import torch
from torch import nn

from minicnn import functional as F

from .networks import EXACT, NETWORKS, Compared, compare, markdown
from .swap import Remaining, swapped

FAST = ("squeezenet1_1", "shufflenet_v2_x0_5")  # one of plain layers, one of groups and batch norm


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in FAST)) for n in NETWORKS]
)
def test_value_gradients_and_running_statistics_are_torchs(name: str) -> None:
    compared = compare(name)
    assert compared.value <= EXACT
    assert compared.gradients <= EXACT
    assert (compared.statistics or 0.0) <= EXACT
    assert not set(compared.remaining) & set(F.__all__)


def test_there_are_at_least_twenty_networks() -> None:
    assert len(NETWORKS) >= 20


def test_a_wrong_function_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bias that is forgotten, and statistics that are never written, each by itself."""
    right = F.conv2d
    monkeypatch.setattr(F, "conv2d", lambda x, w, b=None, *rest: right(x, w, None, *rest))
    assert compare("squeezenet1_1").gradients > EXACT
    monkeypatch.setattr(F, "conv2d", right)
    norm = F.batch_norm
    monkeypatch.setattr(F, "batch_norm", lambda x, m, v, *rest: (norm(x, m, v, *rest)[0], m, v))
    compared = compare("shufflenet_v2_x0_5")
    assert compared.value <= EXACT
    assert (compared.statistics or 0.0) > EXACT


def test_inside_the_block_modules_call_our_functions_and_afterwards_torchs() -> None:
    network, x = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(inplace=True)), torch.ones(1, 2, 4, 4)
    with swapped(), Remaining() as remaining:
        assert "Convolve" in str(network[0](x).grad_fn)
        network(x)
        nn.functional.hardswish(x)
    assert "ConvolutionBackward" in str(network[0](x).grad_fn)
    assert remaining.names == {"hardswish"}


def test_the_table_has_a_row_for_each_network_and_the_command() -> None:
    rows = {"a": (Compared(1e-15, 2e-14, None, ()), 1.234), "b": (Compared(0, 0, 0, ("pad",)), 2.0)}
    table = markdown("python -m tests.outside.networks", rows)
    assert "| a | 1e-15 | 2e-14 | none | 1.23 | nothing |" in table
    assert "| b | 0e+00 | 0e+00 | 0e+00 | 2.00 | pad |" in table
    assert re.search("Measured by `python -m tests.outside.networks`, torch", table)
