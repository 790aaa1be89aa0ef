// @ts-check
// From scores to a loss: probabilities, and the cross-entropy −log p of the true class.

/** @param {Float64Array} logits @returns {Float64Array} z − log Σ exp z, without overflow */
export function logSoftmax(logits) {
  const top = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, z) => total + Math.exp(z - top), 0);
  return logits.map((z) => z - top - Math.log(sum));
}

/** @param {Float64Array} logits @returns {Float64Array} exp z / Σ exp z */
export function softmax(logits) {
  return logSoftmax(logits).map(Math.exp);
}

/**
 * The loss −log p[label] and its gradient p − y, where y is 1 for the label and 0 elsewhere.
 * @param {Float64Array} logits @param {number} label
 * @returns {{loss: number, gradient: Float64Array}}
 */
export function crossEntropy(logits, label) {
  const p = softmax(logits);
  return {
    loss: -logSoftmax(logits)[label],
    gradient: p.map((value, k) => value - +(k === label)),
  };
}
