"""What the options of train_mnist.py mean: a network, an optimizer, images to train on, a loop."""

import argparse
import functools
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import torch

from minicnn import data, layers, models, optim, parallel, runs, train, tree
from minicnn import functional as F
from minicnn.optim import schedules
from minicnn.parallel import Processes
from minicnn.runs import Progress, Weights

IN_SHAPE = (1, 28, 28)


class DivergedError(ValueError):
    """Training has come to numbers that are not finite; the message says at which step."""


class Recipe(NamedTuple):
    """All that training by some settings needs, but the images.

    Attributes:
        args: the settings.
        net: the network.
        schedule: the learning rate of each step.
        optimizer: Adam on that schedule, with an average of the weights if asked.
        steps: an epoch has.
        processes: who computes.
    """

    args: argparse.Namespace
    net: layers.Layer
    schedule: schedules.Schedule
    optimizer: optim.Transform
    steps: int
    processes: Processes

    @property
    def device(self) -> torch.device:
        """Where to compute."""
        return self.processes.device

    @property
    def tested_net(self) -> layers.Layer:
        """The network as it is tested: if asked, by the mean of its answers to several views."""
        pixels = self.args.test_shift
        return layers.average_views(self.net, pixels) if pixels else self.net

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.processes.rank == 0


def make(args: argparse.Namespace, images: int, processes: Processes | None = None) -> Recipe:
    """Make the recipe for as many training images, by default for one process."""
    processes = processes or Processes(0, 1, choose_device(args.device))
    steps = data.steps_per_epoch(images, args.batch_size)
    schedule = schedules.one_cycle(args.lr, args.epochs * steps)
    optimizer = make_optimizer(schedule, args.average * args.epochs * steps, processes)
    return Recipe(args, models.MODELS[args.model](), schedule, optimizer, steps, processes)


def choose_device(name: str) -> torch.device:
    """Find the device, and make sure that it is there."""
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"--device {name} is not to be had on this machine") from error


def make_augmentation(args: argparse.Namespace) -> data.Augment | None:
    """Choose how to change the training images: by whole pixels alone there is a quicker way."""
    if args.rotate or args.scale or args.shear or args.elastic:
        return data.random_warp(
            data.affine_field(args.rotate, args.scale, args.shear, args.shift),
            data.elastic_field(args.elastic),
        )
    return data.random_shift(args.shift) if args.shift else None


def make_optimizer(
    schedule: schedules.Schedule, averaged_steps: float, processes: Processes
) -> optim.Transform:
    """Make Adam on a schedule, and if asked an average that reaches back over as many steps.

    An average with decay d reaches back 1 / (1 − d) steps. As a part of the run, it forgets the
    initial weights in a short run too.
    """
    links = [parallel.average_gradients(processes), optim.adam(schedule, betas=(0.7, 0.9))]
    if averaged_steps:
        links.append(optim.ema(1 - 1 / max(1, averaged_steps)))
    return optim.chain(*links)


def initial_weights(recipe: Recipe) -> Weights:
    """Draw the weights that training starts from."""
    generator = torch.Generator().manual_seed(recipe.args.seed)
    params, state, _ = recipe.net.init(generator, IN_SHAPE)
    return Weights(*(tree.map(lambda x: x.to(recipe.device), part) for part in (params, state)))


def final_weights(recipe: Recipe, training: train.TrainState) -> Weights:
    """Take the weights to use: the averaged ones, if there are any, or else the last.

    The running statistics of batch normalisation stay: they are moving averages already, if of the
    last weights' activations. These come close to the averaged weights' as the cycle ends.
    """
    averaged = optim.averaged(training.opt_state) if recipe.args.average else training.params
    return Weights(averaged, training.state)


def start(recipe: Recipe) -> Progress:
    """Make the state that a run begins with."""
    params, state = initial_weights(recipe)
    training = train.TrainState(0, params, state, recipe.optimizer.init(params))
    return runs.start(training, torch.Generator(recipe.device).manual_seed(recipe.args.seed))


def fit(
    recipe: Recipe, progress: Progress, training: data.Split, validation: data.Split
) -> Iterator[Progress]:
    """Train from any state to the end, and hand out every state on the way.

    The history grows by a row when an epoch ends.
    """
    args = recipe.args
    rng = torch.Generator(recipe.device)
    rng.set_state(progress.rng)
    batches = data.batches(
        training,
        args.batch_size,
        rng,
        args.epochs,
        augment=make_augmentation(args),
        start=progress.training.step,
        device=recipe.device,
    )
    loss = functools.partial(F.cross_entropy, label_smoothing=args.label_smoothing)
    net = parallel.share_net(recipe.net, recipe.processes)
    step = train.make_train_step(net, loss, recipe.optimizer)
    began = time.perf_counter() - progress.seconds
    for now, logs in train.fit(step, progress.training, batches, rng):
        sums = progress.sums + torch.stack([logs["loss"], logs["accuracy"]]).double().cpu()
        check_finite(recipe, now.step, float(logs["loss"]))
        seconds = time.perf_counter() - began
        progress = Progress(now, rng.get_state(), sums, progress.history, seconds)
        if now.step % recipe.steps == 0:
            row = epoch_row(recipe, progress, len(training.labels), validation)
            row["elapsed_seconds"] = time.perf_counter() - began
            progress = progress._replace(
                sums=torch.zeros_like(sums),
                history=(*progress.history, row),
                seconds=row["elapsed_seconds"],
            )
        yield progress


def check_finite(recipe: Recipe, step: int, loss: float) -> None:
    """Stop at a loss that is no number, or infinite: no step after it could be right."""
    if not math.isfinite(loss):
        raise DivergedError(f"the loss became {loss} {moment(recipe, step)}")


def moment(recipe: Recipe, step: int) -> str:
    """Say when a step was, and how large."""
    epoch = 1 + (step - 1) // recipe.steps
    rate = recipe.schedule(step - 1)
    return f"at step {step:,} (epoch {epoch}), with the learning rate {rate:.3g}"


def epoch_row(recipe: Recipe, now: Progress, images: int, validation: data.Split) -> dict:
    """Look at the validation images, and sum up the epoch that has just ended."""
    weights = final_weights(recipe, now.training)
    held = train.evaluate(recipe.net, *weights, all_of(validation, recipe.device))
    loss, accuracy = (now.sums / recipe.steps).tolist()
    before = now.history[-1]["elapsed_seconds"] if now.history else 0.0
    return {
        "epoch": now.training.step // recipe.steps,
        "step": now.training.step,
        "train_loss": loss,
        "train_accuracy": accuracy,
        "validation_loss": held["loss"],
        "validation_accuracy": held["accuracy"],
        "learning_rate": recipe.schedule(now.training.step - 1),
        "images_per_second": images / (now.seconds - before),
    }


def epoch_line(row: dict[str, float], epochs: int) -> str:
    """Say how an epoch went."""
    return (
        f"epoch {row['epoch']}/{epochs}  "
        f"train loss {row['train_loss']:.4f}, accuracy {row['train_accuracy']:.2%}  "
        f"validation loss {row['validation_loss']:.4f}, "
        f"accuracy {row['validation_accuracy']:.2%}  "
        f"{row['images_per_second']:,.0f} images/s"
    )


def all_of(split: data.Split, device: torch.device) -> Iterator[train.Batch]:
    """Cut a split into batches for evaluation, in order."""
    return data.batches(split, 1000, device=device)
