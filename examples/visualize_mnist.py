"""Draw what a trained network got right and wrong, and look inside it.

python3 examples/visualize_mnist.py runs/quick
python3 examples/visualize_mnist.py runs/quick --show
"""

import argparse
import sys

import ctrl_c  # noqa: F401, before what takes long to import
import pictures
import results
import trained as trainings
from commands import run_command, say

from minicnn import runs


def main(argv: list[str] | None = None) -> int:
    """Read the command line, draw, save; open the figures if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    trainings.add_options(parser)
    parser.add_argument("--show", action="store_true", help="also open the figures in windows")

    def command() -> int:
        args = parser.parse_args(argv)
        trained = trainings.load(args)
        net, weights = trained.net, trained.weights
        split = trainings.test_split(trained)
        tested = results.test(trained.tested_net, weights, split, trained.device)
        history = runs.read_metrics(trained.run)
        figures = pictures.usual(net, trained.before, weights, history, split, tested)
        figures |= pictures.deeper(net, weights, split, tested)
        pictures.save(figures, trained.run.figures)
        for name in figures:
            say(str(trained.run.figures / f"{name}.png"))
        if args.show:
            pictures.show(figures)
        return 0

    return run_command(command)


if __name__ == "__main__":
    sys.exit(main())
