// @ts-check
// Normalisation: y = (x − mean) / √(var + eps) · weight + bias. In batch normalisation the statistics
// are frozen, those of the training; the others take them of the image itself.

/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Trace} Trace */

/**
 * @typedef {object} Normaliser  What happens to one number.
 * @property {number} mean
 * @property {number} deviation  √(var + eps)
 * @property {number} weight
 * @property {number} bias
 * @property {number} parameter  the index of its weight and its bias
 */

/** How many numbers share a weight, one channel after the other. @param {Layer} layer */
function perChannel({ inShape, params }) {
  return inShape.reduce((product, side) => product * side, 1) / params.weight.length;
}

/** @param {Layer} layer @param {number} channel @returns {Normaliser} */
function frozen({ params, state, options }, channel) {
  return {
    mean: state.mean[channel],
    deviation: Math.sqrt(state.var[channel] + options.eps),
    weight: params.weight[channel],
    bias: params.bias[channel],
    parameter: channel,
  };
}

/**
 * A weight is multiplied with the normalised numbers of its channel, a bias is added to them; in
 * layer normalisation each number has its own.
 * @type {NonNullable<Kind["gathers"]>}
 */
function gathers(trace, y, name, index) {
  const { layer, x } = trace;
  const n = perChannel(layer);
  const [, ...sides] = layer.inShape;
  const { mean, deviation } = normaliser(trace, index * n);
  return {
    shape: n === 1 ? [1] : [1, ...sides],
    place: n === 1 ? `number ${index}` : `channel ${index}`,
    what: name === "weight" ? "normalised input" : "1, as a bias is added as it is",
    values: x.slice(index * n, (index + 1) * n).map((value) => {
      return name === "weight" ? (value - mean) / deviation : 1;
    }),
    gradients: y.slice(index * n, (index + 1) * n),
    first: index * n,
    looks: (t) => [index * n + t],
  };
}

/** @type {Kind} */
export const batch_norm = {
  forward(layer, x) {
    const n = perChannel(layer);
    const all = Array.from(layer.params.weight, (_, c) => frozen(layer, c));
    return {
      y: x.map((value, i) => {
        const { mean, deviation, weight, bias } = all[Math.floor(i / n)];
        return ((value - mean) / deviation) * weight + bias;
      }),
    };
  },

  backward({ layer, x }, y) {
    const n = perChannel(layer);
    const all = Array.from(layer.params.weight, (_, c) => frozen(layer, c));
    const params = { weight: new Float64Array(all.length), bias: new Float64Array(all.length) };
    const gradient = x.map((value, i) => {
      const c = Math.floor(i / n);
      const { mean, deviation, weight } = all[c];
      params.weight[c] += (y[i] * (value - mean)) / deviation;
      params.bias[c] += y[i];
      return (y[i] * weight) / deviation;
    });
    return { x: gradient, params };
  },

  terms(trace, i) {
    const { weight, deviation } = normaliser(trace, i);
    return [{ from: i, value: trace.x[i], factor: weight / deviation }];
  },

  uses(trace, j) {
    const { weight, deviation } = normaliser(trace, j);
    return [{ to: j, factor: weight / deviation }];
  },

  gathers,

  sentence() {
    return (
      "Each channel is shifted and scaled by the mean and the variance of the training images, " +
      "then by a weight and a bias of its own."
    );
  },
};

/**
 * The numbers that are normalised together: n of them, in order; and the parameter of number i.
 * @param {Layer} layer @returns {{n: number, parameterOf: (i: number) => number}}
 */
function grouping(layer) {
  const n = layer.inShape.reduce((product, side) => product * side, 1);
  if (layer.name === "layer_norm") return { n, parameterOf: (i) => i };
  return {
    n: n / layer.options.num_groups,
    parameterOf: (i) => Math.floor(i / perChannel(layer)),
  };
}

/** The mean of a group and its deviation. @param {Layer} layer @param {Float64Array} group */
function statistics({ options }, group) {
  const mean = group.reduce((sum, value) => sum + value, 0) / group.length;
  const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / group.length;
  return { mean, deviation: Math.sqrt(variance + options.eps) };
}

/** @param {string} what @returns {Kind} */
function normOf(what) {
  return {
    forward(layer, x) {
      const { n, parameterOf } = grouping(layer);
      const { weight, bias } = layer.params;
      const y = new Float64Array(x.length);
      for (let start = 0; start < x.length; start += n) {
        const { mean, deviation } = statistics(layer, x.subarray(start, start + n));
        for (let i = start; i < start + n; i++) {
          const k = parameterOf(i);
          y[i] = ((x[i] - mean) / deviation) * weight[k] + bias[k];
        }
      }
      return { y };
    },

    // All numbers of a group move its mean and its deviation. With x̂ the normalised number and
    // g = ∂loss/∂y · weight:  ∂loss/∂x = (g − mean(g) − x̂ · mean(g · x̂)) / deviation
    backward({ layer, x }, y) {
      const { n, parameterOf } = grouping(layer);
      const { weight } = layer.params;
      const params = { weight: weight.map(() => 0), bias: weight.map(() => 0) };
      const gradient = new Float64Array(x.length);
      for (let start = 0; start < x.length; start += n) {
        const group = x.subarray(start, start + n);
        const { mean, deviation } = statistics(layer, group);
        const normal = group.map((value) => (value - mean) / deviation);
        const g = group.map((_, t) => y[start + t] * weight[parameterOf(start + t)]);
        const meanG = g.reduce((sum, value) => sum + value, 0) / n;
        const meanGX = g.reduce((sum, value, t) => sum + value * normal[t], 0) / n;
        for (let t = 0; t < n; t++) {
          const k = parameterOf(start + t);
          params.weight[k] += y[start + t] * normal[t];
          params.bias[k] += y[start + t];
          gradient[start + t] = (g[t] - meanG - normal[t] * meanGX) / deviation;
        }
      }
      return { x: gradient, params };
    },

    terms(trace, i) {
      const { weight, deviation } = normaliser(trace, i);
      return [{ from: i, value: trace.x[i], factor: weight / deviation }];
    },

    uses(trace, j) {
      const { n, parameterOf } = grouping(trace.layer);
      const { weight } = trace.layer.params;
      const { mean, deviation } = normaliser(trace, j);
      const start = Math.floor(j / n) * n;
      /** @param {number} i */
      const normal = (i) => (trace.x[i] - mean) / deviation;
      return Array.from({ length: n }, (_, t) => {
        const to = start + t;
        const share = +(to === j) - (1 + normal(to) * normal(j)) / n;
        return { to, factor: (weight[parameterOf(to)] * share) / deviation };
      });
    },

    gathers,

    sentence: () =>
      `${what} shifted and scaled to mean 0 and variance 1, then by weights and biases.`,
  };
}

export const layer_norm = normOf("All numbers of an image are");
export const group_norm = normOf("The channels of each group are");

/** What happens to number i of the input. @param {Trace} trace @param {number} i
 * @returns {Normaliser} */
export function normaliser({ layer, x }, i) {
  if (layer.name === "batch_norm") return frozen(layer, Math.floor(i / perChannel(layer)));
  const { n, parameterOf } = grouping(layer);
  const start = Math.floor(i / n) * n;
  const k = parameterOf(i);
  const { weight, bias } = layer.params;
  return {
    ...statistics(layer, x.subarray(start, start + n)),
    weight: weight[k],
    bias: bias[k],
    parameter: k,
  };
}
