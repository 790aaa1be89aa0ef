"""Give files to the grader, as the command does, but in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from minicnn.exercises.calls import Answer, Outcome, call
from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.deadline import Watchman
from minicnn.exercises.judge import Verdict, judge
from minicnn.exercises.learner import exercises_in, load, read
from minicnn.exercises.search import EXAMPLES, SHRINKS
from minicnn.exercises.wire import decode, decode_outcome, encode, encode_outcome


def hand_in(
    exercise: str, text: str, folder: Path, examples: int = EXAMPLES, shrinks: int = SHRINKS
) -> Verdict:
    """Write a learner's file and judge one exercise in it."""
    path = folder / f"{exercise}.py"
    path.write_text(text, encoding="utf-8")
    with Watchman() as watchman, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        functions = exercises_in(load(path, read(path), watchman), EXERCISES)
        answer = over_the_wire(functions[exercise], watchman)
        return judge(EXERCISES[exercise], answer, examples, shrinks)


def over_the_wire(function: Callable[..., Any], watchman: Watchman | None = None) -> Answer:
    """Call a function here, with arguments and outcomes as they pass between the processes."""

    def answer(arguments: dict[str, Any]) -> Outcome:
        sent = json.loads(json.dumps({name: encode(value) for name, value in arguments.items()}))
        outcome = call(function, {name: decode(value) for name, value in sent.items()}, watchman)
        return decode_outcome(json.loads(json.dumps(encode_outcome(outcome))))

    return answer


def topic(verdict: Verdict) -> str:
    """Return the topic of the hint, or "right"."""
    return verdict.diagnosis.topic if verdict.diagnosis else "right"


def own_words(message: str) -> str:
    """Return a message without the lines that it quotes from the learner's file."""
    quotes = ("In line ", "It was in line ", "line ")
    return "\n".join(line for line in message.splitlines() if not line.strip().startswith(quotes))
