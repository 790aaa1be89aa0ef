"""The engine computes in JavaScript what minicnn computes in float64, for every model."""

import base64
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from minicnn import functional as F
from minicnn import layers, models, optim, train, tree
from minicnn.layers import Layer
from minicnn.layers.description import CONSTRUCTORS
from minicnn.pages.explorer.contents import LAYERS
from minicnn.tree import Tree

from .engine import Run, data_of, in_node, needs_node, page_of, rounded, run

pytestmark = needs_node

NETS = {name: make() for name, make in models.MODELS.items() if name != "resnet18"}
OTHERS = {  # options that the models do not use
    "geometry": layers.sequential(
        layers.conv2d(4, (3, 5), (2, 1), padding=(2, 3), dilation=(1, 2)),
        layers.relu(),
        layers.conv2d(6, 2, padding="same", groups=2),
        layers.max_pool2d(3, 2, padding=1, dilation=2, ceil_mode=True),
        layers.conv2d(6, 3, padding="valid", groups=6, bias=False),
        layers.flatten(),
        layers.linear(10, bias=False),
    ),
    "means": layers.sequential(
        layers.avg_pool2d(3, 2, padding=1, ceil_mode=True),
        layers.avg_pool2d((2, 3), padding=1, ceil_mode=True, count_include_pad=False),
        layers.conv2d(3, 3),
        layers.batch_norm(eps=0.1),
        layers.global_avg_pool(),
        layers.batch_norm(),
        layers.linear(10),
    ),
    "branches": layers.sequential(
        layers.parallel(
            layers.sequential(layers.conv2d(2, 1), layers.relu()),
            layers.sequential(),
            layers.residual(layers.conv2d(1, 3, padding=1)),
        ),
        layers.residual(layers.conv2d(5, 3, 2), layers.conv2d(5, 3, 2)),
        layers.flatten(),
        layers.parallel(layers.linear(4), layers.linear(6)),
    ),
    "activations": layers.sequential(
        *(layers.conv2d(4, 5, 2, weight_init="xavier_uniform"), layers.leaky_relu(0.2)),
        *(layers.conv2d(4, 3, weight_init=("normal", 0.3), bias_init="zeros"), layers.silu()),
        *(layers.conv2d(4, 1), layers.gelu(), layers.conv2d(4, 3), layers.gelu("tanh")),
        *(layers.flatten(), layers.linear(12, bias_init=("uniform", 0.1)), layers.tanh()),
        *(layers.dropout(), layers.linear(10), layers.sigmoid()),
    ),
    "norms": layers.sequential(
        *(layers.layer_norm(), layers.conv2d(6, 5, 2), layers.group_norm(3), layers.relu()),
        layers.residual(
            layers.sequential(layers.conv2d(6, 3, padding=1, bias=False), layers.group_norm(6)),
            layers.parallel(layers.conv2d(2, 1), layers.conv2d(4, 1)),
        ),
        *(layers.max_pool2d(3), layers.layer_norm(0.1), layers.flatten()),
        *(layers.linear(8), layers.batch_norm(), layers.group_norm(2), layers.linear(10)),
    ),
    "views": layers.average_views(models.lenet5(), 2, 8.0, 0.1),
    "views of branches": layers.average_views(
        layers.sequential(
            layers.avg_pool2d(4),
            layers.residual(layers.conv2d(1, 3, padding=1)),
            *(layers.flatten(), layers.linear(10)),
        ),
        3,
    ),
}


def weights_of(net: Layer, in_shape: tuple[int, ...], seed: int) -> tuple[Tree, Tree]:
    """Random weights, and statistics of batch normalisation that are not those of the start."""
    rng = torch.Generator().manual_seed(seed)
    params, state, _ = net.init(rng, in_shape)
    params = tree.map(lambda p: p + 0.05 * torch.randn(p.shape, generator=rng), params)
    state = tree.map(lambda s: torch.rand(s.shape, generator=rng) + 0.2, state)
    return params, state


def of_library(net: Layer, params: Tree, state: Tree, x: Tensor, label: int) -> dict[str, Any]:
    """What the library computes in float64."""
    params, state, x = rounded(params), tree.map(Tensor.double, state), x.double()[None]
    x.requires_grad_()
    leaves = [leaf.requires_grad_() for leaf in tree.leaves(params)]
    logits, _ = net.apply(params, state, x)
    loss = F.cross_entropy(logits, torch.tensor([label]))
    grad_x, *grads = torch.autograd.grad(loss, [x, *leaves])
    gradients = tree.unflatten(tree.flatten(params)[1], grads)
    found = {
        "logits": logits[0],
        "probabilities": F.softmax(logits, 1)[0],
        "loss": loss,
        "input": grad_x,
        "gradients": grads,
    }
    for name, optimizer in (("sgd", optim.sgd(0.1)), ("adam", optim.adam(1e-3))):
        updates, _ = optimizer.update(gradients, optimizer.init(params), params)
        found[name] = tree.leaves(optim.apply_updates(params, updates))
    return found


def assert_close(name: str, ours: Any, theirs: Tensor) -> None:
    numbers = torch.tensor(ours, dtype=torch.float64).flatten()
    torch.testing.assert_close(
        numbers,
        theirs.detach().flatten(),
        msg=lambda text: f"{name}: {text}",
        rtol=1e-10,
        atol=1e-10,
    )


def check(
    net: Layer, run: Run = in_node, in_shape: tuple[int, ...] = (1, 28, 28), cases: int = 2
) -> None:
    """Compare all that the engine returns, for images with paper, on which windows tie."""
    params, state = weights_of(net, in_shape, seed=1)
    rng = torch.Generator().manual_seed(2)
    images = torch.randint(256, (cases, *in_shape), generator=rng, dtype=torch.uint8)
    images[0, :, ::2] = 0
    page = page_of(net, params, state, images)
    inputs = [(image.double() / 255, 3 * i) for i, image in enumerate(images)]
    flat = [(x.flatten().tolist(), label) for x, label in inputs]
    for found, (x, label) in zip(run(page, flat), inputs, strict=True):
        expected = of_library(net, params, state, x, label)
        for mine, leaf in zip(found["parameters"], tree.leaves(rounded(params)), strict=True):
            assert mine == leaf.flatten().tolist()
        for name in ("logits", "probabilities", "loss", "input"):
            assert_close(name, found[name], expected[name])
        for name in ("gradients", "sgd", "adam"):
            for i, (mine, theirs) in enumerate(zip(found[name], expected[name], strict=True)):
                assert_close(f"{name}[{i}]", mine, theirs)


@pytest.mark.parametrize("name", OTHERS)
def test_every_option_equals_the_library(name: str) -> None:
    check(OTHERS[name], cases=1 if "views" in name else 2)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n == "lenet5" else pytest.mark.slow) for n in NETS],
)
def test_every_model_equals_the_library(name: str) -> None:
    check(NETS[name])


def test_images_of_three_channels_and_other_sizes() -> None:
    check(models.mnist_resnet(), in_shape=(3, 20, 24), cases=1)


@pytest.mark.slow
def test_a_network_that_is_too_large_for_a_page_equals_the_library_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = sys.modules["minicnn.pages.explorer"]
    monkeypatch.setattr(module, "MOST_BYTES", 10**9)
    net = models.resnet18()
    params, state = weights_of(net, (3, 8, 8), seed=1)
    state = tree.map(lambda s: s + 1, state)
    images = torch.randint(256, (1, 3, 8, 8), generator=torch.Generator().manual_seed(2))
    page = data_of(page_of(net, params, state, images.to(torch.uint8)))
    x = images[0].double() / 255
    code = """(() => {
      const { loss, flow } = new Model(data.page).lossAndGradients(Float64Array.from(data.x), 0);
      const norms = gradients(flow).map((g) => g.reduce((sum, value) => sum + value * value, 0));
      return { loss, norms, input: flow.x };
    })()"""
    found = run(code, {"page": page, "x": x.flatten().tolist()})
    expected = of_library(net, params, state, x, 0)
    assert_close("loss", found["loss"], expected["loss"])
    assert_close("input", found["input"], expected["input"])
    for mine, theirs in zip(found["norms"], expected["gradients"], strict=True):
        assert mine == pytest.approx((theirs**2).sum().item(), rel=1e-9)


def test_adam_remembers_and_begins_fresh_after_another_optimizer() -> None:
    net = layers.sequential(layers.flatten(), layers.linear(3))
    params, state = weights_of(net, (1, 28, 28), seed=3)
    code = """(() => {
      const minicnn = api(new Model(data));
      const pixels = Array(784).fill(0.5);
      const step = (optimizer) => minicnn.step(pixels, 1, { optimizer, lr: 0.01 }).parameters[1];
      return [["adam", "adam", "adam"], ["sgd", "adam"]].map((names) => {
        minicnn.reset();
        return names.map(step);
      });
    })()"""
    memory_of, fresh = run(code, data_of(page_of(net, params, state)))
    now, x = rounded(params), torch.full((1, 1, 28, 28), 0.5, dtype=torch.float64)

    def stepped(optimizer: optim.Transform, now: Tree, memory: Any) -> tuple[Tree, Any]:
        loss = train.value_and_grad(
            lambda p: F.cross_entropy(net.apply(p, state, x)[0], torch.tensor([1]))
        )
        updates, memory = optimizer.update(loss(now)[1], memory, now)
        return optim.apply_updates(now, updates), memory

    adam, start = optim.adam(0.01), now
    memory = adam.init(now)
    for found in memory_of:
        now, memory = stepped(adam, now, memory)
        assert_close("bias", found, now[1]["bias"])
    now, _ = stepped(optim.sgd(0.01), start, optim.sgd(0.01).init(start))
    assert_close("bias", fresh[0], now[1]["bias"])
    now, _ = stepped(adam, now, adam.init(now))
    assert_close("bias", fresh[1], now[1]["bias"])


ADDS_UP = """(() => {
  const model = new Model(data.page);
  const image = Float64Array.from(data.pixels);
  const thought = think(model, image, 3, true);
  const worst = { terms: 0, uses: 0 };
  const probe = (values, n) => {
    return Array.from({ length: n }, (_, k) => Math.floor((k * values.length) / n));
  };
  for (const trace of thought.traces) {
    const { layer, y } = trace;
    if (data.bent.includes(layer.name)) continue;
    const bias = layer.params.bias ?? [];
    for (const i of probe(y, 40)) {
      const sum = KINDS[layer.name].terms(trace, i).reduce((s, t) => s + t.value * t.factor, 0);
      const offset = bias[Math.floor((i * bias.length) / y.length)] ?? 0;
      worst.terms = Math.max(worst.terms, Math.abs(sum + offset - y[i]));
    }
  }
  const last = thought.traces[thought.traces.length - 1];
  for (const [source, gradient] of thought.gradients) {
    if (source === last) continue; // the loss sends p − y to the scores
    for (const j of probe(gradient, 40)) {
      const sent = sentTo(thought.readings, source, j, thought.gradients);
      const sum = sent.reduce((s, each) => s + each.product, 0);
      worst.uses = Math.max(worst.uses, Math.abs(sum - gradient[j]));
    }
  }
  return worst;
})()"""


# Layers whose output is not the sum of its terms: these tell its slope alone.
BENT = ["batch_norm", "layer_norm", "group_norm", "average_views"]
BENT += ["sigmoid", "tanh", "silu", "gelu"]


@pytest.mark.parametrize("name", [*NETS, *OTHERS])
def test_what_is_shown_of_a_cell_adds_up_to_its_number(name: str) -> None:
    net = (NETS | OTHERS)[name]
    params, state = weights_of(net, (1, 28, 28), seed=4)
    pixels = torch.rand(784, generator=torch.Generator().manual_seed(5)).tolist()
    page = data_of(page_of(net, params, state))
    worst = run(ADDS_UP, {"page": page, "pixels": pixels, "bent": BENT})
    assert worst["terms"] < 1e-10
    assert worst["uses"] < 1e-10


@pytest.mark.parametrize("name", ["geometry", "means", "norms", "views of branches"])
def test_the_map_of_every_weight_and_bias_adds_up_to_its_gradient(name: str) -> None:
    net = OTHERS[name]
    params, state = weights_of(net, (1, 28, 28), seed=6)
    pixels = torch.rand(784, generator=torch.Generator().manual_seed(7)).tolist()
    code = """(() => {
      const model = new Model(data.page);
      const thought = think(model, Float64Array.from(data.pixels), 3, true);
      const { flow } = model.lossAndGradients(Float64Array.from(data.pixels), 3);
      const expected = gradients(flow).values();
      let worst = 0;
      let seen = 0;
      for (const { copies } of thought.flows) {
        const { layer } = copies[0].trace;
        let place = 0;
        for (const [name, values] of Object.entries(layer.params)) {
          const whole = expected.next().value;
          for (let i = 0; i < values.length; i += 1 + Math.floor(values.length / 50), seen++) {
            const sums = copies.map((copy) => addUp(gather(copy, name, i).products));
            worst = Math.max(worst, Math.abs(addUp(sums) - whole[i]));
            const found = parameterAt(layer, place + i);
            const right = found.name === name && found.i === i;
            if (!right || placeOfParameter(layer, name, i) !== place + i) throw new Error(name);
          }
          place += values.length;
        }
        if (parameterAt(layer, place)) throw new Error("more parameters than there are");
      }
      return { worst, seen, left: expected.next().done };
    })()"""
    page = data_of(page_of(net, params, state))
    found = run(code, {"page": page, "pixels": pixels})
    assert found["worst"] < 1e-12
    assert found["seen"] > 50
    assert found["left"]


def test_finite_differences_agree() -> None:
    net = layers.sequential(
        layers.conv2d(3, 3, 2), layers.batch_norm(), layers.flatten(), layers.linear(10)
    )
    params, state = weights_of(net, (1, 28, 28), seed=8)
    pixels = torch.rand(784, generator=torch.Generator().manual_seed(9)).tolist()
    code = """(() => {
      const { net } = new Model(data.page);
      const x = Float64Array.from(data.pixels);
      const { flow } = lossAndGradients(net, x, 3);
      const loss = () => lossAndGradients(net, x, 3).loss;
      let worst = 0;
      [[x], parameters(net)].flat().forEach((values, n) => {
        const gradient = [[flow.x], gradients(flow)].flat()[n];
        for (let i = 0; i < values.length; i += 97) {
          const [was, step] = [values[i], 1e-5];
          values[i] = was + step;
          const above = loss();
          values[i] = was - step;
          const slope = (above - loss()) / (2 * step);
          values[i] = was;
          worst = Math.max(worst, Math.abs(slope - gradient[i]));
        }
      });
      return worst;
    })()"""
    data = {"page": data_of(page_of(net, params, state)), "pixels": pixels}
    assert run(code, data) < 1e-8


def test_the_kinds_of_layers_are_those_that_python_names() -> None:
    assert run("Object.keys(KINDS)") == [*LAYERS, "view"]  # average_views makes that one itself
    assert set(CONSTRUCTORS) <= set(LAYERS)  # what a run can hold, the page can show


def test_the_tour_has_a_text_for_every_kind_of_layer() -> None:
    assert {*run("Object.keys(TEXTS)")} == {*LAYERS, "view"} - {"sequential"}


@pytest.mark.parametrize("name", [*NETS, "norms", "activations", "views", "branches"])
def test_the_tour_has_eight_stops(name: str) -> None:
    net = (NETS | OTHERS)[name]
    params, state = weights_of(net, (1, 28, 28), seed=4)
    pixels = torch.rand(784, generator=torch.Generator().manual_seed(5)).tolist()
    code = "planTour(think(new Model(data.page), Float64Array.from(data.pixels), 3, true))"
    stops = run(code, {"page": data_of(page_of(net, params, state)), "pixels": pixels})
    assert len(stops) == 8
    strips = [stop["strip"] for stop in stops]
    assert strips == sorted(strips, reverse=True)
    assert strips[-1] == 0
    assert all(stop["text"] for stop in stops)


def test_strips_say_how_deep_and_in_which_branch_they_are() -> None:
    inner = layers.parallel(layers.relu(), layers.sequential(), layers.conv2d(2, 1))
    net = layers.sequential(
        layers.residual(inner, layers.conv2d(4, 1)), layers.flatten(), layers.linear(10)
    )
    params, state = weights_of(net, (1, 28, 28), seed=0)
    code = """(() => {
      const trace = new Model(data).forward(new Float64Array(784));
      return strips(trace, ({ layer }) => layer).map(({ copies, depth, branch }) => {
        return [copies[0].layer.call, depth, branch];
      });
    })()"""
    assert run(code, data_of(page_of(net, params, state))) == [
        ["relu()", 2, "residual, the layers inside; parallel, branch 1 of 3"],
        ["conv2d(2, 1)", 2, "parallel, branch 3 of 3"],
        ["parallel(...)", 1, ""],
        ["conv2d(4, 1)", 1, "residual, the shortcut"],
        ["residual(...)", 0, ""],
        ["flatten()", 0, ""],
        ["linear(10)", 0, ""],
    ]


ALONE: dict[str, tuple[dict[str, Any], tuple[int, ...], Callable[..., Tensor]]] = {
    # Layers by their options, the shape of their parameters, and what torch computes.
    "leaky_relu": (
        {"negative_slope": 0.1},
        (),
        lambda x: torch.nn.functional.leaky_relu(x, 0.1),
    ),
    "sigmoid": ({}, (), torch.sigmoid),
    "tanh": ({}, (), torch.tanh),
    "silu": ({}, (), torch.nn.functional.silu),
    "gelu": ({"approximate": "none"}, (), torch.nn.functional.gelu),
    "gelu tanh": (
        {"approximate": "tanh"},
        (),
        lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    ),
    "layer_norm": (
        {"eps": 1e-5},
        (6, 3, 4),
        lambda x, w, b: torch.nn.functional.layer_norm(x, (6, 3, 4), w, b),
    ),
    "group_norm": (
        {"num_groups": 3, "eps": 1e-5},
        (6,),
        lambda x, w, b: torch.nn.functional.group_norm(x, 3, w, b),
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_layer_by_itself_equals_torch(name: str) -> None:
    options, shape, f = ALONE[name]
    rng = torch.Generator().manual_seed(0)
    x = 4 * torch.randn(1, 6, 3, 4, generator=rng, dtype=torch.float64)
    x[0, 0, 0] = torch.tensor([0.0, 7.0, -9.0, 30.0])
    g = torch.randn(x.shape, generator=rng, dtype=torch.float64)
    parameters = {
        key: torch.randn(shape, generator=rng, dtype=torch.float64)
        for key in (("weight", "bias") if shape else ())
    }
    tensors = [x.requires_grad_(), *(p.requires_grad_() for p in parameters.values())]
    y = f(x, *parameters.values())
    grads = torch.autograd.grad(y, tensors, g)
    code = """(() => {
      const params = Object.fromEntries(
        Object.entries(data.params).map(([name, values]) => [name, Float64Array.from(values)]),
      );
      const shape = [6, 3, 4];
      const shapes = { inShape: shape, outShape: shape };
      const layer = { ...data.layer, ...shapes, params, state: {}, children: [] };
      const trace = forward(layer, Float64Array.from(data.x));
      const g = Float64Array.from(data.g);
      const flow = backward(trace, g);
      const sent = Array.from(data.x, (_, j) => {
        return KINDS[layer.name].uses(trace, j).reduce((s, u) => s + u.factor * g[u.to], 0);
      });
      return { y: trace.y, x: flow.x, params: Object.values(flow.params), sent };
    })()"""
    layer = {"name": name.split()[0], "call": name, "options": options}
    params = {key: value.flatten().tolist() for key, value in parameters.items()}
    flat = {"x": x.flatten().tolist(), "g": g.flatten().tolist()}
    found = run(code, {"layer": layer, "params": params, **flat})
    assert_close("y", found["y"], y)
    assert_close("x", found["x"], grads[0])
    assert_close("sent", found["sent"], grads[0])
    for mine, theirs in zip(found["params"], grads[1:], strict=True):
        assert_close("parameter", mine, theirs)


def test_every_float16_is_decoded() -> None:
    numbers = np.arange(2**16, dtype="<u2")
    decoded = run("float16(fromBase64(data))", base64.b64encode(numbers.tobytes()).decode())
    expected = numbers.view("<f2").astype(np.float64)
    assert np.array_equal(np.array(decoded, dtype=np.float64), expected, equal_nan=True)


@given(values=st.lists(st.floats(width=32), max_size=20))
@settings(max_examples=5)
def test_float32_is_decoded(values: list[float]) -> None:
    stored = base64.b64encode(np.array(values, dtype="<f4").tobytes()).decode()
    decoded = np.array(run("float32(fromBase64(data))", stored), dtype=np.float64)
    assert np.array_equal(decoded, np.array(values), equal_nan=True)


@pytest.mark.parametrize("what", ["weights", "statistics", "images"])
def test_damaged_numbers_are_noticed(what: str) -> None:
    net = models.mnist_deep()
    params, state = weights_of(net, (1, 28, 28), seed=0)
    data = data_of(page_of(net, params, state))
    good = data[what]["base64"]
    data[what]["base64"] = good[:100] + ("A" if good[100] != "A" else "B") + good[101:]
    code = """(() => {
      try { new Model(data); decode(data.images, "images"); return ""; }
      catch (error) { return error.message; }
    })()"""
    assert run(code, data) == f"the {what} of this page are damaged"
    data[what]["base64"] = good
    assert run(code, data) == ""


def test_numbers_that_are_not_finite_arrive_as_they_are() -> None:
    net = layers.sequential(layers.flatten(), layers.linear(3))
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    params[1]["weight"][1, 0] = float("nan")
    params[1]["bias"][2] = float("-inf")
    weight, bias = run("parameters(new Model(data).net)", data_of(page_of(net, params, state)))
    assert weight.index("NaN") == 784
    assert weight.count("NaN") == 1
    assert bias[2] == "-Infinity"


RATE = "lr must be a finite number of at least 0"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("forward([1, 2])", "pixels must hold 784 numbers, got 2"),
        ("forward()", "pixels must hold 784 numbers, got undefined"),
        ("backward(x, 3)", "label must be an integer from 0 to 2, got 3"),
        ("backward(x, 0.5)", "label must be an integer from 0 to 2, got 0.5"),
        ("step(x, 0, {optimizer: 'lion', lr: 1})", 'optimizer must be "sgd" or "adam", got lion'),
        ("step(x, 0, {optimizer: 'sgd', lr: NaN})", f"{RATE}, got NaN"),
        ("step(x, 0, {optimizer: 'adam', lr: -1})", f"{RATE}, got -1"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(call: str, message: str) -> None:
    net = layers.sequential(layers.flatten(), layers.linear(3))
    params, state, _ = net.init(torch.Generator().manual_seed(0), (1, 28, 28))
    code = f"""(() => {{
      const minicnn = api(new Model(data)), x = Array(784).fill(0);
      try {{ minicnn.{call}; return "no error"; }} catch (error) {{ return error.message; }}
    }})()"""
    assert run(code, data_of(page_of(net, params, state))) == message
