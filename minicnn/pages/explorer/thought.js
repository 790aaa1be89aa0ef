// @ts-check
// One image through the network, as the page shows it: strips 0 (the image), 1 … n (the layers) and
// n + 1 (softmax and loss), with numbers or with gradients.

import { write } from "./dom.js";
import { readings } from "./graph.js";
import { crossEntropy, softmax } from "./loss.js";
import { backward, forward, KINDS, shown, strips } from "./network.js";
import { argmax } from "./numbers.js";

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Trace} Trace */

/**
 * @typedef {object} Thought
 * @property {Float64Array} pixels
 * @property {number[]} shape               of the image
 * @property {number} label                 the true class
 * @property {string[]} names               of the classes
 * @property {Float64Array} logits
 * @property {Float64Array} probabilities
 * @property {number} loss
 * @property {Float64Array} start           the gradient of the logits, p − y
 * @property {import("./network.js").Strip<Trace>[]} strips  1 … n
 * @property {Trace[]} traces               what these show
 * @property {import("./graph.js").Reading[]} readings
 * @property {import("./network.js").Strip<import("./types.js").Flow>[]} flows  of strips 1 … n, or none
 * @property {Map<Trace | null, Float64Array>} gradients  of the outputs; of the image under null
 */

/**
 * Run the network forward, and backward as well if asked to.
 * @param {{net: Layer, names: string[]}} model @param {Float64Array} pixels
 * @param {number | null} truth  the true class; null for the network's own answer
 * @param {boolean} back @returns {Thought}
 */
export function think({ net, names }, pixels, truth, back) {
  const trace = forward(net, pixels);
  const label = truth ?? argmax(trace.y);
  const { loss, gradient } = crossEntropy(trace.y, label);
  const flow = back ? backward(trace, gradient) : null;
  const flows = flow ? strips(flow, ({ trace }) => trace.layer) : [];
  const ran = strips(trace, ({ layer }) => layer);
  /** @type {Map<Trace | null, Float64Array>} */
  const gradients = new Map(
    flows.flatMap(({ copies }) => copies.map((each) => [each.trace, each.y])),
  );
  if (flow) gradients.set(null, flow.x);
  return {
    pixels,
    shape: net.inShape,
    label,
    names,
    logits: trace.y,
    probabilities: softmax(trace.y),
    loss,
    start: gradient,
    strips: ran,
    traces: ran.map(shown),
    readings: readings(trace),
    flows,
    gradients,
  };
}

/** Whether a thought shows gradients. @param {Thought} thought */
export const isBackward = ({ flows }) => flows.length > 0;

/** The trace of a layer's strip; null for the image and the loss. @param {Thought} thought
 * @param {number} strip @returns {Trace | null} */
export const traceOf = ({ traces }, strip) => traces[strip - 1] ?? null;

/** @param {Thought} thought @param {number} strip @returns {number[]} */
export function shapeOf(thought, strip) {
  if (strip === 0) return thought.shape;
  return traceOf(thought, strip)?.layer.outShape ?? [thought.logits.length];
}

/** The strip that shows a trace; 0 is the image, −1 is none. @param {Thought} thought
 * @param {Trace | null} trace @returns {number} */
export const stripOf = ({ traces }, trace) => (trace ? traces.indexOf(trace) + 1 || -1 : 0);

/**
 * What the strips show.
 * @param {Thought} thought @returns {import("./strips.js").Strip[]}
 */
export function describe(thought) {
  const { shape, label, names, loss, traces, gradients, pixels, probabilities, start } = thought;
  const back = isBackward(thought);
  const caption = back ? "gradient of the loss" : "";
  return [
    {
      call: "the image",
      sentence: back
        ? "The gradient of the loss with respect to every pixel, the saliency map: which pixels the answer rests on."
        : "What the network sees.",
      shape,
      parameters: 0,
      depth: 0,
      branch: "",
      ink: !back,
      caption,
      values: gradients.get(null) ?? pixels,
    },
    ...traces.map((trace, n) => ({
      call: trace.layer.call,
      sentence: back
        ? "How the loss would change with each number of this layer's output."
        : KINDS[trace.layer.name].sentence(trace.layer),
      shape: trace.layer.outShape,
      parameters: Object.values(trace.layer.params).reduce((sum, each) => sum + each.length, 0),
      depth: thought.strips[n].depth,
      branch: thought.strips[n].branch,
      ink: false,
      caption,
      values: gradients.get(trace) ?? trace.y,
    })),
    {
      call: "softmax and loss",
      sentence: back
        ? `The gradient begins here: p − y, the probabilities, minus 1 at the true class, ${names[label]}.`
        : `The scores become probabilities. The loss is −log of that of the true class: ${write(loss)}.`,
      shape: [probabilities.length],
      parameters: 0,
      depth: 0,
      branch: "",
      ink: false,
      caption: back ? "p − y" : "probability",
      values: back ? start : probabilities,
    },
  ];
}

/**
 * Where a cell looks: forward at the numbers that it is made of, backward at those that it made.
 * @param {Thought} thought @param {number} strip @param {number | null} cell
 * @returns {Map<number, number[]>} cells by strip
 */
export function looksFrom(thought, strip, cell) {
  /** @type {Map<number, number[]>} */
  const found = new Map();
  if (cell === null) return found;
  /** @param {number} at @param {number[]} cells */
  const add = (at, cells) => {
    if (at >= 0) found.set(at, [...(found.get(at) ?? []), ...cells]);
  };
  const last = thought.traces.length;
  const trace = traceOf(thought, strip);
  if (isBackward(thought)) {
    if (strip === last) add(last + 1, [cell]);
    if (strip > last) return found;
    for (const { source, reader, uses } of thought.readings) {
      if (source === trace)
        add(
          stripOf(thought, reader),
          uses(cell).map(({ to }) => to),
        );
    }
  } else if (strip > last) {
    add(
      last,
      Array.from(thought.logits, (_, k) => k),
    );
  } else if (trace) {
    for (const { source, reader, looks } of thought.readings) {
      if (reader === trace) add(stripOf(thought, source), looks(cell));
    }
  }
  return found;
}
