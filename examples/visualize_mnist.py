"""Draw the correct and incorrect predictions of a trained network, and look inside it.

python3 examples/visualize_mnist.py runs/quick
python3 examples/visualize_mnist.py runs/quick --show
"""

import argparse
import sys
from pathlib import Path

from minicnn.runs.console import end_at_ctrl_c

if __name__ == "__main__":
    end_at_ctrl_c()  # before torch is imported, which takes seconds

from minicnn import data, insight, layers, parallel, runs, train, tree, viz


def main(argv: list[str] | None = None) -> None:
    """Read the command line, compute, draw and save; open the figures if requested."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("run", metavar="RUN", type=Path, help="folder of a run of train_mnist.py")
    add("--weights", choices=("last", "best"), default="last", help="last, or best on validation")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add("--data-dir", default=data.data_dir(), help="folder with MNIST/raw/…")
    add("--show", action="store_true", help="also open the figures in windows")
    args = parser.parse_args(argv)

    device = parallel.find_device(args.device)
    trained = runs.load_trained(args.run, args.weights, device)
    _, test = trained.load_data(args.data_dir)
    names = test.class_names
    history = runs.read_metrics(trained.run)
    batches = data.batches(test, 1000, device=device)
    scores = train.predict(trained.tested_net, *trained.weights, batches)[0].cpu()
    figures = viz.usual_figures(
        trained.net, trained.initial, trained.weights, history, test.images, test.labels, scores,
        names,
    )  # fmt: skip

    # The rest needs little computation: the CPU is fast enough.
    params, state = tree.map(lambda x: x.cpu(), tuple(trained.weights))
    network = trained.net, params, state
    images, labels = data.to_float(test.images), test.labels
    few, classes, shown = images[:5], labels[:5], test.images[:5]
    points = insight.pca(insight.penultimate_features(*network, images[:2000]))
    outputs = layers.activations(*network, images[:256])
    gradients = insight.gradients(*network, (images[:256], labels[:256]))
    for name in ("saliency", "occlusion", "grad_cam"):
        maps = getattr(insight, name)(*network, few, classes)
        figures[name] = getattr(viz, name)(shown, maps, classes, class_names=names)
    figures |= {
        "reliability": viz.reliability_diagram(*insight.calibration(scores, labels)),
        "pca": viz.pca(points.projection, points.explained, labels[:2000], class_names=names),
        "activations": viz.activation_histograms(outputs),
        "gradients": viz.gradient_histograms(gradients),
    }
    runs.save_figures(trained.run, figures)
    for name in figures:
        runs.say(str(trained.run.figures / f"{name}.png"))
    if args.show:
        runs.show_figures(figures)


if __name__ == "__main__":
    sys.exit(runs.run_command(main))
