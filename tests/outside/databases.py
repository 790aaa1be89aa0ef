"""PyTorch's private databases of samples, imported without what their import does besides."""

import functools
import importlib
import sys
import warnings
from typing import Any, NamedTuple

import pytest
import torch

INTERNAL = "torch.testing._internal"

# Of the dtypes that a database offers: one of each kind, and those that networks are trained in.
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.complex128)


class Databases(NamedTuple):
    """What torch.testing._internal holds; the elements are of classes that are private, too."""

    op_db: list[Any]  # operators
    optim_db: list[Any]  # optimizers
    module_db: list[Any]  # modules
    common_nn: list[dict[str, Any]]  # more modules, from before there was a module_db


@functools.cache
def load() -> Databases:
    """Import the databases.

    Their import would load a hypothesis profile of its own (10 examples) and forbid to set any
    torch.backends flag from then on: hypothesis is hidden from it, and the prohibition ignored.

    Raises:
        ImportError: expecttest is missing, or torch has moved its private modules.
    """
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setitem(sys.modules, "hypothesis", None)
        patch.setattr(torch.backends, "disable_global_flags", lambda: None)
        ops, optimizers, modules, nn = (
            importlib.import_module(f"{INTERNAL}.{name}")
            for name in (
                "common_methods_invocations",
                "common_optimizers",
                "common_modules",
                "common_nn",
            )
        )
    return Databases(
        ops.op_db,
        optimizers.optim_db,
        modules.module_db,
        [*nn.module_tests, *nn.get_new_module_tests()],
    )
