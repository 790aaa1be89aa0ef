// @ts-check
// What the panel of the open layer, cell or weight says.

import { explainSoftmax, explainStart } from "./answer.js";
import { explain } from "./arithmetic.js";
import { kernelPlace } from "./convolution.js";
import { h, where, write } from "./dom.js";
import { drawMaps, largest, layOut } from "./maps.js";
import { KINDS, parameterAt, placeOfParameter } from "./network.js";
import { normaliser } from "./norm.js";
import { add } from "./numbers.js";
import { explainGradient, explainWeight, sentTo } from "./senders.js";
import { grid, largestFirst, table } from "./tables.js";
import { isBackward, shapeOf, traceOf } from "./thought.js";
import { axes } from "./windows.js";

/** @typedef {import("./thought.js").Thought} Thought */
/** @typedef {import("./types.js").Flow} Flow */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {{name: string, i: number}} Parameter  number i of the weights or of the biases */
/** @typedef {{title: string, sentence: string, body: any[]}} Detail */

/**
 * @typedef {object} Choices  What can be chosen in the panel.
 * @property {import("./maps.js").Palette} colours
 * @property {number | null} channel   the input channel that is shown; null for the strongest
 * @property {(channel: number) => void} chooseChannel
 * @property {(strip: number, weight: number) => void} chooseWeight
 * @property {(strip: number, cell: number) => void} chooseCell
 * @property {(strip: number, output: number | null, inputs: number[]) => void} mark  frames them
 */

/**
 * @param {Thought} thought @param {number} strip @param {number | null} cell
 * @param {number | null} weight @param {Choices} choices @returns {Detail}
 */
export function detail(thought, strip, cell, weight, choices) {
  const trace = traceOf(thought, strip);
  const last = thought.traces.length;
  const name = strip === 0 ? "the image" : (trace?.layer.call ?? "softmax and loss");
  const flow = thought.flows[strip - 1];
  const parameter = trace && weight !== null ? parameterAt(trace.layer, weight) : null;
  if (flow && parameter) {
    /** @param {number | null} output @param {number[]} inputs */
    const mark = (output, inputs) => choices.mark(strip, output, inputs);
    const title = `${name}: the gradient of ${parameterName(flow.copies[0].trace.layer, parameter)}`;
    return { title, ...explainWeight(flow.copies, parameter, choices.colours, mark) };
  }
  if (cell === null) return { title: name, ...explainLayer(thought, strip, choices) };
  const title = `${name}: ${where(shapeOf(thought, strip), cell)}`;
  if (isBackward(thought)) {
    const own = flow ? parametersOf(flow.copies, strip, cell, choices) : [];
    if (strip >= last) return { title, ...explainStart(thought, cell), body: own };
    const gradient = thought.gradients.get(trace)?.[cell] ?? 0;
    const sent = sentTo(thought.readings, trace, cell, thought.gradients);
    const { sentence, body } = explainGradient(sent, gradient);
    return { title: `${title}: gradient ${write(gradient)}`, sentence, body: [...body, ...own] };
  }
  if (strip > last) return { title, ...explainSoftmax(thought, cell) };
  if (!trace) {
    const sentence = `This pixel is ${write(thought.pixels[cell])}: 0 is paper, 1 is ink.`;
    return { title, sentence, body: [] };
  }
  return {
    title: `${title} = ${write(trace.y[cell])}`,
    ...explain(trace, cell, {
      channel: choices.channel,
      choose: choices.chooseChannel,
      weightCell: (name, i, digits) => weightCell(trace, strip, { name, i }, choices, digits),
    }),
  };
}

/** @param {import("./types.js").Layer} layer @param {Parameter} parameter */
export function parameterName(layer, { name, i }) {
  if (layer.name === "linear") {
    const inputs = layer.inShape[0];
    if (name === "bias") return `the bias of output ${i}`;
    return `the weight from input ${i % inputs} to output ${Math.floor(i / inputs)}`;
  }
  if (layer.name === "conv2d") {
    const { out, input, k, l } = kernelPlace(layer, name, i);
    if (name === "bias") return `the bias of kernel ${out}`;
    return `kernel ${out}, input channel ${input}, row ${k}, column ${l}`;
  }
  const own = layer.name === "layer_norm" ? where(layer.inShape, i) : `channel ${i}`;
  return `the ${name} of ${own}`;
}

/**
 * A weight or a bias that can be opened.
 * @param {Trace} trace @param {number} strip @param {Parameter} parameter @param {Choices} choices
 * @param {number} [digits] @param {number} [value]  what is written, if not the parameter itself
 */
function weightCell({ layer }, strip, { name, i }, { chooseWeight }, digits = 4, value) {
  return h(
    "button",
    {
      type: "button",
      title: `the gradient of this ${name}`,
      click: () => chooseWeight(strip, placeOfParameter(layer, name, i)),
    },
    write(value ?? layer.params[name][i], digits),
  );
}

/**
 * The weights and biases that made a cell, with their gradients, to be opened.
 * @param {Flow[]} copies  one, or one for each of several views, which share the parameters
 * @param {number} strip @param {number} cell @param {Choices} choices
 */
function parametersOf(copies, strip, cell, choices) {
  const { trace } = copies[copies.length >> 1];
  const { layer } = trace;
  const params = Object.fromEntries(
    Object.keys(layer.params).map((name) => [
      name,
      copies.map((copy) => copy.params[name]).reduce(add),
    ]),
  );
  /** @param {string} name @param {number} i @param {string} [called] */
  const row = (name, i, called = name) => [
    called,
    weightCell(trace, strip, { name, i }, choices),
    write(params[name][i]),
  ];
  /** @param {number} i  of the bias */
  const bias = (i) => (params.bias ? [row("bias", i)] : []);
  const header = ["parameter", "number", "its gradient"];
  if (layer.name === "conv2d") {
    const out = Math.floor((cell * layer.outShape[0]) / trace.y.length);
    const body = [kernelOf(trace, params, strip, out, choices)];
    if (params.bias) body.push(table(`The bias of kernel ${out}`, header, bias(out)));
    return body;
  }
  if (layer.name === "linear") {
    const n = trace.x.length;
    const weights = Array.from({ length: n }, (_, i) => cell * n + i);
    const rows = largestFirst(
      weights,
      (i) => params.weight[i],
      (i) => row("weight", i, `weight of input ${i % n}`),
      8,
    ).slice(0, 8);
    const title = "Its weights with the largest gradients, and its bias";
    return [table(title, header, [...rows, ...bias(cell)])];
  }
  if (!params.weight) return [];
  const { parameter } = normaliser(trace, cell);
  const rows = [row("weight", parameter), ...bias(parameter)];
  return [table("What it was multiplied by, and what was added", header, rows)];
}

/**
 * A kernel and its gradient, for its weights to be opened.
 * @param {Trace} trace @param {Record<string, Float64Array>} gradients  of its parameters
 * @param {number} strip @param {number} out  the output channel @param {Choices} choices
 */
function kernelOf(trace, gradients, strip, out, choices) {
  const { layer } = trace;
  const [down, across] = axes(layer);
  const cells = down.kernel * across.kernel;
  const n = layer.params.weight.length / layer.outShape[0];
  const channels = n / cells;
  const at = Math.min(choices.channel ?? 0, channels - 1);
  /** @param {string} title @param {(i: number) => number} value */
  const numbers = (title, value) => {
    const buttons = Array.from({ length: cells }, (_, k) => {
      const i = out * n + at * cells + k;
      return weightCell(trace, strip, { name: "weight", i }, choices, 3, value(i));
    });
    return grid(title, buttons, across.kernel);
  };
  const choice = h(
    "select",
    { change: (/** @type {any} */ { target }) => choices.chooseChannel(Number(target.value)) },
    Array.from({ length: channels }, (_, c) => {
      return h("option", { value: `${c}`, selected: c === at ? "" : false }, `${c}`);
    }),
  );
  return h(
    "div",
    channels > 1 ? h("label", "input channel ", choice) : null,
    h(
      "p",
      { class: "note" },
      `Kernel ${out}, input channel ${at}. Choose a number to see where its gradient comes from.`,
    ),
    h(
      "div",
      { class: "product" },
      numbers("weights", (i) => layer.params.weight[i]),
      numbers("their gradients", (i) => gradients.weight[i]),
    ),
  );
}

/** @param {Thought} thought @param {number} strip @param {Choices} choices */
function explainLayer(thought, strip, choices) {
  const trace = traceOf(thought, strip);
  const hint =
    "Point at a cell of a map to see how its number came about; click to pin it. By keyboard: " +
    "Tab to a layer, the arrow keys to a cell.";
  if (!trace) return { sentence: hint, body: [] };
  const { layer } = trace;
  const body = Object.entries({ ...layer.params, ...layer.state }).flatMap(([part, values]) => {
    const bad = values.filter((value) => !Number.isFinite(value)).length;
    if (!bad) return [];
    const i = values.findIndex((value) => !Number.isFinite(value));
    const first = `The first is ${write(values[i])}: ${parameterName(trace.layer, { name: part, i })}.`;
    const text = `${part}: ${bad} of ${values.length} are not finite numbers. ${first}`;
    return [h("p", { class: "warning" }, text)];
  });
  if (layer.name === "conv2d") body.push(...kernels(thought, trace, strip, choices));
  const given = Object.entries(layer.options).filter(([, value]) => value !== null);
  const list = given.map(([option, value]) => {
    return [h("dt", option), h("dd", [value].flat().join(" × "))];
  });
  if (given.length) body.push(h("dl", list));
  return { sentence: `${KINDS[layer.name].sentence(layer)} ${hint}`, body };
}

/**
 * Every channel beside its kernel.
 * @param {Thought} thought @param {Trace} trace @param {number} strip @param {Choices} choices
 */
function kernels(thought, trace, strip, { colours, chooseCell }) {
  const { layer } = trace;
  const [channels, height, width] = layer.outShape;
  const [down, across] = axes(layer);
  const { weight } = layer.params;
  const n = weight.length / channels;
  const inputs = n / down.kernel / across.kernel;
  const values = thought.gradients.get(trace) ?? trace.y;
  const cells = height * width;
  const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
  /** @param {number[]} shape @param {Float64Array} numbers @param {number} most @param {number} tile */
  const map = (shape, numbers, most, tile) => {
    const canvas = h("canvas", { "aria-hidden": "true" });
    drawMaps(canvas, layOut(shape, shape[0] > 1 ? 190 : tile, tile), numbers, most, colours);
    return canvas;
  };
  const [mostMade, mostWeight] = [largest(values), largest(weight)];
  return [
    h(
      "p",
      { class: "note" },
      `Each channel beside its kernel${inputs > 1 ? ", a square for each input channel" : ""}; weights from −${write(mostWeight)} to +${write(mostWeight)}.`,
    ),
    h(
      "div",
      { class: "kernels" },
      Array.from({ length: channels }, (_, o) =>
        h(
          "button",
          {
            type: "button",
            "aria-label": `channel ${o}: open its middle cell`,
            title: `channel ${o}`,
            click: () => chooseCell(strip, o * cells + middle),
          },
          map([1, height, width], values.subarray(o * cells, (o + 1) * cells), mostMade, 50),
          map(
            [inputs, down.kernel, across.kernel],
            weight.subarray(o * n, (o + 1) * n),
            mostWeight,
            inputs > 1 ? 12 : 50,
          ),
        ),
      ),
    ),
  ];
}
