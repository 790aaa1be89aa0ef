"""The museum: bugs that learners and real projects write, each with the test that notices it."""

from ..mutant import Mutant
from . import (
    convolution,
    data,
    exercises,
    formulations,
    foundations,
    insight,
    layers,
    losses,
    networks,
    optimizers,
    pages,
    parallel,
    photo,
    pieces,
    pointwise,
    pooling,
    runs,
    smooth,
    training,
    viz,
)

ROOMS = (
    *(foundations, convolution, formulations, pooling, pointwise, smooth, losses, layers),
    *(networks, pieces, optimizers, training),
    *(data, exercises, insight, pages, parallel, photo, runs, viz),
)
MUSEUM: tuple[Mutant, ...] = tuple(mutant for room in ROOMS for mutant in room.MUTANTS)
