"""The engine of the explorer, run by node: the same modules as in the page, without the page."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from minicnn import pages, tree
from minicnn.layers import Layer
from minicnn.pages.explorer import ENGINE, VIEW, join
from minicnn.tree import Tree

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
# All but the last module, which starts the page, can be loaded without one.
MODULES = join((*ENGINE, *VIEW[:-1]))
IMAGES = torch.arange(2 * 28 * 28).mul(7).remainder(256).view(2, 1, 28, 28).to(torch.uint8)


def page_of(net: Layer, params: Tree, state: Tree, images: Tensor = IMAGES) -> str:
    return pages.explorer(
        "A net", "A test.", net, params, state, images, torch.zeros(len(images), dtype=torch.int64)
    )


def data_of(page: str) -> dict[str, Any]:
    found = DATA.search(page)
    assert found
    return json.loads(found[1])


def run(code: str, data: Any = None) -> Any:
    """The value of the JavaScript expression ``code``, where ``data`` is the given data."""
    source = f"""
{MODULES}
const replacer = (key, value) => typeof value === "number" && !isFinite(value) ? `${{value}}`
  : ArrayBuffer.isView(value) ? Array.from(value) : value;
return JSON.stringify({code}, replacer) ?? "null";
"""
    # All through the pipe: an argument could be too long.
    start = """const [source, data] = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(new Function("data", source)(data));"""
    assert NODE
    done = subprocess.run(
        [NODE, "-e", start], input=json.dumps([source, data]), capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def rounded(params: Tree) -> Tree:
    """The parameters as the page has them, in float64."""
    return tree.map(lambda p: p.half().double(), params)


# A function of window.minicnn and pairs (pixels, label): all that the engine returns for each.
EVERYTHING = """(minicnn, cases) => cases.map(([pixels, label]) => {
  const parameters = minicnn.parameters();
  const { logits, probabilities } = minicnn.forward(pixels);
  const { loss, gradients, input } = minicnn.backward(pixels, label);
  const sgd = minicnn.step(pixels, label, { optimizer: "sgd", lr: 0.1 }).parameters;
  minicnn.reset();
  const adam = minicnn.step(pixels, label, { optimizer: "adam", lr: 1e-3 }).parameters;
  minicnn.reset();
  return { parameters, logits, probabilities, loss, gradients, input, sgd, adam };
})"""

Cases = list[tuple[list[float], int]]
Run = Callable[[str, Cases], list[dict[str, Any]]]


def in_node(page: str, cases: Cases) -> list[dict[str, Any]]:
    """Everything, computed by node."""
    code = f"({EVERYTHING})(api(new Model(data.page)), data.cases)"
    return run(code, {"page": data_of(page), "cases": cases})
