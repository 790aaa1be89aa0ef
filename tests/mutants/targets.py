"""Which tests watch which file of the functions and optimizers."""

REFUSALS = "tests/functional/test_refusals.py"
DIFFERENCES = "tests/functional/test_differences.py"
SIGNATURES = "tests/functional/test_signatures.py"
TRANSFORMS = "tests/functional/test_transforms.py"


def _functional(*names: str) -> tuple[str, ...]:
    own = (f"tests/functional/test_{name}.py" for name in names)
    return (*own, REFUSALS, DIFFERENCES, SIGNATURES, TRANSFORMS)


def _optim(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/optim/test_{name}.py" for name in names)


TARGETS: dict[str, tuple[str, ...]] = {
    "functional/activation.py": _functional("activation"),
    "functional/conv/arguments.py": _functional("conv", "conv_transpose"),
    "functional/conv/blocks.py": _functional("conv_formulations"),
    "functional/conv/depthwise.py": _functional("conv_formulations", "conv", "conv_transpose"),
    "functional/conv/functions.py": _functional("conv", "conv_transpose"),
    "functional/conv/geometry.py": _functional("conv", "conv_transpose", "windows"),
    "functional/conv/products.py": _functional("conv", "conv_transpose", "conv_formulations"),
    "functional/conv/rows.py": _functional("conv", "conv_transpose", "conv_formulations"),
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
        "tests/test_train.py",
    ),
    "functional/unfold.py": _functional("unfold"),
    "functional/windows.py": _functional(
        "windows", "unfold", "conv", "conv_transpose", "max_pool", "avg_pool"
    ),
    "optim/adam.py": _optim("optim_by_hand", "optim_twins", "optim_transform"),
    "optim/clip.py": _optim("clip", "optim_transform"),
    "optim/ema.py": _optim("ema", "optim_transform"),
    "optim/gradient.py": _optim("optim_by_hand", "optim_twins", "optim_transform"),
    "optim/schedules.py": _optim("schedules"),
    "optim/sgd.py": _optim("optim_by_hand", "optim_twins", "optim_transform"),
    "optim/transform.py": _optim("optim_transform", "clip"),
}
