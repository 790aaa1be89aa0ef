"""The museum: bugs that learners and real projects write, each with the test that notices it."""

from ..mutant import Mutant
from . import (
    convolution,
    data,
    exercises,
    foundations,
    insight,
    layers,
    losses,
    networks,
    optimizers,
    pages,
    parallel,
    photo,
    pointwise,
    pooling,
    runs,
    training,
    viz,
)

ROOMS = (
    *(foundations, convolution, pooling, pointwise, losses, layers, optimizers, training),
    *(data, exercises, insight, networks, pages, parallel, photo, runs, viz),
)
MUSEUM: tuple[Mutant, ...] = tuple(mutant for room in ROOMS for mutant in room.MUTANTS)
