"""A cheat sheet: formula, shapes and gradient of each operation, out of the docstrings."""

import inspect
import re

from minicnn import functional as F

# g is the gradient of the loss with respect to the output y.
GRADIENTS = {
    "conv2d": "input: g spread with the same kernel; weight: Σ g · (the cell it meets); bias: Σ g",
    "conv_transpose2d": "input: conv2d(g, weight); weight: as of that conv2d; bias: Σ g",
    "unfold": "fold(g): each number is added to the cell that it was read from",
    "fold": "unfold(g)",
    "max_pool2d": "g to the first maximum of each window, 0 to all other cells",
    "adaptive_max_pool2d": "g to the first maximum of each window, 0 to all other cells",
    "avg_pool2d": "g / (number of cells) to each cell of the window",
    "adaptive_avg_pool2d": "g / (number of cells) to each cell of the window",
    "linear": "input: g · weight; weight: gᵀ · input; bias: Σ_n g",
    "relu": "g where x > 0, else 0",
    "leaky_relu": "g where x > 0, else slope · g",
    "sigmoid": "g · y · (1 − y)",
    "tanh": "g · (1 − y²)",
    "silu": "g · σ(x) · (1 + x · (1 − σ(x)))",
    "gelu": "g · (Φ(x) + x · φ(x)), Φ and φ of the normal distribution",
    "softmax": "y · (g − Σ_k g_k y_k)",
    "log_softmax": "g − exp(y) · Σ_k g_k",
    "nll_loss": "−g · w[t_n] / Σ_n w[t_n] at the true class t_n, else 0",
    "cross_entropy": "g · w[t_n] / Σ_n w[t_n] · (softmax(x_n) − q_n), for labels t_n",
    "dropout": "g / (1 − p) where a number was kept, else 0",
    "batch_norm": "weight / √(σ² + eps) · (g − mean(g) − x̂ · mean(g · x̂)), x̂ the normalised input",
    "layer_norm": "(h − mean(h) − x̂ · mean(h · x̂)) / √(σ² + eps), h = g · weight",
    "group_norm": "(h − mean(h) − x̂ · mean(h · x̂)) / √(σ² + eps), h = g · weight",
}
SHAPE = re.compile(r"\((?:[A-Z*…][\w/*…·]*)(?:, [\w/*…·]+)*,?\)")


def sheet() -> str:
    """Return the cheat sheet as Markdown.

    Example:
        >>> print(sheet().partition("## relu")[2].partition("##")[0].strip())
        Compute the rectified linear unit, y = max(x, 0).
        <BLANKLINE>
        Shapes: input any shape → the same shape
        <BLANKLINE>
        Gradient: g where x > 0, else 0
    """
    head = "# Cheat sheet\n\nN images, C channels, H × W cells; g = ∂L/∂y, for the output y.\n"
    return head + "".join(_entry(name) for name in GRADIENTS)


def _entry(name: str) -> str:
    doc = (inspect.getdoc(getattr(F, name)) or "").replace("``", "`")
    parts = [f"## {name}", formula(doc), f"Shapes: {shapes(doc)}", f"Gradient: {GRADIENTS[name]}"]
    return "\n" + "\n\n".join(parts) + "\n"


def formula(doc: str) -> str:
    """Return the first line of a docstring, and its equation if that stands by itself.

    Example:
        >>> formula("Square a number.\\n\\n    y = x²\\n\\nWhich is x · x.")
        'Square a number.\\n\\n    y = x²'
    """
    first, *others = doc.partition("Args:")[0].split("\n\n")
    return "\n\n".join([first.strip(), *[x for x in others if x.startswith("    ")][:1]])


def shapes(doc: str) -> str:
    """Return the first shape of each argument that has one, and of the result.

    Example:
        >>> shapes("Args:\\n    x: numbers, (N, C).\\n    k: 2.\\n\\nReturns:\\n    (N,), a sum.")
        'x (N, C) → (N,)'
    """
    args, _, returns = doc.partition("Args:\n")[2].partition("Returns:\n")
    found = []
    for name, text in re.findall(r"^    (\w+(?:, \w+)*): (.*?)(?=^    \w|\Z)", args, re.M | re.S):
        shape = SHAPE.search(text)
        if shape or "any shape" in text:
            found.append(f"{name} {shape[0] if shape else 'any shape'}")
    returned = SHAPE.search(returns.partition("\n\n")[0])
    words = re.split("[.;]", returns.strip())[0].replace("`", "")
    result = returned[0] if returned else words[:1].lower() + words[1:]
    return f"{', '.join(found) or 'input'} → {result}"
