"""Give files to the grader, as ``python3 -m minicnn.exercises check`` does."""

from pathlib import Path

from minicnn.exercises.catalogue import EXERCISES
from minicnn.exercises.deadline import Watchman
from minicnn.exercises.judge import Verdict, judge
from minicnn.exercises.learner import exercises_in, load
from minicnn.exercises.search import EXAMPLES, SHRINKS


def hand_in(
    exercise: str, text: str, folder: Path, examples: int = EXAMPLES, shrinks: int = SHRINKS
) -> Verdict:
    """Write a learner's file and judge one exercise in it."""
    path = folder / f"{exercise}.py"
    path.write_text(text, encoding="utf-8")
    with Watchman() as watchman:
        functions = exercises_in(load(path, watchman), EXERCISES)
    return judge(EXERCISES[exercise], functions[exercise], examples, shrinks)


def topic(verdict: Verdict) -> str:
    """Return the topic of the hint, or "right"."""
    return verdict.diagnosis.topic if verdict.diagnosis else "right"


def own_words(message: str) -> str:
    """Return a message without the lines that it quotes from the learner's file."""
    quotes = ("In line ", "It was in line ", "line ")
    return "\n".join(line for line in message.splitlines() if not line.strip().startswith(quotes))
