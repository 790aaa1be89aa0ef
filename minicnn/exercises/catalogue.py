"""All exercises, in the order of the chapters."""

from difflib import get_close_matches
from pathlib import Path

from minicnn.exercises.exercise import Exercise
from minicnn.exercises.tasks import (
    accuracy_interval,
    adam_step,
    avg_pool2d_backward,
    batch_norm_train,
    contiguous_strides,
    conv2d_cost,
    conv2d_forward,
    conv2d_grad_bias,
    conv2d_grad_input,
    conv2d_grad_weight,
    cosine_schedule,
    cross_entropy,
    cross_entropy_grad,
    descent_step,
    dropout,
    kaiming_uniform,
    linear_backward,
    log_softmax,
    max_pool2d_backward,
    max_pool2d_forward,
    output_size,
    receptive_field,
    relu_backward,
    separable_cost,
    sgd_momentum,
    survivors,
    unfold,
)

TASKS = (
    contiguous_strides,
    descent_step,
    conv2d_forward,
    output_size,
    unfold,
    conv2d_grad_bias,
    conv2d_grad_weight,
    conv2d_grad_input,
    max_pool2d_forward,
    max_pool2d_backward,
    avg_pool2d_backward,
    linear_backward,
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
    accuracy_interval,
    receptive_field,
    separable_cost,
    conv2d_cost,
    survivors,
)
EXERCISES: dict[str, Exercise] = {task.EXERCISE.name: task.EXERCISE for task in TASKS}
BOOK = Path(__file__).parents[2] / "docs" / "learn"  # exists in a checkout, not in a wheel


def chapter(name: str) -> str:
    """Return the name of a chapter with its number, or as it is where the book is not installed.

    Example:
        >>> chapter("pooling").endswith("pooling")
        True
        >>> chapter("a chapter that is not there")
        'a chapter that is not there'
    """
    page = next(iter(sorted(BOOK.glob(f"[0-9][0-9]-{name}.md"))), None)
    return page.stem if page else name


def unknown(name: str) -> str:
    """Say that there is no exercise of this name, and which one may be meant.

    Example:
        >>> unknown("unfolt")
        "There is no exercise 'unfolt'. Did you mean unfold?"
        >>> unknown("?").partition(". ")[2]
        'The list of all: python3 -m minicnn.exercises'
    """
    near = get_close_matches(name, EXERCISES, 1)
    meant = f"Did you mean {near[0]}?" if near else "The list of all: python3 -m minicnn.exercises"
    return f"There is no exercise {name!r}. {meant}"


def listing() -> str:
    """Return a table of the exercises: name, task, chapter.

    Example:
        >>> listing().partition(" (")[0]
        'contiguous_strides   the strides of images in memory'
    """
    width = max(map(len, EXERCISES))
    return "\n".join(
        f"{name:{width}}  {exercise.task} ({chapter(exercise.chapter)})"
        for name, exercise in EXERCISES.items()
    )
