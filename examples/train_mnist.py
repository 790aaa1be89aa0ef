"""Train a convolutional network on MNIST, test it, and draw its predictions and mistakes.

    python3 examples/train_mnist.py
    python3 examples/train_mnist.py --preset quick --out runs/quick
    python3 examples/train_mnist.py --dataset my_pictures
    python3 examples/train_mnist.py --resume runs/quick

Read main() from top to bottom: it is the whole program. mnist_in_one_page.py has the same loop
without validation, checkpoints and options: read it first.
"""

import functools
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from minicnn.runs.console import end_at_ctrl_c
from minicnn.runs.settings import Settings as RunSettings
from minicnn.runs.settings import setting

MODELS = ("mnist_cnn", "lenet5", "mnist_tiny", "mnist_deep", "mnist_deeper", "mnist_vgg",
          "mnist_resnet", "resnet18")  # fmt: skip

# A preset overrides the defaults below. How they were chosen: docs/results/choices.md.
LONG = dict(batch_size=128, average=0.02, rotate=10.0, scale=0.1, shear=10.0, test_shift=1)
PRESETS = {
    "quick": dict(epochs=1, batch_size=128, shift=1),
    "default": {},
    "tiny": dict(model="mnist_tiny", epochs=20, lr=0.02, **LONG),
    "best": dict(model="mnist_deeper", epochs=12, lr=0.005, **LONG, elastic=0.7, test_warp=8.0),
    "pictures": dict(epochs=30, batch_size=32),  # for a few hundred pictures
}


@dataclass(frozen=True)
class Settings(RunSettings):
    """The options of this program; RunSettings adds --out, --resume and others."""

    preset: str = setting("default", "a set of other defaults", choices=PRESETS)
    dataset: str = setting(
        "auto", "mnist, sample, auto (mnist, else sample), fashion-mnist, kmnist, emnist-letters "
        "(-digits, …), or a folder of folders of pictures, one for each class"
    )  # fmt: skip
    size: int = setting(32, "width and height of your own pictures", at_least=16, at_most=256)
    skip_unreadable: bool = setting(False, "skip your own pictures that cannot be read")
    data_dir: Path | None = setting(
        None, "folder for MNIST/raw/… (default: $MINICNN_DATA_DIR, or data)", free_on_resume=True
    )
    model: str = setting("mnist_cnn", "network architecture", choices=MODELS)
    epochs: int = setting(6, "passes over the training images", at_least=1)
    batch_size: int = setting(256, "images per batch", at_least=1)
    lr: float = setting(0.01, "peak learning rate of the one-cycle schedule", at_least=0)
    shift: int = setting(2, "augmentation: maximum shift in pixels", at_least=0, at_most=27)
    rotate: float = setting(0.0, "maximum rotation in degrees", at_least=0, at_most=180)
    scale: float = setting(0.0, "maximum relative change of scale", at_least=0, below=1)
    shear: float = setting(0.0, "maximum shear in degrees", at_least=0, below=90)
    elastic: float = setting(0.0, "elastic distortion: std in pixels", at_least=0, at_most=27)
    label_smoothing: float = setting(0.1, "smoothing of the training labels", at_least=0, at_most=1)
    average: float = setting(0.0, "average weights of this part of the run", at_least=0, at_most=1)
    test_shift: int = setting(0, "average nine views shifted by N pixels", at_least=0, at_most=27)
    test_warp: float = setting(0.0, "views turned by N degrees, resized N %%", at_least=0, below=90)
    seed: int = setting(0, "seed of all random numbers", at_least=0, below=2**32)
    device: str = setting(
        "auto", "auto, cpu, cuda, mps", free_on_resume=True, check=lambda d: parallel.find_device(d)
    )  # fmt: skip
    show: bool = setting(False, "open the figures in windows", saved=False, free_on_resume=True)


if __name__ == "__main__":  # before torch is imported, which takes seconds
    end_at_ctrl_c()
    Settings.answer_help(__doc__, PRESETS)

import torch
from tqdm import tqdm

from minicnn import data, layers, metrics, models, optim, parallel, runs, summary, train
from minicnn import functional as F
from minicnn.optim import schedules


def make_augmentation(s: Settings) -> data.Augment | None:
    """Return the augmentation of the training images, or None."""
    if s.rotate or s.scale or s.shear or s.elastic:
        affine = data.affine_field(s.rotate, s.scale, s.shear, s.shift)
        return data.random_warp(affine, data.elastic_field(s.elastic))
    return data.random_shift(s.shift) if s.shift else None  # whole pixels, which is faster


def make_optimizer(
    settings: Settings, schedule: schedules.Schedule, steps: int, processes: parallel.Processes
) -> optim.Transform:
    """Return Adam, followed by weight averaging if requested."""
    links = [parallel.average_gradients(processes), optim.adam(schedule, betas=(0.7, 0.9))]
    if settings.average:  # an average with decay d spans about 1 / (1 − d) steps
        links.append(optim.ema(1 - 1 / max(1, settings.average * steps)))
    return optim.chain(*links)


def epoch_line(row: dict[str, float], epochs: int) -> str:
    """Return the line to print after an epoch."""
    return (
        f"epoch {row['epoch']}/{epochs}  "
        f"train loss {row['train_loss']:.4f}, accuracy {row['train_accuracy']:.2%}  "
        f"validation loss {row['validation_loss']:.4f}, accuracy {row['validation_accuracy']:.2%}  "
        f"{row['images_per_second']:,.0f} images/s"
    )


def draw(
    settings: Settings, run: runs.Run, progress: runs.Progress, net: layers.Layer,
    initial: runs.Weights, trained: runs.Weights, test: data.Split, scores: torch.Tensor,
    tested: dict[str, float],
) -> None:  # fmt: skip
    """Save the figures, the explorer and the report; open the figures if requested."""
    from minicnn import pages, viz  # here, since matplotlib takes a while to import

    figures = viz.usual_figures(
        net, initial, trained, progress.history, test.images, test.labels, scores, test.class_names
    )
    images = runs.save_figures(run, figures)
    title = f"{settings.model} on {settings.dataset}: {run.folder.name}"
    explorer = None
    try:
        explorer = pages.save_explorer(run, title, net, trained, test, scores)
    except ValueError as error:  # such as a network that is too large for a page
        runs.say(f"NOTE: no {run.explorer.name}: {error}")
    classes = metrics.class_table(scores, test.labels, test.class_names)
    page = pages.report(
        title, runs.read_config(run), progress.history, progress.seconds, tested, classes, images,
        explorer,
    )  # fmt: skip
    runs.atomic.write(run.report, page)
    if settings.show:
        runs.show_figures(figures)


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Train, test and draw; return the results."""
    began = time.perf_counter()
    F.keep_freed_memory()  # on the CPU: less time in page faults
    settings = Settings.parse(
        argv, __doc__, PRESETS, lambda s: "default" if s.dataset in data.DATASETS else "pictures"
    )
    # One process, or several if started by torchrun. They share the work; only the first prints.
    with parallel.join(parallel.find_device(settings.device)) as processes:
        device, quiet = processes.device, settings.quiet or processes.rank > 0
        say = functools.partial(runs.say, quiet=quiet)  # prints above the progress bar

        # The data; one training image in twelve is held out for validation.
        whole, test, note = data.load(
            settings.dataset, settings.data_dir, size=settings.size,
            skip_unreadable=settings.skip_unreadable,
        )  # fmt: skip
        dataset = settings.dataset.replace("auto", "sample" if note else "mnist")
        if settings.dataset not in data.DATASETS:  # for later, from any folder
            dataset = str(Path(settings.dataset).absolute())
        settings = replace(settings, dataset=dataset, data_dir=data.data_dir(settings.data_dir))
        training, validation = data.hold_out(whole, max(1, len(whole.labels) // 12), settings.seed)
        in_shape = tuple(whole.images.shape[1:])
        images = len(training.labels)
        steps = data.steps_per_epoch(images, settings.batch_size)

        # The network, the loss, and the optimizer. Only the test averages over views, if requested.
        net = models.MODELS[settings.model](whole.num_classes)
        warp = settings.test_warp, settings.test_warp / 100  # degrees, relative size
        tested_net = layers.average_views(net, settings.test_shift, *warp)
        loss = functools.partial(F.cross_entropy, label_smoothing=settings.label_smoothing)
        schedule = schedules.one_cycle(settings.lr, settings.epochs * steps)
        optimizer = make_optimizer(settings, schedule, settings.epochs * steps, processes)
        step = train.make_train_step(parallel.share_net(net, processes), loss, optimizer)
        if note:
            say(f"NOTE: {note}\n")
        say(
            f"{whole.name}: {images:,} training, {len(validation.labels):,} validation and "
            f"{len(test.labels):,} test images; device {device}, processes: {processes.size}\n\n"
            f"{summary(net, in_shape)}\n"
        )

        # Start from the initial weights, or from the last checkpoint of the run to resume.
        # `progress` holds the training state, the state of the generator, and the metrics so far.
        # The batches, with their augmentation, depend only on the seed and the number of the step.
        initial = runs.initial_weights(net, in_shape, settings.seed, device)
        rng = torch.Generator(device).manual_seed(settings.seed)
        start = train.TrainState(0, *initial, optimizer.init(initial.params))
        runs.check_alike(settings, (whole, test), net, processes)
        some = next(data.batches(training, settings.batch_size, device=device))
        step(start, some, torch.Generator(device))  # discarded: is there enough memory?
        run, progress = runs.begin_or_resume(
            settings, runs.new_progress(start, rng), (whole, test), net, tested_net, processes
        )
        rng.set_state(progress.rng)
        if settings.resume:
            say(f"Resuming {run.folder} after step {progress.training.step:,}.")

        def weights(now: train.TrainState) -> runs.Weights:
            """Return the weights to use: the averages, if there are any, or the last ones."""
            params = optim.averaged(now.opt_state) if settings.average else now.params
            return runs.Weights(params, now.state)

        # The session writes the files; if interrupted, it says what is saved and how to resume.
        with runs.Session(
            run, progress, weights, settings.epochs, steps, schedule, settings.save_every, processes
        ) as session:
            batches = data.batches(
                training, settings.batch_size, rng, settings.epochs, device=device,
                augment=make_augmentation(settings), start=progress.training.step,
            )  # fmt: skip
            bar = tqdm(
                total=settings.epochs * steps, initial=progress.training.step, unit="step",
                leave=False, disable=True if quiet else None,
            )  # fmt: skip
            # torchrun repeats a Ctrl-C that its processes have already received from the terminal.
            with runs.interruptible(once=processes.size > 1) as stopping, bar:
                for now, logs in train.fit(step, progress.training, batches, rng):
                    progress = session.after_step(progress, now, logs, rng)
                    mean_loss, accuracy = progress.means(steps)
                    bar.set_postfix_str(f"loss {mean_loss:.4f}, accuracy {accuracy:.2%}")
                    bar.update()
                    if now.step % steps == 0:  # the end of an epoch
                        held_out = data.batches(validation, 1000, device=device)
                        validated = train.evaluate(net, *weights(now), held_out)
                        progress = session.after_epoch(progress, images, validated)
                        say(epoch_line(progress.history[-1], settings.epochs))
                    session.save(progress, stopping())  # writes if it is time; Ctrl-C stops here

            if processes.rank > 0:
                return {}
            trained = weights(progress.training)
            predicted = train.predict(tested_net, *trained, data.batches(test, 1000, device=device))
            scores, labels = (part.cpu() for part in predicted)
            tested = {
                "loss": F.cross_entropy(scores, labels).item(),
                "accuracy": metrics.accuracy(scores, labels).item(),
            }
            runs.say(
                f"\nTest, {len(labels):,} images: average loss {tested['loss']:.4f}, "
                f"accuracy {tested['accuracy']:.2%}"
            )
            if note:
                say(f"NOTE: {note}")
            draw(settings, run, progress, net, initial, trained, test, scores, tested)
        say(f"{time.perf_counter() - began:.0f} seconds in total. The results are in {run.folder}:")
        say(f"open {run.report} in a browser.")
    results = {f"test_{name}": value for name, value in tested.items()}
    return {**results, "validation_accuracy": progress.history[-1]["validation_accuracy"]}


if __name__ == "__main__":
    sys.exit(runs.run_command(main))
