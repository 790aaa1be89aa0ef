"""Train a convolutional network on MNIST, test it, and draw what it got right and wrong.

Usage:
    python examples/train_mnist.py
    python examples/train_mnist.py --preset best
    python examples/train_mnist.py --preset quick --seed 7 --device cpu --out runs/quick
"""

import argparse
import functools
import sys
import time
from datetime import datetime
from pathlib import Path

import presets
import torch
from tqdm import tqdm

from minicnn import data, layers, metrics, models, optim, schedules, summary, train, tree
from minicnn import functional as F


class Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """States every default, and leaves the table of presets as it is."""


def at_least(minimum: float, kind: type = int):
    """Make an argument type that refuses numbers below a minimum."""

    def parse(text: str):
        value = kind(text)
        if not minimum <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"must be at least {minimum}, got {text}")
        return value

    parse.__name__ = kind.__name__  # argparse calls a text that is no number an "invalid int value"
    return parse


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; an option on it goes before the preset's value."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0],
        epilog=presets.table(),
        formatter_class=Formatter,
    )
    add, number = parser.add_argument, at_least(0, float)
    add("--preset", choices=presets.PRESETS, default="default", help="other defaults, see below")
    add("--dataset", choices=data.DATASETS, default="auto", help="auto is mnist, or else sample")
    add("--data-dir", default=str(data.data_dir()), help="folder that has or gets MNIST/raw/…")
    add("--model", choices=models.MODELS, default="mnist_cnn", help="network")
    add("--epochs", type=at_least(1), default=6, help="times to go through the training images")
    add("--batch-size", type=at_least(1), default=256, help="images in a batch")
    add("--lr", type=number, default=0.01, help="peak of the one-cycle schedule")
    add("--shift", type=at_least(0), default=2, help="pixels to move training images at most")
    add("--rotate", type=number, default=0.0, help="degrees to rotate them at most")
    add("--scale", type=number, default=0.0, help="fraction, below 1, to zoom them at most")
    add("--shear", type=number, default=0.0, help="degrees, below 90, to slant them at most")
    add("--elastic", type=number, default=0.0, help="pixels to bend them, standard deviation")
    add("--label-smoothing", type=number, default=0.1, help="in [0, 1], in the train loss")
    add("--average", type=number, default=0.0, help="part of the run to average weights over")
    add("--seed", type=at_least(0), default=0, help="of all random numbers")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    started = Path("runs") / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    add("--out", type=Path, default=started, help="folder for the results, by default a dated one")
    add("--show", action="store_true", help="also open the figures in windows")
    parser.set_defaults(**presets.PRESETS[parser.parse_args(argv).preset])
    return parser.parse_args(argv)


def choose_device(name: str) -> torch.device:
    """Find the device, and make sure that it is there."""
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"--device {name} is not to be had on this machine") from error


def make_augmentation(args) -> data.Augment | None:
    """Choose how to change the training images: by whole pixels alone there is a quicker way."""
    if args.rotate or args.scale or args.shear or args.elastic:
        return data.random_warp(
            data.affine_field(args.rotate, args.scale, args.shear, args.shift),
            data.elastic_field(args.elastic),
        )
    return data.random_shift(args.shift) if args.shift else None


def make_optimizer(args, steps: int) -> optim.Transform:
    """Make Adam on a one-cycle schedule, with an average of the weights if asked."""
    adam = optim.adam(schedules.one_cycle(args.lr, steps), betas=(0.7, 0.9))
    if not args.average:
        return adam
    # An average with decay d reaches back 1 / (1 − d) steps: as a part of the run, so that the
    # initial weights are forgotten in a short run too.
    return optim.chain(adam, optim.ema(1 - 1 / max(1, args.average * steps)))


def with_final_weights(args, now: train.TrainState) -> train.TrainState:
    """Put the averaged weights, if there are any, in the place of the last ones.

    The running statistics of batch normalisation stay: they are moving averages already, if of the
    last weights' activations. These come close to the averaged weights' as the cycle ends.
    """
    return now._replace(params=optim.averaged(now.opt_state)) if args.average else now


def fit(args, net: layers.Layer, training: data.Split, validation: data.Split, device):
    """Train from fresh parameters; return the final state and one row of history an epoch."""
    params, state, _ = net.init(torch.Generator().manual_seed(args.seed), (1, 28, 28))
    params, state = (tree.map(lambda x: x.to(device), part) for part in (params, state))
    steps = data.steps_per_epoch(len(training.labels), args.batch_size)
    optimizer = make_optimizer(args, args.epochs * steps)
    loss = functools.partial(F.cross_entropy, label_smoothing=args.label_smoothing)
    step = train.make_train_step(net, loss, optimizer)

    rng = torch.Generator(device).manual_seed(args.seed)
    augment = make_augmentation(args)
    batches = data.batches(
        training, args.batch_size, rng, args.epochs, augment=augment, device=device
    )
    now = start = train.TrainState(0, params, state, optimizer.init(params))
    history, sums, seen = [], torch.zeros(2), 0
    with tqdm(total=args.epochs * steps, unit="step", leave=False, disable=None) as bar:
        for now, logs in train.fit(step, start, batches, rng):
            bar.update()
            sums, seen = sums + torch.stack([logs["loss"], logs["accuracy"]]).cpu(), seen + 1
            bar.set_postfix(loss=f"{sums[0] / seen:.4f}", accuracy=f"{sums[1] / seen:.2%}")
            if now.step % steps:
                continue
            final = with_final_weights(args, now)
            held = train.evaluate(net, final.params, final.state, all_of(validation, device))
            row = {
                "epoch": now.step // steps,
                "train_loss": sums[0].item() / seen,
                "train_accuracy": sums[1].item() / seen,
                "validation_loss": held["loss"],
                "validation_accuracy": held["accuracy"],
            }
            history.append(row)
            sums, seen = torch.zeros(2), 0
            tqdm.write(
                f"epoch {row['epoch']}/{args.epochs}  "
                f"train loss {row['train_loss']:.4f}, accuracy {row['train_accuracy']:.2%}  "
                f"validation loss {held['loss']:.4f}, accuracy {held['accuracy']:.2%}",
                file=sys.stdout,
            )
    return with_final_weights(args, now), history


def all_of(split: data.Split, device: torch.device):
    """Cut a split into batches for evaluation, in order."""
    return data.batches(split, 1000, device=device)


def draw(net, train_state, first_params, history, test, scores, folder: Path, show: bool) -> None:
    """Save the figures, and open them if asked."""
    from minicnn import viz  # here, since matplotlib takes a while to import

    params, state = (tree.map(lambda x: x.cpu(), part) for part in train_state[1:3])
    image = test.images[:1].float() / 255
    maps = [
        (name, y[0]) for name, y in layers.activations(net, params, state, image) if y.ndim == 4
    ]
    predicted = scores.argmax(1)
    figures = {
        "correct": viz.predictions(test.images, test.labels, scores, correct=True),
        "incorrect": viz.predictions(test.images, test.labels, scores, correct=False),
        "curves": viz.learning_curves(history),
        "confusion": viz.confusion_matrix(metrics.confusion_matrix(predicted, test.labels, 10)),
        "filters": viz.filters(first_params[0]["weight"], params[0]["weight"]),
        "feature_maps": viz.feature_maps(image[0], maps),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png")
    if show:
        try:
            viz.show(figures.values())
        except RuntimeError as error:  # no screen: the figures are saved all the same
            print(f"NOTE: {error}", file=sys.stderr)


def run(args: argparse.Namespace) -> dict[str, float]:
    """Load, train, test, draw; return the test's loss and accuracy."""
    started = time.perf_counter()
    device = choose_device(args.device)
    whole, test, note = data.load(args.dataset, args.data_dir)
    training, validation = data.hold_out(whole, len(whole.labels) // 12, args.seed)
    if note:
        print(f"NOTE: {note}\n")
    print(
        f"{training.name}: {len(training.labels):,} images to train on, "
        f"{len(validation.labels):,} to validate, {len(test.labels):,} to test; on {device}\n"
    )
    net = models.MODELS[args.model]()
    print(summary(net, (1, 28, 28)), "\n")

    train_state, history = fit(args, net, training, validation, device)
    scores, labels = train.predict(net, train_state.params, train_state.state, all_of(test, device))
    loss, right = F.cross_entropy(scores, labels).item(), metrics.accuracy(scores, labels).item()
    print(f"\nTest, {len(labels):,} images: average loss {loss:.4f}, accuracy {right:.2%}")
    if note:
        print(f"NOTE: {note}")

    first_params, _, _ = net.init(torch.Generator().manual_seed(args.seed), (1, 28, 28))
    draw(
        net, train_state, first_params, history, test, scores.cpu(), args.out / "figures", args.show
    )
    print(f"Figures in {args.out / 'figures'}, {time.perf_counter() - started:.0f} seconds in all.")
    return {
        "test_loss": loss,
        "test_accuracy": right,
        "validation_accuracy": history[-1]["validation_accuracy"],
    }


def main(argv: list[str] | None = None) -> int:
    """Run the program; a user's mistake becomes one line and a non-zero exit code."""
    args = parse_arguments(argv)
    try:
        run(args)
    except (data.DataError, OSError, ValueError) as error:
        print(f"{Path(__file__).name}: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{Path(__file__).name}: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
