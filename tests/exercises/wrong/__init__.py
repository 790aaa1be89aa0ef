"""Wrong answers to every exercise."""

from . import convolution, losses, training, windows
from .wrong_answer import WrongAnswer

ROOMS = (windows, convolution, losses, training)
WRONG_ANSWERS: tuple[WrongAnswer, ...] = tuple(
    WrongAnswer(exercise, *answer)
    for room in ROOMS
    for exercise, answers in room.ANSWERS.items()
    for answer in answers
)
