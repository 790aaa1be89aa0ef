"""The museum: bugs that learners and real projects write, each with the test that notices it."""

from ..mutant import Mutant
from . import (
    convolution,
    data,
    formulations,
    foundations,
    layers,
    losses,
    optimizers,
    parallel,
    pointwise,
    pooling,
    runs,
    training,
    viz,
)

ROOMS = (foundations, convolution, pooling, pointwise, losses, layers, optimizers, training)
MUSEUM: tuple[Mutant, ...] = tuple(mutant for room in ROOMS for mutant in room.MUTANTS)

# Rooms that the results on file do not have yet.
NEW_ROOMS = (data, formulations, parallel, runs, viz)
NEW: tuple[Mutant, ...] = tuple(mutant for room in NEW_ROOMS for mutant in room.MUTANTS)
