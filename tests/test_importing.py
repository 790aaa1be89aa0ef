"""Importing minicnn changes nothing in the process: not torch, not Python, not the C library."""

import subprocess
import sys
from pathlib import Path

import pytest

import minicnn

# The libraries that minicnn is made with are imported first: what they change is their business.
PROGRAM = """
import atexit, ctypes, importlib, locale, logging, os, pkgutil, random, signal, sys, threading
import warnings
import hypothesis, matplotlib.pyplot, numpy, PIL.Image, torch, torchvision, tqdm
import torch.distributed, torch.nn.functional, torch.optim
import matplotlib.animation

def state():
    return {
        "warning filters": list(warnings.filters),
        "signal handlers": [signal.getsignal(s) for s in sorted(signal.valid_signals())],
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.gettrace()),
        "exit handlers": atexit._ncallbacks(),
        "threads": threading.enumerate(),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "paths": list(sys.path),
        "recursion limit": sys.getrecursionlimit(),
        "locale": locale.setlocale(locale.LC_ALL),
        "log handlers": (logging.root.handlers[:], logging.root.level),
        "random numbers": (random.getstate(), str(numpy.random.get_state()), torch.initial_seed()),
        "torch's random numbers": torch.get_rng_state().tolist(),
        "torch's dtype": torch.get_default_dtype(),
        "torch's device": torch.get_default_device(),
        "torch's threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "torch's gradients": (torch.is_grad_enabled(), torch.is_anomaly_enabled()),
        "torch's determinism": torch.are_deterministic_algorithms_enabled(),
        "torch's precision": torch.get_float32_matmul_precision(),
        "torch's sharing": torch.multiprocessing.get_sharing_strategy(),
        "torch's printing": vars(torch._tensor_str.PRINT_OPTS).copy(),
        "matplotlib": {key: str(value) for key, value in matplotlib.rcParams.items()},
    }

libraries = []  # from which mallopt would come
ctypes.CDLL = lambda name, *rest: libraries.append(name)

before = state()
import minicnn
names = [module.name for module in pkgutil.walk_packages(minicnn.__path__, "minicnn.")]
names = [name for name in names if not name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
after = state()
assert len(names) > 50, names
print([key for key in before if before[key] != after[key]], libraries)
"""


def test_importing_all_of_minicnn_changes_nothing_in_the_process() -> None:
    command = [sys.executable, "-c", PROGRAM]
    assert subprocess.check_output(command, text=True).strip() == "[] []"


COMPILER = """
import sys, torch
from minicnn import functional as F, models, optim, summary, train
for name, model in models.MODELS.items():
    shape = (3, 32, 32) if name == "resnet18" else (1, 28, 28)
    summary(model(), shape)
net = models.mnist_cnn()
params, state, _ = net.init(torch.Generator(), (1, 28, 28))
adam = optim.adam()
step = train.make_train_step(net, F.cross_entropy, adam)
batch = torch.zeros(2, 1, 28, 28), torch.zeros(2, dtype=torch.int64)
step(train.TrainState(0, params, state, adam.init(params)), batch, torch.Generator())
print([name for name in ("torch._dynamo", "torch._inductor", "matplotlib") if name in sys.modules])
"""


def test_a_training_does_not_wait_for_the_import_of_the_compiler() -> None:
    command = [sys.executable, "-c", COMPILER]
    assert subprocess.check_output(command, text=True).strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(Path(minicnn.__file__).parent.glob("runs/*.py")))
def test_each_module_of_runs_can_be_the_first_that_is_imported(file: Path) -> None:
    program = f"import minicnn.runs.{file.stem}".removesuffix(".__init__")
    subprocess.run([sys.executable, "-c", program], check=True)
