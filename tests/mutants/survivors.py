"""The mutants of the general run that no test notices, and why none can, or need."""

SURVIVORS: dict[str, str] = {
    **dict.fromkeys(
        (
            "functional/conv/products.py transpose: "
            "zero = g.new_zeros(()) [+ → -] weight.new_zeros(()) #…",
        ),
        "Of this number only its kind is used: dtype, device and whether vmap batches it.",
    ),
    "functional/pool/adaptive.py _BinMean.forward: return x.narrow(dim, [0 → -1], 0).clone()": (
        "No cells at all, wherever they begin."
    ),
    "functional/pool/maximum.py max_pool2d: …input.ndim == 4 else (y[[0 → -1]], places[0])": (
        "The first of a batch of one is also its last."
    ),
    "functional/pool/winners.py route: ….where(winner == -1, g, [0 → 1]) # a zero with the sam…": (
        "Of this tensor only its kind is used: zeros like it are made."
    ),
    "functional/conv/functions.py Correlate.backward: …d_g = needed(ctx, True, [True → False])": (
        "It matters under torch.compile alone, for the derivative of a compiled weight gradient "
        "with respect to g, and torch.compile differentiates once."
    ),
    "optim/schedules.py exponential: [checks.non_negative('gamma', gamma) → pass]": (
        "step_decay, which it calls, checks gamma as well."
    ),
    "functional/pool/winners.py _route_in_tiles: "
    "torch.eq([cell, y → y, cell], out=share).mul_(left)": "a = b just when b = a.",
    "data/fetch.py end_when_slow.watch: while marks[-[1 → 2]][0] - marks[1][0] >= se…": (
        "The period that is judged is longer by a twentieth, the time between two looks."
    ),
    'exercises/runner.py limit_memory: …coding="ascii").split()[[0 → 1]])': (
        "The limit is counted from the memory in use in place of the memory reserved: lower by a "
        "few GB, which no exercise needs."
    ),
    **dict.fromkeys(
        (
            "viz/reliability.py reliability_diagram: …ex=True, height_ratios=[[3 → 2], 1])",
            "viz/feature_maps.py feature_maps: "
            "…new_figure(style.WIDTH, [1 → 2].0 + 0.86 * (1 + len(lay…",
            "viz/filters.py filters: PANEL * len(panels) + [1 → 0].0, tile_height * rows +…",
        ),
        "How large a figure or a part of it is: chosen by eye.",
    ),
    "viz/curves.py learning_curves: stacked[-[1 → 2]].xaxis.set_major_locato…": (
        "The panels share their horizontal axis, and so its ticks."
    ),
    "layers/layer.py stateless.apply: train: bool = [False → True],": (
        "A stateless layer does the same in training and in evaluation."
    ),
    'exercises/conv_cases.py conv_gradient: …], case.inputs["grad"])[[0 → -1]]': (
        "The first gradient of one is also the last."
    ),
    "exercises/cases.py sides: …nt = 0, dilation: int = [1 → 2], room: int = 2": (
        "Used in an example alone, with a kernel of one cell, which a dilation leaves as it is."
    ),
    "../examples/photo/normalise.py normalise: "
    "…d(scale * height)), max([1 → 2], round(scale * width))": (
        "Strokes are two cells wide before; only a straight line of one pixel is thinner."
    ),
    "insight/pca.py pca: directions = directions [* → /] greatest.sign()": "1 / ±1 = ±1.",
    'runs/alike.py check_alike: …me": settings.resume is [not None → None]}': (
        "Every process says the opposite, so they differ in the same cases."
    ),
    "exercises/signs.py _factor: …, key=lambda pair: pair[[0 → -1]].abs().max().item())": (
        "Where all results are one factor times the right ones, the largest are in the same pair."
    ),
    "../examples/photo/picture.py _smooth: … grey[:, 1:] - grey[:, :[-1 → 1]]": (
        "The noise is estimated from differences with the first column in place of the neighbour: "
        "two independent numbers as well."
    ),
}
