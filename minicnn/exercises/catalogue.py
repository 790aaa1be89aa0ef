"""All exercises, in the order of the chapters."""

from pathlib import Path

from minicnn.exercises.exercise import Exercise
from minicnn.exercises.tasks import (
    adam_step,
    avg_pool2d_backward,
    batch_norm_train,
    conv2d_forward,
    conv2d_grad_bias,
    conv2d_grad_input,
    conv2d_grad_weight,
    cosine_schedule,
    cross_entropy,
    cross_entropy_grad,
    dropout,
    kaiming_uniform,
    log_softmax,
    max_pool2d_backward,
    max_pool2d_forward,
    output_size,
    relu_backward,
    sgd_momentum,
    unfold,
)

TASKS = (
    conv2d_forward,
    output_size,
    unfold,
    conv2d_grad_bias,
    conv2d_grad_weight,
    conv2d_grad_input,
    max_pool2d_forward,
    max_pool2d_backward,
    avg_pool2d_backward,
    relu_backward,
    log_softmax,
    cross_entropy,
    cross_entropy_grad,
    kaiming_uniform,
    batch_norm_train,
    sgd_momentum,
    adam_step,
    cosine_schedule,
    dropout,
)
EXERCISES: dict[str, Exercise] = {task.EXERCISE.name: task.EXERCISE for task in TASKS}
BOOK = Path(__file__).parents[2] / "docs" / "learn"  # exists in a checkout, not in a wheel


def chapter(number: int) -> str:
    """Return the file name of a chapter, or its number where the book is not installed.

    Example:
        >>> chapter(99)
        'chapter 99'
    """
    page = next(iter(sorted(BOOK.glob(f"{number:02}-*.md"))), None)
    return page.stem if page else f"chapter {number}"


def listing() -> str:
    """Return a table of the exercises: name, task, chapter.

    Example:
        >>> listing().partition(" (")[0]
        'conv2d_forward       convolution, with loops or any other way'
    """
    width = max(map(len, EXERCISES))
    return "\n".join(
        f"{name:{width}}  {exercise.task} ({chapter(exercise.chapter)})"
        for name, exercise in EXERCISES.items()
    )
