"""Test a trained network: average loss, accuracy, and a table of the classes.

python3 examples/test_mnist.py runs/quick
python3 examples/test_mnist.py runs/quick --weights best
"""

import argparse
import sys

import ctrl_c  # noqa: F401, before what takes long to import
import results
import trained as trainings
from commands import run_command, say


def main(argv: list[str] | None = None) -> int:
    """Read the command line, test, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    trainings.add_options(parser)

    def command() -> int:
        args = parser.parse_args(argv)
        trained = trainings.load(args)
        split = trainings.test_split(trained)
        tested = results.test(trained.tested_net, trained.weights, split, trained.device)
        say(f"Test, {tested}\n\n{results.as_text(results.per_class(tested))}")
        return 0

    return run_command(command)


if __name__ == "__main__":
    sys.exit(main())
