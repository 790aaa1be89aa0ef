// @ts-check
// What the panel of the open layer, cell or weight says.

import { explainSoftmax, explainStart } from "./answer.js";
import { explain } from "./arithmetic.js";
import { h, where, write } from "./dom.js";
import { drawMaps, largest, layOut } from "./maps.js";
import { KINDS } from "./network.js";
import { explainGradient, explainWeight, sentTo } from "./senders.js";
import { grid } from "./tables.js";
import { isBackward, shapeOf, traceOf } from "./thought.js";
import { axes } from "./windows.js";

/** @typedef {import("./thought.js").Thought} Thought */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {{title: string, sentence: string, body: any[]}} Detail */

/**
 * @typedef {object} Choices  What can be chosen in the panel.
 * @property {import("./maps.js").Palette} colours
 * @property {number | null} channel   the input channel that is shown; null for the strongest
 * @property {(channel: number) => void} chooseChannel
 * @property {(strip: number, weight: number) => void} chooseWeight
 * @property {(strip: number, cell: number) => void} chooseCell
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
  if (weight !== null && flow && hasWeight(flow.trace, weight)) {
    const explained = explainWeight(flow, weight, choices.colours);
    return { title: `${name}: the gradient of ${weightName(flow.trace, weight)}`, ...explained };
  }
  if (cell === null) return { title: name, ...explainLayer(thought, strip, choices) };
  const title = `${name}: ${where(shapeOf(thought, strip), cell)}`;
  if (isBackward(thought)) {
    if (strip >= last) return { title, ...explainStart(thought, cell) };
    const gradient = thought.gradients.get(trace)?.[cell] ?? 0;
    const sent = sentTo(thought.readings, trace, cell, thought.gradients);
    const { sentence, body } = explainGradient(sent, gradient);
    const kernel = trace?.layer.name === "conv2d" ? [kernelOf(trace, strip, cell, choices)] : [];
    return { title: `${title}: gradient ${write(gradient)}`, sentence, body: [...body, ...kernel] };
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
      weightCell: (weight) => weightCell(trace, strip, weight, choices),
    }),
  };
}

/** @param {Trace} trace @param {number} weight */
function hasWeight({ layer }, weight) {
  return ["conv2d", "linear"].includes(layer.name) && weight < layer.params.weight.length;
}

/** @param {Trace} trace @param {number} weight */
function weightName({ layer }, weight) {
  if (layer.name === "linear") {
    const inputs = layer.inShape[0];
    return `the weight from input ${weight % inputs} to output ${Math.floor(weight / inputs)}`;
  }
  const [down, across] = axes(layer);
  const n = layer.params.weight.length / layer.outShape[0];
  const [row, column] = [Math.floor(weight / across.kernel) % down.kernel, weight % across.kernel];
  const channel =
    Math.floor(weight / (across.kernel * down.kernel)) % (n / across.kernel / down.kernel);
  return `kernel ${Math.floor(weight / n)}, input channel ${channel}, row ${row}, column ${column}`;
}

/**
 * A weight that can be opened.
 * @param {Trace} trace @param {number} strip @param {number} weight @param {Choices} choices
 */
function weightCell(trace, strip, weight, { chooseWeight }) {
  return h(
    "button",
    {
      type: "button",
      title: "the gradient of this weight",
      click: () => chooseWeight(strip, weight),
    },
    write(trace.layer.params.weight[weight], 3),
  );
}

/**
 * The kernel that made a cell, for its weights to be opened.
 * @param {Trace} trace @param {number} strip @param {number} cell @param {Choices} choices
 */
function kernelOf(trace, strip, cell, choices) {
  const { layer } = trace;
  const [down, across] = axes(layer);
  const cells = down.kernel * across.kernel;
  const n = layer.params.weight.length / layer.outShape[0];
  const channels = n / cells;
  const o = Math.floor(cell / (down.to * across.to));
  const shown = Math.min(choices.channel ?? 0, channels - 1);
  const weights = Array.from({ length: cells }, (_, k) => {
    return weightCell(trace, strip, o * n + shown * cells + k, choices);
  });
  const choice = h(
    "select",
    { change: (/** @type {any} */ { target }) => choices.chooseChannel(Number(target.value)) },
    Array.from({ length: channels }, (_, c) => {
      return h("option", { value: `${c}`, selected: c === shown ? "" : false }, `${c}`);
    }),
  );
  return h(
    "div",
    channels > 1 ? h("label", "input channel ", choice) : null,
    grid(
      `Kernel ${o} and input channel ${shown}: choose a weight to see its gradient`,
      weights,
      across.kernel,
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
    const text = `${part}: ${bad} of ${values.length} are not finite numbers.`;
    return bad ? [h("p", { class: "warning" }, text)] : [];
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
