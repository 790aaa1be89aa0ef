// @ts-check
// The arithmetic of one gradient: who sent it what, and what a weight gathered from every window.

import { weightMap } from "./convolution.js";
import { h, where, write } from "./dom.js";
import { drawMaps, largest, layOut } from "./maps.js";
import { largestFirst, table } from "./tables.js";

/** @typedef {import("./types.js").Flow} Flow */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./graph.js").Reading} Reading */

/**
 * What a cell was sent: ∂loss/∂cell = Σ factor · ∂loss/∂output, over the outputs that it took part in.
 * @typedef {{reader: Trace, to: number, factor: number, gradient: number, product: number}} Sent
 */

/**
 * @param {Reading[]} readings @param {Trace | null} source @param {number} j
 * @param {Map<Trace | null, Float64Array>} gradients  with respect to the outputs
 * @returns {Sent[]}
 */
export function sentTo(readings, source, j, gradients) {
  return readings
    .filter((reading) => reading.source === source)
    .flatMap(({ reader, uses }) =>
      uses(j).map(({ to, factor }) => {
        const gradient = gradients.get(reader)?.[to] ?? 0;
        return { reader, to, factor, gradient, product: factor * gradient };
      }),
    );
}

/**
 * Explain the gradient of a cell.
 * @param {Sent[]} sent @param {number} gradient
 * @returns {import("./arithmetic.js").Explanation}
 */
export function explainGradient(sent, gradient) {
  if (sent.length === 0) {
    return {
      sentence: "No later layer uses this number by itself: its gradient is 0.",
      body: [],
    };
  }
  const [{ reader }] = sent;
  const calls = [...new Set(sent.map((each) => each.reader.layer.call))].join(" and ");
  const rows = largestFirst(
    sent,
    ({ product }) => product,
    ({ reader, to, factor, gradient, product }) => [
      where(reader.layer.outShape, to),
      write(factor),
      write(gradient),
      write(product),
    ],
  );
  rows.push(["its gradient, the sum", "", "", write(gradient)]);
  const n = sent.length;
  const used = n === 1 ? "one output" : `${n} outputs`;
  let sentence = `${calls} used it for ${used}; what ${n === 1 ? "it sends" : "they send"} back adds up to ${write(gradient)}.`;
  if (reader.layer.name === "max_pool2d") {
    const wins = sent.filter(({ factor }) => factor === 1).length;
    sentence = wins
      ? `It won ${wins === 1 ? "its window" : `${wins} windows`}, so the gradient comes to it: ${write(gradient)}.`
      : "It did not win in its window: the gradient went to the winner, and it gets 0.";
  } else if (reader.layer.name === "relu") {
    sentence = sent[0].factor
      ? `It is positive: the gradient passes, ${write(gradient)}.`
      : "It is not positive: the gradient stops here, 0.";
  }
  return {
    sentence,
    body: [
      table(
        `Who sent it what: outputs of ${calls}`,
        ["output", "factor", "its gradient", "product"],
        rows,
      ),
    ],
  };
}

/**
 * Explain the gradient of a weight: for a convolution, a map of input × gradient over all windows.
 * @param {Flow} flow @param {number} weight @param {import("./maps.js").Palette} colours
 * @returns {import("./arithmetic.js").Explanation}
 */
export function explainWeight(flow, weight, colours) {
  const { layer, x } = flow.trace;
  const gradient = flow.params.weight[weight];
  const now = `The weight is ${write(layer.params.weight[weight])}`;
  const advice =
    gradient === 0
      ? "a small change of it changes nothing"
      : `${gradient < 0 ? "a larger" : "a smaller"} weight lowers the loss`;
  if (layer.name === "linear") {
    const [o, i] = [Math.floor(weight / x.length), weight % x.length];
    return {
      sentence:
        `${now}. Its gradient is its input times the gradient of its output: ${write(x[i])} × ` +
        `${write(flow.y[o])} = ${write(gradient)}: ${advice}.`,
      body: [],
    };
  }
  const { out, values, gradients, products } = weightMap(flow.trace, flow.y, weight);
  const shape = [1, layer.outShape[1], layer.outShape[2]];
  /** @param {string} title @param {Float64Array} numbers */
  const map = (title, numbers) => {
    const canvas = h("canvas", { role: "img", "aria-label": `${title}, for every window` });
    drawMaps(canvas, layOut(shape, 78, 74), numbers, largest(numbers), colours);
    return h("figure", canvas, h("figcaption", title));
  };
  /** @param {(x: number) => boolean} which */
  const sum = (which) => products.filter(which).reduce((total, product) => total + product, 0);
  const [plus, minus] = [sum((x) => x > 0), sum((x) => x < 0)];
  return {
    sentence:
      `${now}. Positive products add up to ${write(plus)}, negative ones to ${write(minus)}: its ` +
      `gradient is ${write(gradient)}: ${advice}.`,
    body: [
      h(
        "div",
        { class: "product" },
        map("input under the weight", values),
        h("span", { "aria-hidden": "true" }, "×"),
        map("gradient of the output", gradients),
        h("span", { "aria-hidden": "true" }, "="),
        map("products", products),
      ),
      table(
        `The windows of output channel ${out} that count most`,
        ["window", "input", "gradient", "product"],
        [
          ...largestFirst(
            Array.from(products, (product, t) => ({ product, t })),
            ({ product }) => product,
            ({ product, t }) => [
              `row ${Math.floor(t / shape[2])}, column ${t % shape[2]}`,
              write(values[t]),
              write(gradients[t]),
              write(product),
            ],
            6,
          ),
          ["its gradient, the sum", "", "", write(gradient)],
        ],
      ),
    ],
  };
}
