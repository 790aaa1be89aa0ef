"""Write explorer.html: a page in which a trained network can be watched, forward and backward.

python3 examples/explore.py runs/quick
"""

import argparse
import sys
from pathlib import Path

from minicnn.runs.console import end_at_ctrl_c

if __name__ == "__main__":
    end_at_ctrl_c()  # before torch is imported, which takes seconds

from minicnn import data, pages, runs, train


def main(argv: list[str] | None = None) -> None:
    """Read the command line, choose 200 test images, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="folder of a run of train_mnist.py")
    add("--weights", choices=("last", "best"), default="last", help="last, or best on validation")
    add("--data-dir", default=data.data_dir(), help="folder with MNIST/raw/…")
    args = parser.parse_args(argv)

    trained = runs.load_trained(args.run, args.weights)
    _, test = trained.load_data(args.data_dir)
    title = f"{trained.setting('model')}: {trained.run.folder.name}"
    # What no page can show is refused now: to answer all test images takes a while.
    pages.explorer(title, "", trained.net, *trained.weights, test.images[:1], test.labels[:1])
    # The page shows one view of each image, also where the test averages several.
    scores, _ = train.predict(trained.net, *trained.weights, data.batches(test, 1000))
    pages.save_explorer(trained.run, title, trained.net, trained.weights, test, scores)
    runs.say(f"open {trained.run.explorer} in a browser.")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))
