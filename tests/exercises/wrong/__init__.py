"""Wrong answers to every exercise."""

from . import convolution, judgement, losses, training, windows
from .wrong_answer import WrongAnswer

MODULES = (windows, convolution, losses, training, judgement)
WRONG_ANSWERS: tuple[WrongAnswer, ...] = tuple(
    WrongAnswer(exercise, *answer)
    for module in MODULES
    for exercise, answers in module.ANSWERS.items()
    for answer in answers
)
