"""Three settings of train_mnist.py, each a table of what differs from the options' own defaults.

To look for better ones, compare them by choose_settings.py, on validation digits alone.
"""

PRESETS = {
    "quick": {"epochs": 1},
    "default": {},
    "best": {
        "model": "mnist_deep",
        "epochs": 12,
        "batch_size": 128,
        "lr": 0.005,
        "rotate": 10.0,
        "scale": 0.1,
        "shear": 10.0,
        "elastic": 0.7,
        "average": 0.02,
        "test_shift": 1,
    },
}


def table() -> str:
    """Write the presets as the options that they stand for, one preset a line."""
    lines = ["presets:"]
    for name, changes in PRESETS.items():
        options = [f"--{key.replace('_', '-')} {value}" for key, value in changes.items()]
        lines.append(f"  {name:9}{' '.join(options) or '(the defaults above)'}")
    return "\n".join(lines)
