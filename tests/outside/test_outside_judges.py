"""PyTorch's own samples: each passes, or is declined by a rule that says why."""

import hypothesis
import pytest
import torch
from hypothesis.errors import InvalidArgument

from minicnn import functional as F

from . import databases
from .declined import RULES
from .verdicts import SOURCES, row


@pytest.fixture(autouse=True, scope="module")
def torch_has_samples():
    try:
        databases.load()
    except (ImportError, AttributeError) as error:
        pytest.skip(f"torch's own samples are private, and cannot be imported here: {error}")


SLOW = {"max_pool2d", "relu", "unfold"}  # torch has thousands of samples of these


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in SOURCES]
)
def test_every_sample_passes_or_is_declined_by_name(name):
    judged = row(name)
    assert judged.samples > 0
    assert not judged.failed, "\n".join(map(str, judged.failed))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.names}: {rule.reason}")
def test_every_rule_is_needed(rule):
    # By one name at least: which samples there are differs from one release of torch to the next.
    assert any(row(name).declined[rule] for name in rule.names.split())


def test_every_public_function_is_judged():
    assert {name for name in F.__all__ if name not in SOURCES} == {"fold"}
    assert "nn.Fold" in SOURCES


def test_the_import_of_the_samples_changes_no_setting():
    with pytest.raises(InvalidArgument, match="pytorch_ci"):
        hypothesis.settings.get_profile("pytorch_ci")
    assert not torch.backends.flags_frozen()
