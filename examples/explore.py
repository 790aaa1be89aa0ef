"""Write explorer.html: a page in which a trained network can be watched, forward and backward.

python3 examples/explore.py runs/quick
"""

import argparse
import sys
from pathlib import Path

from minicnn.runs.console import end_at_ctrl_c

if __name__ == "__main__":
    end_at_ctrl_c()  # before torch is imported, which takes seconds

from minicnn import data, metrics, pages, runs, train
from minicnn.pages.explorer import choose


def main(argv: list[str] | None = None) -> None:
    """Read the command line, choose 200 test images, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="folder of a run of train_mnist.py")
    add("--weights", choices=("last", "best"), default="last", help="last, or best on validation")
    add("--data-dir", default=data.data_dir(), help="folder with MNIST/raw/…")
    args = parser.parse_args(argv)

    trained = runs.load_trained(args.run, args.weights)
    training, test, _ = data.load(trained.setting("dataset"), args.data_dir)
    runs.check_data(trained.run, (training, test))
    # The page shows one view of each image, also where the test averages several.
    scores, labels = train.predict(trained.net, *trained.weights, data.batches(test, 1000))
    chosen = choose(scores, labels)
    about = (
        f"Trained on {training.name}. It classifies {metrics.accuracy(scores, labels):.2%} of "
        f"{len(labels):,} test images correctly."
    )
    if trained.tested_net != trained.net:
        about += " The run's report averages over shifted views of each image; this page does not."
    page = pages.explorer(
        f"{trained.setting('model')}: {trained.run.folder.name}", about,
        trained.net, *trained.weights, test.images[chosen], labels[chosen],
    )  # fmt: skip
    path = trained.run.folder / "explorer.html"
    runs.atomic.write(path, page)
    runs.say(f"open {path} in a browser.")


if __name__ == "__main__":
    sys.exit(runs.run_command(main))
