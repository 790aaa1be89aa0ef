// @ts-check
// Layers in which each output depends on one input alone: activations, and what changes nothing.

/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {(x: number, options: Record<string, any>) => number} Scalar */

/**
 * Make a kind of layer of y = f(x) and its derivative.
 * @param {Scalar} f @param {Scalar} derivative @param {string} sentence @returns {Kind}
 */
function pointwise(f, derivative, sentence) {
  /** @param {import("./types.js").Trace} trace @param {number} i */
  const slope = ({ layer, x }, i) => derivative(x[i], layer.options);
  return {
    forward: ({ options }, x) => ({ y: x.map((value) => f(value, options)) }),
    backward: (trace, y) => ({ x: y.map((gradient, i) => slope(trace, i) * gradient) }),
    terms: (trace, i) => [{ from: i, value: trace.x[i], factor: slope(trace, i) }],
    uses: (trace, j) => [{ to: j, factor: slope(trace, j) }],
    sentence: () => sentence,
  };
}

// Comparisons with NaN are false: so NaN stays NaN, and its gradient passes.
export const relu = pointwise(
  (x) => (x <= 0 ? 0 : x),
  (x) => (x <= 0 ? 0 : 1),
  "Positive numbers pass, negative ones become 0.",
);

export const leaky_relu = pointwise(
  (x, { negative_slope }) => (x <= 0 ? x * negative_slope : x),
  (x, { negative_slope }) => (x <= 0 ? negative_slope : 1),
  "Positive numbers pass, negative ones become small.",
);

/** 1 / (1 + exp(−x)) without overflow. @param {number} x */
const logistic = (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

export const sigmoid = pointwise(
  (x) => logistic(x),
  (x) => logistic(x) * logistic(-x),
  "1 / (1 + exp(−x)): every number is squeezed between 0 and 1.",
);

export const tanh = pointwise(
  (x) => Math.tanh(x),
  (x) => 1 - Math.tanh(x) ** 2,
  "Every number is squeezed between −1 and 1.",
);

export const silu = pointwise(
  (x) => x * logistic(x),
  (x) => logistic(x) * (1 + x * logistic(-x)),
  "x · sigmoid(x): a smooth relu.",
);

/**
 * The error function, by the series 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)): its
 * summands are all positive, so nothing is lost. Beyond 6 it is ±1 to the last bit.
 * @param {number} x
 */
export function erf(x) {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let summand = x;
  let sum = x;
  for (let n = 1; Math.abs(summand) > 1e-17 * Math.abs(sum); n++) {
    summand *= (2 * x * x) / (2 * n + 1);
    sum += summand;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The distribution function of the normal distribution. @param {number} x */
const normal = (x) => (1 + erf(x / Math.SQRT2)) / 2;

const [SLOPE, CUBIC] = [Math.sqrt(2 / Math.PI), 0.044715]; // of the approximation by tanh

/** @param {number} x */
const bend = (x) => Math.tanh(SLOPE * (x + CUBIC * x ** 3));

export const gelu = pointwise(
  (x, { approximate }) => x * (approximate === "tanh" ? (1 + bend(x)) / 2 : normal(x)),
  (x, { approximate }) => {
    if (approximate !== "tanh") {
      return normal(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
    }
    return (1 + bend(x) + x * (1 - bend(x) ** 2) * SLOPE * (1 + 3 * CUBIC * x * x)) / 2;
  },
  "x times the probability that a normal number is below x: a smooth relu.",
);

/** @param {string} sentence @returns {Kind} */
const identity = (sentence) =>
  pointwise(
    (x) => x,
    () => 1,
    sentence,
  );

export const flatten = identity("The same numbers in one row, channel after channel.");

export const dropout = identity(
  "In training it replaces some numbers by 0, at random. Here, as in testing, all numbers pass.",
);
