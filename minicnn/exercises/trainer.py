"""The training in the process of a learner's files: its functions in the place of minicnn's."""

import time
from collections.abc import Callable
from typing import Any

import torch

from minicnn import data
from minicnn.exercises.calls import said
from minicnn.exercises.network import Network
from minicnn.exercises.ours import OURS
from minicnn.exercises.wire import decode, encode

Function = Callable[..., Any]
REQUESTS = ("begin", "step", "numbers", "read")


class FailedError(Exception):
    """A function of the network has raised an error; the message names the function."""


class Trainer:
    """Answers the requests to train: plain data in, plain data out.

    Args:
        functions: the learner's functions by name; a training uses those that it is told to.

    Example:
        >>> trainer = Trainer({"relu_backward": lambda grad, input: grad * (input > 0)})
        >>> trainer.reply({"do": "begin", "names": ["relu_backward"], "steps": 1})
        {}
        >>> images = encode(torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
        >>> request = {"do": "step", "images": images, "labels": encode(torch.arange(2))}
        >>> reply = trainer.reply(request)
        >>> reply["loss"] > 0, "relu_backward" in reply["seconds"]
        (True, True)
    """

    def __init__(self, functions: dict[str, Function]) -> None:
        self.functions = functions
        self.seconds: dict[str, float] = {}
        self.net: Network

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for; a function that fails is in the reply under "failed"."""
        try:
            return self._reply(request)
        except FailedError as error:
            return {"failed": str(error)}

    def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        do = request["do"]
        if do == "begin":
            # What torch loads at the first use of each operation counts for nobody.
            Network(OURS, 1).step(torch.zeros(2, 1, 28, 28), torch.zeros(2, dtype=torch.int64))
            chosen = {**OURS, **{name: self.functions[name] for name in request["names"]}}
            self.seconds = dict.fromkeys(chosen, 0.0)
            timed = {name: self._timed(name, function) for name, function in chosen.items()}
            self.net = Network(timed, request["steps"])
            return {}
        if do == "numbers":
            return {"numbers": [encode(x) for x in self.net.numbers]}
        images = data.to_float(decode(request["images"]))
        if do == "read":
            return {"digits": self.net.log_probabilities(images).argmax(1).tolist()}
        loss = self.net.step(images, decode(request["labels"]))
        return {"loss": loss, "seconds": self.seconds}

    def _timed(self, name: str, function: Function) -> Function:
        def call(*arguments: Any) -> Any:
            begin = time.perf_counter()
            try:
                with torch.no_grad():
                    return function(*arguments)
            except BaseException as error:
                raise FailedError(f"{name} raised {said(error)}") from None
            finally:
                self.seconds[name] += time.perf_counter() - begin

        return call
