"""Train a network with the learner's own functions, and with minicnn's beside them.

The training runs in the process of the learner's files (`minicnn.exercises.trainer`), which is sent
one batch after the other. To call each function from here would be the same training, but every
map, gradient and moment would be sent to the other process and back as text: 8 MB a step, which
takes several times as long as minicnn's whole step. What the process says is shown and not
believed: it returns the weights at the end, and their accuracy is measured here, with minicnn's
functions.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from minicnn import data, metrics
from minicnn import functional as F
from minicnn.exercises.check import Show, judge_files
from minicnn.exercises.network import Network
from minicnn.exercises.ours import OURS
from minicnn.exercises.rehearsal import BATCH, STEPS, TrainingError, chosen
from minicnn.exercises.submission import EndedError, LateError, Submission
from minicnn.exercises.training_report import Run, spent, table, too_few
from minicnn.exercises.wire import decode, encode, plain

READ = 10  # digits that are read at the end
PATIENCE = 60.0  # seconds beyond ten times the usual ones of a step


class SlowError(TrainingError):
    """A step takes too long."""


def train(files: list[Path], minutes: float, show: Show) -> bool:
    """Check a learner's functions, train with those that are right, and compare with minicnn.

    Args:
        files: the learner's files; if there are none, each NAME.py of the current folder.
        minutes: the time for the learner's training; a slow one takes fewer steps.
        show: called with each line of the report.

    Returns:
        Whether something was trained.

    Raises:
        TrainingError: there is nothing to train with, or the training has failed.
    """
    with Submission() as learner:
        show("Checking your functions …")
        judged, all_readable = judge_files(learner, files, show)
        if files and not all_readable:
            return False
        names, batch = chosen(learner, judged, minutes, show)
        digits, test = digits_here()
        show(f"\nTraining on {digits.name}, {len(digits.labels):,} digits.")
        show("Taking up to three steps, to see how long one takes …")
        steps = affordable(learner, names, minutes, digits, batch, show)
        yours = run(learner, names, steps, digits, batch, test, partial(progress, show))
        show("\nReading test digits, and training with minicnn's functions to compare …")
        read = ask(learner, {"do": "read", "images": encode(test.images[:READ])}, PATIENCE)
    with Submission() as process:
        ours = run(process, [], steps, digits, batch, test)
        is_whole = (steps, batch) == (STEPS, BATCH)
        whole = None if is_whole else run(process, [], STEPS, digits, BATCH, test)
    show("\n" + table(yours, ours, whole))
    if whole and (why := too_few(yours, ours, whole, names)):
        show("\n" + why)
    show("\n" + spent(yours, ours, names))
    show("\n" + reading(read, test.labels[:READ].tolist()))
    return True


def digits_here() -> tuple[data.Split, data.Split]:
    """Load MNIST if it is on this machine, else the sample; nothing is downloaded."""
    try:
        return data.load_mnist(download=False)
    except data.MissingDataError:
        return data.load_sample()


# --- The training -------------------------------------------------------------------------------


def batches(digits: data.Split, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of bytes without end, in an order that is always the same."""
    generator = torch.Generator().manual_seed(0)
    while True:
        order = torch.randperm(len(digits.labels), generator=generator)
        for part in order.split(size)[: len(order) // size]:
            yield digits.images[part], digits.labels[part]


def ask(process: Submission, request: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Send a request to a process that trains.

    Raises:
        TrainingError: it has ended, or does not reply in this time, or a function fails.
    """
    try:
        reply = process.ask(request, seconds)
    except EndedError as error:
        raise TrainingError(f"The process of your functions {error}") from None
    except LateError:
        raise SlowError(f"A step has taken more than {seconds:.0f} seconds.") from None
    if "failed" in reply:
        why = plain(str(reply["failed"])).partition("\n")[0]
        raise TrainingError(f"The training has stopped: {why}")
    return reply


def step(process: Submission, batch: tuple[Tensor, Tensor], seconds: float) -> dict[str, Any]:
    """Let a process take a step; return the loss and the seconds in each function so far."""
    images, labels = map(encode, batch)
    reply = ask(process, {"do": "step", "images": images, "labels": labels}, seconds)
    return believed(
        lambda: {
            "loss": float(reply["loss"]),
            "spent": {name: float(reply["seconds"][name]) for name in OURS},
        }
    )


def believed(parse: Callable[[], Any]) -> Any:
    """Return what a reply says, as numbers.

    Raises:
        TrainingError: the reply is not what was asked for.
    """
    try:
        return parse()
    except Exception:  # whatever a learner's file has sent
        raise TrainingError("The process of your functions broke the connection.") from None


def affordable(
    learner: Submission,
    names: list[str],
    minutes: float,
    digits: data.Split,
    batch: int,
    show: Show,
) -> int:
    """Try a step and return how many of them there is time for.

    Raises:
        TrainingError: not even one.
    """
    learner.start()
    ask(learner, {"do": "begin", "names": names, "steps": STEPS}, PATIENCE)
    fastest = float("inf")
    for part in islice(batches(digits, batch), 3):  # the first one also loads what torch needs
        begin = time.monotonic()
        try:
            step(learner, part, 60 * minutes)
        except SlowError:
            raise TrainingError(
                f"One step on {batch} digits takes longer than --minutes {minutes:g}, the time "
                "for all of them. Give it more."
            ) from None
        fastest = min(fastest, time.monotonic() - begin)
        if fastest > 1:
            break
    steps = min(STEPS, int(60 * minutes / fastest))
    if steps < STEPS:
        show(
            f"A step on {batch} digits takes {fastest:.2g} seconds with your functions: --minutes "
            f"{minutes:g} is enough for\n{max(1, steps)} of {STEPS} steps. All of them need "
            f"--minutes {STEPS * fastest / 60 + 1:.0f}."
        )
    return max(1, steps)


def progress(show: Show, done: int, steps: int, loss: float, seconds: float) -> None:
    """Show ten lines during a training."""
    if done * 10 // steps > (done - 1) * 10 // steps:
        show(f"  step {done:3} of {steps}   loss {loss:.4f}   {seconds:6.1f} s")


def run(
    process: Submission,
    names: list[str],
    steps: int,
    digits: data.Split,
    batch: int,
    test: data.Split,
    each: Callable[[int, int, float, float], None] = lambda *_: None,
) -> Run:
    """Train in a process, and measure here what was learned.

    Raises:
        TrainingError: as for `ask`.
    """
    process.start()
    ask(process, {"do": "begin", "names": names, "steps": steps}, PATIENCE)
    begin, reply = time.monotonic(), {}
    for done, part in enumerate(islice(batches(digits, batch), steps), 1):
        usual = (time.monotonic() - begin) / done
        reply = step(process, part, 10 * usual + PATIENCE)
        each(done, steps, reply["loss"], time.monotonic() - begin)
    seconds = time.monotonic() - begin
    sent = ask(process, {"do": "numbers"}, PATIENCE)
    net = Network(OURS, steps)
    believed(lambda: net.restore([decode(x) for x in sent["numbers"]]))
    images = data.to_float(test.images)
    scores = torch.cat([net.log_probabilities(part) for part in images.split(1000)])
    loss, accuracy = F.nll_loss(scores, test.labels), metrics.accuracy(scores, test.labels)
    return Run(steps, batch, seconds, reply["spent"], loss.item(), accuracy.item())


# --- The report ---------------------------------------------------------------------------------


def reading(reply: dict[str, Any], labels: list[int]) -> str:
    """Tell what the learner's functions read in the first test digits.

    Example:
        >>> print(reading({"digits": [7, 2]}, [7, 3]))
        Your functions read the first 2 test digits as  7 2
        They are                                        7 3
    """
    digits = believed(lambda: " ".join(str(range(10)[d]) for d in reply["digits"][: len(labels)]))
    begin = f"Your functions read the first {len(labels)} test digits as  "
    return f"{begin}{digits}\n{'They are':{len(begin)}}{' '.join(map(str, labels))}"
