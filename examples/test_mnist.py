"""Test a trained network: average loss, accuracy, and a table of the classes.

python3 examples/test_mnist.py runs/quick
python3 examples/test_mnist.py runs/quick --weights best
"""

import argparse
import sys
from pathlib import Path

from minicnn.runs.console import end_at_ctrl_c

if __name__ == "__main__":
    end_at_ctrl_c()  # before torch is imported, which takes seconds

from minicnn import data, metrics, parallel, runs, train
from minicnn import functional as F


def main(argv: list[str] | None = None) -> None:
    """Read the command line, test, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="folder of a run of train_mnist.py")
    add("--weights", choices=("last", "best"), default="last", help="last, or best on validation")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add("--data-dir", default=data.data_dir(), help="folder with MNIST/raw/…")
    args = parser.parse_args(argv)

    device = parallel.find_device(args.device)
    trained = runs.load_trained(args.run, args.weights, device)
    _, test = trained.load_data(args.data_dir)
    batches = data.batches(test, 1000, device=device)
    scores, labels = train.predict(trained.tested_net, *trained.weights, batches)
    loss, accuracy = F.cross_entropy(scores, labels), metrics.accuracy(scores, labels)
    runs.say(f"Test, {len(labels):,} images: average loss {loss:.4f}, accuracy {accuracy:.2%}\n")
    rows = metrics.class_table(scores.cpu(), labels.cpu(), test.class_names)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        runs.say(runs.one_line(line))


if __name__ == "__main__":
    sys.exit(runs.run_command(main))
