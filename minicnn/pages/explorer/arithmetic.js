// @ts-check
// The arithmetic of one cell, forward: which numbers it is made of, and how.

import { h, percent, where, write } from "./dom.js";
import { KINDS } from "./network.js";
import { normaliser } from "./norm.js";
import { grid, largestFirst, table } from "./tables.js";
import { axes } from "./windows.js";

/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./types.js").Term} Term */

/**
 * @typedef {object} Explanation
 * @property {string} sentence  the arithmetic in one line, for reading aloud
 * @property {any[]} body       tables
 */

/** @typedef {(name: string, i: number, digits?: number) => any} WeightCell  one that can be opened */

/** @param {Term[]} terms */
export const total = (terms) => terms.reduce((sum, { value, factor }) => sum + value * factor, 0);

/**
 * Explain the cell of a convolution: window × kernel, channel by channel.
 * @param {Trace} trace @param {number} i
 * @param {{channel: number | null, choose: (channel: number) => void,
 *   weightCell: WeightCell}} options
 * @returns {Explanation}
 */
function explainConvolution(trace, i, { channel, choose, weightCell }) {
  const { layer, y } = trace;
  const [down, across] = axes(layer);
  const terms = KINDS.conv2d.terms(trace, i);
  const n = down.kernel * across.kernel;
  const channels = terms.length / n;
  const parts = Array.from({ length: channels }, (_, c) => terms.slice(c * n, (c + 1) * n));
  const sums = parts.map(total);
  const strongest = sums.reduce(
    (best, sum, c) => (Math.abs(sum) > Math.abs(sums[best]) ? c : best),
    0,
  );
  const shown = channel !== null && channel < channels ? channel : strongest;
  const part = parts[shown];
  const out = Math.floor(i / (down.to * across.to));
  const bias = layer.params.bias?.[out];
  const padded = part.some(({ from }) => from < 0);
  const body = [
    h(
      "div",
      { class: "product" },
      grid(
        "window",
        part.map(({ from, value }) => (from < 0 ? "pad 0" : write(value, 3))),
        across.kernel,
      ),
      h("span", { "aria-hidden": "true" }, "×"),
      grid(
        "kernel",
        part.map(({ weight }) => weightCell("weight", /** @type {number} */ (weight), 3)),
        across.kernel,
      ),
      h("span", { "aria-hidden": "true" }, "="),
      grid(
        "products",
        part.map(({ value, factor }) => write(value * factor, 3)),
        across.kernel,
      ),
    ),
  ];
  if (padded) body.push(h("p", { class: "note" }, "“pad 0” is padding: zeros around the image."));
  const rows = sums.map((sum, c) => [
    h(
      "button",
      { type: "button", "aria-pressed": `${c === shown}`, click: () => choose(c) },
      `input channel ${c}`,
    ),
    write(sum),
  ]);
  if (bias !== undefined) rows.push(["bias", weightCell("bias", out)]);
  rows.push(["result", write(y[i])]);
  body.push(table(`Sums of ${n} products each, and the result`, ["part", "number"], rows));
  const all = sums.reduce((sum, each) => sum + each, 0);
  return {
    sentence:
      `${terms.length} products of a window and a kernel add up to ${write(all)}` +
      (bias === undefined ? "." : `, plus the bias ${write(bias)}, is ${write(y[i])}.`),
    body,
  };
}

/** @param {Trace} trace @param {number} i @param {WeightCell} weightCell */
function explainLinear(trace, i, weightCell) {
  const { layer, y } = trace;
  const terms = KINDS.linear.terms(trace, i);
  const bias = layer.params.bias?.[i];
  const rows = largestFirst(
    terms,
    ({ value, factor }) => value * factor,
    ({ from, value, factor, weight }) => [
      where(layer.inShape, from),
      write(value),
      weightCell("weight", /** @type {number} */ (weight)),
      write(value * factor),
    ],
  );
  if (bias !== undefined) rows.push(["bias", "", "", weightCell("bias", i)]);
  rows.push(["result", "", "", write(y[i])]);
  return {
    sentence:
      `${terms.length} inputs times weights add up to ${write(total(terms))}` +
      (bias === undefined ? "." : `, plus the bias ${write(bias)}, is ${write(y[i])}.`),
    body: [table("The largest products", ["input", "value", "weight", "product"], rows)],
  };
}

/** @param {Trace} trace @param {number} i */
function explainLargest(trace, i) {
  const { layer, y } = trace;
  const terms = KINDS.max_pool2d.terms(trace, i);
  const best = terms.find(({ factor }) => factor === 1);
  const ties = terms.filter(({ value }) => value === y[i]).length;
  const tie = ties > 1 ? ` ${ties} cells tie, and the first of them wins.` : "";
  return {
    sentence:
      `The largest of ${terms.length} numbers is ${write(y[i])}, at ` +
      `${where(layer.inShape, best?.from ?? 0)}.${tie}`,
    body: [
      table(
        "The window and its winner",
        ["input", "value", "result"],
        terms.map(({ from, value, factor }) => [
          where(layer.inShape, from),
          write(value),
          factor ? "← wins" : value === y[i] ? "ties" : "",
        ]),
      ),
    ],
  };
}

/** @param {Trace} trace @param {number} i */
function explainMean(trace, i) {
  const { layer, y } = trace;
  const terms = KINDS[layer.name].terms(trace, i);
  const sum = terms.reduce((total, { value }) => total + value, 0);
  return {
    sentence: `${terms.length} numbers add up to ${write(sum)}, times ${write(terms[0]?.factor ?? 0)}, is ${write(y[i])}.`,
    body: [
      table(
        "The numbers of the mean",
        ["input", "value"],
        largestFirst(
          terms,
          ({ value }) => value,
          ({ from, value }) => [where(layer.inShape, from), write(value)],
        ),
      ),
    ],
  };
}

/** @param {Trace} trace @param {number} i @param {WeightCell} weightCell */
function explainNormalised(trace, i, weightCell) {
  const { layer, x, y } = trace;
  const { mean, deviation, weight, bias, parameter } = normaliser(trace, i);
  const of =
    layer.name === "batch_norm" ? "of the training images" : "of those normalised together";
  return {
    sentence:
      `(${write(x[i])} − ${write(mean)}) / ${write(deviation)} × ${write(weight)} + ` +
      `${write(bias)} = ${write(y[i])}.`,
    body: [
      table(
        "The normalisation of this number",
        ["what", "number"],
        [
          ["input", write(x[i])],
          [`mean ${of}`, write(mean)],
          ["their deviation √(var + eps)", write(deviation)],
          ["normalised", write((x[i] - mean) / deviation)],
          ["weight", weightCell("weight", parameter)],
          ["bias", weightCell("bias", parameter)],
          ["result", write(y[i])],
        ],
      ),
    ],
  };
}

/**
 * Explain a cell of a layer's output.
 * @param {Trace} trace @param {number} i
 * @param {Parameters<typeof explainConvolution>[2]} options @returns {Explanation}
 */
export function explain(trace, i, options) {
  const { layer, x, y } = trace;
  switch (layer.name) {
    case "conv2d":
      return explainConvolution(trace, i, options);
    case "linear":
      return explainLinear(trace, i, options.weightCell);
    case "max_pool2d":
      return explainLargest(trace, i);
    case "avg_pool2d":
    case "global_avg_pool":
      return explainMean(trace, i);
    case "batch_norm":
    case "layer_norm":
    case "group_norm":
      return explainNormalised(trace, i, options.weightCell);
    case "relu": {
      const passes = x[i] > 0 ? "is positive and passes" : "is not positive and becomes 0";
      return {
        sentence: `max(0, ${write(x[i])}) = ${write(y[i])}: the input ${passes}.`,
        body: [],
      };
    }
    case "flatten":
      return {
        sentence: `Number ${i} is ${where(layer.inShape, i)} of the input: ${write(y[i])}.`,
        body: [],
      };
    case "leaky_relu":
    case "sigmoid":
    case "tanh":
    case "silu":
    case "gelu": {
      const [{ factor }] = KINDS[layer.name].terms(trace, i);
      return {
        sentence: `${layer.name}(${write(x[i])}) = ${write(y[i])}; its slope there is ${write(factor)}.`,
        body: [],
      };
    }
    case "residual": {
      const [change, shortcut] = KINDS.residual.terms(trace, i).map(({ value }) => write(value));
      const other = layer.children[1] ? "its shortcut" : "its own input";
      return {
        sentence: `${change} from the layers inside + ${shortcut} from ${other} = ${write(y[i])}.`,
        body: [],
      };
    }
    case "average_views": {
      const terms = KINDS.average_views.terms(trace, i);
      const mean = total(terms);
      return {
        sentence: `log ${write(mean)} = ${write(y[i])}: the mean of the probabilities in ${terms.length} views.`,
        body: [
          table(
            "The views",
            ["view", "probability"],
            terms.map(({ value }, n) => [`${n}`, percent(value)]),
          ),
        ],
      };
    }
    default:
      return { sentence: `The number ${write(y[i])} passes unchanged.`, body: [] };
  }
}
