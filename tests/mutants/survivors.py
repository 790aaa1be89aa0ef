"""The mutants of the general run that no test notices, and why none can, or need."""

SURVIVORS: dict[str, str] = {
    "functional/conv_faces.py _transpose: x = xs[0] if groups == [1 → 0] else torch.cat(xs, 1)": (
        "A single group is put together by torch.cat too: the same numbers, copied once more."
    ),
    "functional/conv_faces.py _transpose_rows: …:1, :1, :0], g[:1, :0, :[1 → 0]])": (
        "Of this product only its kind is used, dtype, device and whether vmap batches it; it is "
        "empty or zero in any case."
    ),
    "functional/pool/adaptive.py _BinMean.forward: return x.narrow(dim, [0 → -1], 0).clone()": (
        "No cells at all, wherever they begin."
    ),
    "functional/pool/maximum.py max_pool2d: …input.ndim == 4 else (y[[0 → -1]], places[0])": (
        "The first of a batch of one is also its last."
    ),
    "functional/pool/winners.py _route_in_tiles: "
    "torch.eq([cell, y → y, cell], out=share).mul_(left)": "a = b just when b = a.",
    "optim/adam.py _adam.update: …tree.map(torch.maximum, [v, state.v_max → state.v_max, v]) "
    "if amsgrad else ()": "max(a, b) = max(b, a), and the dicts of a tree may be in any order.",
    "optim/transform.py apply_updates: …urn tree.map(torch.add, [params, updates → updates, params])": (
        "a + b = b + a to the last bit, both have the same dtype and shape, and the dicts of a "
        "tree may be in any order."
    ),
}
