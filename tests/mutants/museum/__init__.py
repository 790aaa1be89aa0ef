"""The museum: bugs that learners and real projects write, each with the test that notices it."""

from ..mutant import Mutant
from . import (
    convolution,
    data,
    foundations,
    layers,
    losses,
    optimizers,
    parallel,
    pointwise,
    pooling,
    runs,
    training,
)

ROOMS = (
    *(foundations, convolution, pooling, pointwise, losses, layers, optimizers, training),
    *(data, parallel, runs),
)
MUSEUM: tuple[Mutant, ...] = tuple(mutant for room in ROOMS for mutant in room.MUTANTS)
