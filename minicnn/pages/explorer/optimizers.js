// @ts-check
// One step of an optimizer: a function from gradients to updates, with what it remembers.

/** @typedef {{step: (parameters: Float64Array[], gradients: Float64Array[], lr: number) => void}}
 *   Optimizer */

/** Stochastic gradient descent: θ ← θ − lr · g. @returns {Optimizer} */
export function sgd() {
  return {
    step(parameters, gradients, lr) {
      parameters.forEach((values, n) => {
        for (let i = 0; i < values.length; i++) values[i] -= lr * gradients[n][i];
      });
    },
  };
}

/**
 * Adam: moving averages m of the gradient and v of its square, both from 0.
 * θ ← θ − lr · m̂ / (√v̂ + eps), where m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 * @returns {Optimizer}
 */
export function adam(beta1 = 0.9, beta2 = 0.999, eps = 1e-8) {
  /** @type {Float64Array[]} */
  let m = [];
  /** @type {Float64Array[]} */
  let v = [];
  let t = 0;
  return {
    step(parameters, gradients, lr) {
      if (t === 0) [m, v] = [0, 0].map(() => parameters.map((p) => new Float64Array(p.length)));
      t += 1;
      const bias1 = 1 - beta1 ** t;
      const bias2 = Math.sqrt(1 - beta2 ** t);
      parameters.forEach((values, n) => {
        for (let i = 0; i < values.length; i++) {
          const g = gradients[n][i];
          m[n][i] += (1 - beta1) * (g - m[n][i]);
          v[n][i] = beta2 * v[n][i] + (1 - beta2) * g * g;
          values[i] += ((-lr / bias1) * m[n][i]) / (Math.sqrt(v[n][i]) / bias2 + eps);
        }
      });
    },
  };
}

export const OPTIMIZERS = { sgd, adam };
