// @ts-check
// Layers in which each output depends on one input alone.

/** @typedef {import("./types.js").Kind} Kind */

/**
 * Make a kind of layer of y = f(x) and its derivative.
 * @param {(x: number) => number} f @param {(x: number) => number} derivative
 * @param {string} sentence @returns {Kind}
 */
function pointwise(f, derivative, sentence) {
  return {
    forward: (_, x) => ({ y: x.map(f) }),
    backward: ({ x }, y) => ({ x: x.map((value, i) => derivative(value) * y[i]) }),
    terms: ({ x }, i) => [{ from: i, value: x[i], factor: derivative(x[i]) }],
    uses: ({ x }, j) => [{ to: j, factor: derivative(x[j]) }],
    sentence: () => sentence,
  };
}

// Comparisons with NaN are false: so NaN stays NaN, and its gradient passes.
export const relu = pointwise(
  (x) => (x <= 0 ? 0 : x),
  (x) => (x <= 0 ? 0 : 1),
  "Positive numbers pass, negative ones become 0.",
);

/** @param {string} sentence @returns {Kind} */
const identity = (sentence) => pointwise((x) => x, () => 1, sentence);

export const flatten = identity("The same numbers in one row, channel after channel.");

export const dropout = identity(
  "In training it replaces some numbers by 0, at random. Here, as in testing, all numbers pass.",
);
