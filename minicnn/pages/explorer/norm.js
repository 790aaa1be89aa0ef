// @ts-check
// Batch normalisation with frozen statistics: y = (x − mean) / √(var + eps) · weight + bias.

/** @typedef {import("./types.js").Layer} Layer */

/** @param {Layer} layer @param {number} channel @returns {number} 1 / √(var + eps) */
function perDeviation(layer, channel) {
  return 1 / Math.sqrt(layer.state.var[channel] + layer.options.eps);
}

/** @param {Layer} layer @param {number} i @returns {number} the channel of number i */
export function channelOf(layer, i) {
  const [channels, ...sides] = layer.inShape;
  return channels && Math.floor(i / sides.reduce((product, side) => product * side, 1));
}

/** @type {import("./types.js").Kind} */
export const batch_norm = {
  forward(layer, x) {
    const { weight, bias } = layer.params;
    const factor = weight.map((value, c) => value * perDeviation(layer, c));
    const shift = bias.map((value, c) => value - layer.state.mean[c] * factor[c]);
    return {
      y: x.map((value, i) => value * factor[channelOf(layer, i)] + shift[channelOf(layer, i)]),
    };
  },

  backward({ layer, x }, y) {
    const { weight, bias } = layer.params;
    const params = {
      weight: new Float64Array(weight.length),
      bias: new Float64Array(bias.length),
    };
    const gradient = x.map((value, i) => {
      const c = channelOf(layer, i);
      params.weight[c] += y[i] * (value - layer.state.mean[c]) * perDeviation(layer, c);
      params.bias[c] += y[i];
      return y[i] * weight[c] * perDeviation(layer, c);
    });
    return { x: gradient, params };
  },

  terms({ layer, x }, i) {
    const c = channelOf(layer, i);
    return [{ from: i, value: x[i], factor: layer.params.weight[c] * perDeviation(layer, c) }];
  },

  uses({ layer }, j) {
    const c = channelOf(layer, j);
    return [{ to: j, factor: layer.params.weight[c] * perDeviation(layer, c) }];
  },

  sentence() {
    return (
      "Each channel is shifted and scaled by the mean and the variance of the training images, " +
      "then by a weight and a bias of its own."
    );
  },
};
