"""Training: a function from state to state, applied to one batch after another."""

from minicnn.train.batch import Batch
from minicnn.train.evaluation import evaluate, predict
from minicnn.train.gradient import value_and_grad
from minicnn.train.statistics import refresh_statistics
from minicnn.train.step import Logs, Step, TrainState, fit, make_train_step

__all__ = [
    "Batch",
    "Logs",
    "Step",
    "TrainState",
    "evaluate",
    "fit",
    "make_train_step",
    "predict",
    "refresh_statistics",
    "value_and_grad",
]
