"""Which tests watch which file: of the mathematics, and of what is built around it.

Left out are the tasks of the exercises, ``exercises/tasks/``: each is judged by torch, and by wrong
answers of its own, which are mutants too.
"""

REFUSALS = "tests/functional/test_refusals.py"
DIFFERENCES = "tests/functional/test_differences.py"
SIGNATURES = "tests/functional/test_signatures.py"
TRANSFORMS = "tests/functional/test_transforms.py"


def _functional(*names: str) -> tuple[str, ...]:
    own = (f"tests/functional/test_{name}.py" for name in names)
    return (*own, REFUSALS, DIFFERENCES, SIGNATURES, TRANSFORMS)


def _optim(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/optim/test_{name}.py" for name in names)


MATHS: dict[str, tuple[str, ...]] = {
    "functional/activation.py": _functional("activation"),
    "functional/conv/arguments.py": _functional("conv", "conv_transpose"),
    "functional/conv/blocks.py": _functional("conv_formulations"),
    "functional/conv/depthwise.py": _functional("conv_formulations", "conv", "conv_transpose"),
    "functional/conv/functions.py": _functional("conv", "conv_transpose"),
    "functional/conv/geometry.py": _functional("conv", "conv_transpose", "windows"),
    "functional/conv/products.py": _functional("conv", "conv_transpose", "conv_formulations"),
    "functional/conv/rows.py": _functional("conv", "conv_transpose", "conv_formulations"),
    "functional/smooth.py": _functional("smooth"),
    "functional/layer_norm.py": _functional("layer_norm"),
    "functional/precision.py": _functional("precision", "autocast"),
    "functional/dropout.py": _functional("dropout"),
    "functional/gather.py": _functional("loss", "adaptive_pool"),
    "functional/layout.py": (*_functional("layout", "conv", "max_pool"), "tests/layers"),
    "functional/linear.py": _functional("linear"),
    "functional/loss.py": _functional("loss"),
    "functional/norm.py": _functional("norm"),
    "functional/pool/adaptive.py": _functional("adaptive_pool"),
    "functional/pool/average.py": _functional("avg_pool"),
    "functional/pool/maximum.py": _functional("max_pool"),
    "functional/pool/windows.py": _functional("max_pool", "avg_pool"),
    "functional/pool/winners.py": _functional("max_pool"),
    "functional/torch_workarounds.py": (
        *_functional("torch_workarounds", "conv", "linear", "max_pool", "activation"),
        *_functional("autocast", "in_place")[:2],
        "tests/test_train.py",
    ),
    "functional/unfold.py": _functional("unfold"),
    "functional/windows.py": _functional(
        "windows", "unfold", "conv", "conv_transpose", "max_pool", "avg_pool"
    ),
    "optim/accumulate.py": _optim("accumulate", "optim_transform"),
    "optim/adam.py": _optim("optim_by_hand", "optim_twins", "optim_transform"),
    "optim/clip.py": _optim("clip", "optim_transform"),
    "optim/ema.py": _optim("ema", "optim_transform"),
    "optim/gradient.py": _optim("optim_by_hand", "optim_twins", "optim_transform"),
    "optim/partition.py": _optim("partition", "optim_transform"),
    "optim/schedules.py": _optim("schedules"),
    "optim/sgd.py": _optim("optim_by_hand", "optim_twins", "optim_transform"),
    "optim/transform.py": _optim("optim_transform", "clip"),
}


def _named(folder: str, prefix: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{folder}/test_{prefix}{name}.py" for name in names)


def _runs(*names: str) -> tuple[str, ...]:
    return _named("runs", "runs_", *names)


def _viz(*names: str) -> tuple[str, ...]:
    return _named("viz", "viz_", *names, "names", "places")


def _data(*names: str) -> tuple[str, ...]:
    return _named("data", "data_", *names)


def _layers(*names: str) -> tuple[str, ...]:
    return _named("layers", "layers_", *names, "twins", "refusals", "options")


def _exercises(*names: str) -> tuple[str, ...]:
    return _named("exercises", "", *names, "exercises", "misbehaviour")


EXPLORER = ("tests/pages_explorer/test_page.py",)
PAGES = ("tests/test_pages.py",)
PARALLEL = ("tests/test_parallel.py",)
PHOTO = _named("examples/photo", "", "photo", "disturbed", "files")

AROUND: dict[str, tuple[str, ...]] = {
    "../examples/photo/__init__.py": PHOTO,
    "../examples/photo/ink.py": PHOTO,
    "../examples/photo/lines.py": PHOTO,
    "../examples/photo/normalise.py": PHOTO,
    "../examples/photo/picture.py": PHOTO,
    "../examples/photo/pieces.py": PHOTO,
    "../examples/photo/regions.py": PHOTO,
    "../examples/photo/sheet.py": PHOTO,
    "data/affine.py": _data("warp"),
    "data/augment.py": _data("augment", "warp", "batches"),
    "data/batches.py": _data("batches"),
    "data/download.py": _data("download", "mnist"),
    "data/elastic.py": _data("warp"),
    "data/emnist.py": _data("emnist"),
    "data/errors.py": _data("mnist"),
    "data/fetch.py": _data("download", "mnist"),
    "data/folder.py": _data("folder", "picture"),
    "data/idx.py": _data("idx", "mnist"),
    "data/load.py": _data("mnist", "folder"),
    "data/mnist.py": _data("mnist", "download", "emnist"),
    "data/picture.py": (*_data("picture", "folder"), *PHOTO),
    "data/split.py": _data("batches", "mnist", "sample"),
    "data/streams.py": _data("batches"),
    "data/warp.py": _data("warp", "augment"),
    "exercises/__main__.py": _exercises("command"),
    "exercises/arguments.py": _exercises("command", "capstone"),
    "exercises/calls.py": _exercises("wire"),
    "exercises/capstone.py": _exercises("capstone"),
    "exercises/cases.py": _exercises("judges", "wrong_answers"),
    "exercises/catalogue.py": _exercises("command"),
    "exercises/cheatsheet.py": _exercises("cheatsheet"),
    "exercises/check.py": _exercises("command", "status"),
    "exercises/classroom.py": _exercises("classroom"),
    "exercises/compare.py": _exercises("judges", "wire", "wrong_answers"),
    "exercises/conv_cases.py": _exercises("judges", "wrong_answers"),
    "exercises/deadline.py": _exercises("submission"),
    "exercises/diagnose.py": _exercises("signs", "wrong_answers"),
    "exercises/drawings.py": _exercises("slides"),
    "exercises/exercise.py": _exercises("command"),
    "exercises/judge.py": _exercises("wire", "wrong_answers"),
    "exercises/learner.py": _exercises("submission"),
    "exercises/network.py": _exercises("capstone"),
    "exercises/notebook.py": _exercises("notebook"),
    "exercises/ours.py": _exercises("capstone"),
    "exercises/pool_cases.py": _exercises("judges", "wrong_answers"),
    "exercises/ready_made.py": _exercises("wrong_answers"),
    "exercises/rehearsal.py": _exercises("capstone"),
    "exercises/report.py": _exercises("wire", "wrong_answers"),
    "exercises/runner.py": _exercises("submission", "command"),
    "exercises/search.py": _exercises("wrong_answers"),
    "exercises/signs.py": _exercises("signs", "wrong_answers"),
    "exercises/slides.py": _exercises("slides"),
    "exercises/status.py": _exercises("status"),
    "exercises/stopwatch.py": _exercises("stopwatch"),
    "exercises/submission.py": _exercises("submission", "command"),
    "exercises/trainer.py": _exercises("capstone"),
    "exercises/training_report.py": _exercises("capstone"),
    "exercises/trial.py": _exercises("wire"),
    "exercises/two_hours.py": _exercises("slides"),
    "exercises/wire.py": _exercises("wire", "submission"),
    "exercises/words.py": _exercises("wire"),
    "insight/calibration.py": _named("insight", "", "calibration"),
    "insight/explained.py": _named("insight", "", "saliency", "grad_cam", "occlusion", "pca"),
    "insight/grad_cam.py": _named("insight", "", "grad_cam", "saliency"),
    "insight/gradients.py": _named("insight", "", "gradients"),
    "insight/lr_range.py": _named("insight", "", "lr_range"),
    "insight/occlusion.py": _named("insight", "", "occlusion", "saliency"),
    "insight/pca.py": _named("insight", "", "pca"),
    "insight/saliency.py": _named("insight", "", "saliency"),
    "layers/combine.py": _layers("combine", "summary"),
    "layers/description.py": _layers(),
    "layers/exchange.py": _layers("exchange"),
    "layers/inside.py": _layers("exchange", "summary"),
    "layers/layer.py": _layers("combine"),
    "layers/norm.py": _layers(),
    "layers/own.py": _layers("combine"),
    "layers/pointwise.py": _layers(),
    "layers/pooling.py": _layers(),
    "layers/summary.py": _layers("summary"),
    "layers/views.py": _layers("views"),
    "layers/weighted.py": _layers(),
    "pages/explorer/contents.py": EXPLORER,
    "pages/markup.py": PAGES,
    "pages/page.py": PAGES,
    "pages/parts.py": PAGES,
    "pages/report.py": PAGES,
    "parallel/gradients.py": PARALLEL,
    "parallel/processes.py": PARALLEL,
    "parallel/share.py": PARALLEL,
    "parallel/sums.py": PARALLEL,
    "runs/alike.py": _runs("alike", "session"),
    "runs/atomic.py": ("tests/runs/test_atomic.py", *_runs("folder")),
    "runs/checkpoint.py": ("tests/runs/test_checkpoint.py", *_runs("progress")),
    "runs/config.py": _runs("config", "folder", "session"),
    "runs/console.py": _runs("console", "interrupt"),
    "runs/folder.py": _runs("folder", "progress", "session", "interrupt"),
    "runs/history.py": _runs("history", "progress"),
    "runs/interrupt.py": _runs("interrupt", "console"),
    "runs/names.py": (*_runs("config", "folder", "history"), "tests/viz/test_viz_names.py"),
    "runs/progress.py": _runs("progress", "session"),
    "runs/session.py": _runs("session"),
    "runs/settings.py": _runs("settings", "session"),
    "runs/trained.py": (*_runs("folder", "session"), "tests/examples/test_own_pictures.py"),
    "viz/answers.py": _viz("places", "mistakes", "predictions", "guesses"),
    "viz/arrays.py": _viz("predictions", "guesses", "heat_maps"),
    "viz/confusion.py": _viz("confusion"),
    "viz/curves.py": _viz("curves"),
    "viz/feature_maps.py": _viz("feature_maps"),
    "viz/filters.py": _viz("filters"),
    "viz/guesses.py": _viz("places", "guesses"),
    "viz/heat_maps.py": _viz("heat_maps"),
    "viz/histograms.py": _viz("histograms"),
    "viz/lr_range.py": _viz("lr_range"),
    "viz/mistakes.py": _viz("mistakes"),
    "viz/pca.py": _viz("pca"),
    "viz/predictions.py": _viz("predictions"),
    "viz/reliability.py": _viz("reliability"),
    "viz/settings.py": _viz("settings", "figures", "usual"),
    "viz/show.py": _viz("show"),
    "viz/style.py": _viz("figures", "mistakes", "heat_maps", "curves", "histograms"),
    "viz/tiles.py": _viz("filters", "feature_maps"),
    "viz/usual.py": _viz("usual"),
}

TARGETS = {**MATHS, **AROUND}
