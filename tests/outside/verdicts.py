"""All verdicts, by name, and their summary: a row of the table for each name."""

import functools
from collections import Counter
from typing import NamedTuple

import torch

from . import modules, operators, optimizers
from .declined import Rule, rule_for
from .judge import Verdict, judge

SOURCES = {name: source for source in (operators, modules, optimizers) for name in source.NAMES}


class Row(NamedTuple):
    """What came of all the samples of a name."""

    name: str
    database: str
    samples: int
    passed: int
    declined: Counter[Rule]
    failed: list[Verdict]  # and what no rule speaks for


@functools.cache
def row(name: str) -> Row:
    """Judge all samples of a name."""
    source = SOURCES[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        verdicts = [judge(sample) for sample in tuple(source.samples(name))]
    different = [(verdict, rule_for(verdict)) for verdict in verdicts if verdict.result != "passed"]
    return Row(
        name,
        source.DATABASE,
        samples=len(verdicts),
        passed=len(verdicts) - len(different),
        declined=Counter(rule for _, rule in different if rule),
        failed=[verdict for verdict, rule in different if not rule],
    )
