"""Run a training script, and look at the test digits whenever it looks at its validation digits.

    python -m tests.bench.watched examples/train_mnist.py --epochs 1

The script itself sees the test digits once, at its end. The accuracy that this prints in between is
for the stopwatch alone, and the time that it takes counts as the script's.
"""

import runpy
import sys
from functools import cache
from pathlib import Path
from typing import Any

from minicnn import data, train
from minicnn.data import Split


@cache
def test_digits() -> Split:
    """Load MNIST's test digits."""
    _, test = data.load_mnist(download=False)
    return test


def main() -> None:
    """Put the watcher into ``train.evaluate``, and run the script."""
    script, *options = sys.argv[1:]
    evaluate = train.evaluate

    def watched(net: Any, params: Any, state: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        result = evaluate(net, params, state, *args, **kwargs)
        test = test_digits()
        seen = evaluate(net, params, state, data.batches(test, 1000))
        print(f"Test, {len(test.labels):,} images, watched: accuracy {seen['accuracy']:.2%}")
        return result

    train.evaluate = watched
    sys.argv = [script, *options]
    sys.path.insert(0, str(Path(script).parent))  # as for any script
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
