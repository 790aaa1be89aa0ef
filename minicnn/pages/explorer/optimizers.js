// @ts-check
// One step of an optimizer: it changes the parameters, and returns what it has to remember.

/**
 * @typedef {{t: number, m: Float64Array[], v: Float64Array[]} | null} Memory  null before a step
 * @typedef {{momentum?: number, beta1?: number, beta2?: number}} Options
 * @typedef {(parameters: Float64Array[], gradients: Float64Array[], lr: number, memory: Memory,
 *   options?: Options) => Memory} Optimizer
 */

/**
 * Stochastic gradient descent: θ ← θ − lr · m, where m ← momentum · m + g, from 0.
 * @type {Optimizer}
 */
function sgd(parameters, gradients, lr, memory, { momentum = 0 } = {}) {
  const m = gradients.map((g, n) =>
    memory ? g.map((value, i) => momentum * memory.m[n][i] + value) : g,
  );
  parameters.forEach((values, n) => {
    for (let i = 0; i < values.length; i++) values[i] -= lr * m[n][i];
  });
  return momentum ? { t: (memory?.t ?? 0) + 1, m, v: [] } : null;
}

const EPS = 1e-8;

/**
 * Adam: m and v are moving averages of the gradient and of its square, both from 0.
 * θ ← θ − lr · m̂ / (√v̂ + eps), where m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 * @type {Optimizer}
 */
function adam(parameters, gradients, lr, memory, { beta1 = 0.9, beta2 = 0.999 } = {}) {
  const t = (memory?.t ?? 0) + 1;
  const bias1 = 1 - beta1 ** t;
  const bias2 = 1 - beta2 ** t;
  const m = gradients.map((g, n) =>
    g.map((value, i) => {
      const before = memory?.m[n][i] ?? 0;
      return before + (1 - beta1) * (value - before);
    }),
  );
  const v = gradients.map((g, n) =>
    g.map((value, i) => {
      return beta2 * (memory?.v[n][i] ?? 0) + (1 - beta2) * value * value;
    }),
  );
  parameters.forEach((values, n) => {
    for (let i = 0; i < values.length; i++) {
      const root = Math.sqrt(v[n][i]) / Math.sqrt(bias2);
      values[i] -= ((lr / bias1) * m[n][i]) / (root + EPS);
    }
  });
  return { t, m, v };
}

export const OPTIMIZERS = { sgd, adam };
