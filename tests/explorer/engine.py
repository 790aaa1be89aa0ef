"""The engine of the explorer, run by node: the same modules as in the page, without the page."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import torch
from torch import Tensor

from minicnn import pages, tree
from minicnn.layers import Layer
from minicnn.pages.explorer import ENGINE, join
from minicnn.tree import Tree

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
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
{join(ENGINE)}
const data = JSON.parse(require("fs").readFileSync(0, "utf8"));
const replacer = (key, value) => typeof value === "number" && !isFinite(value) ? `${{value}}`
  : ArrayBuffer.isView(value) ? Array.from(value) : value;
process.stdout.write(JSON.stringify({code}, replacer) ?? "null");
"""
    assert NODE
    done = subprocess.run(
        [NODE, "-e", source], input=json.dumps(data), capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def rounded(params: Tree) -> Tree:
    """The parameters as the page has them, in float64."""
    return tree.map(lambda p: p.half().double(), params)
