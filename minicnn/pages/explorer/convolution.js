// @ts-check
// Convolution: y[o, i, j] = bias[o] + Σ weight[o, c, k, l] · x[c, row, column].
// Output, input gradient and weight gradient are three readings of the same list of products.

import { axes, inside, lookingAt, place, position } from "./windows.js";

/** @typedef {import("./types.js").Layer} Layer */

/**
 * The number of the input channels that one output channel reads, and of the outputs in a group.
 * @param {Layer} layer @returns {{reads: number, makes: number}}
 */
function groupsOf(layer) {
  const { groups } = layer.options;
  return { reads: layer.inShape[0] / groups, makes: layer.outShape[0] / groups };
}

/**
 * Call f(w, y, x, n, step) for every row of products: n outputs from y on, each the product of the
 * weight w and an input: from x on, every step-th.
 * @param {Layer} layer
 * @param {(w: number, y: number, x: number, n: number, step: number) => void} f
 */
function eachRow(layer, f) {
  const [down, across] = axes(layer);
  const { reads, makes } = groupsOf(layer);
  let w = 0;
  for (let o = 0; o < layer.outShape[0]; o++) {
    for (let c = 0; c < reads; c++) {
      const channel = Math.floor(o / makes) * reads + c;
      for (let k = 0; k < down.kernel; k++) {
        const [top, bottom] = inside(down, k);
        for (let l = 0; l < across.kernel; l++, w++) {
          const [left, right] = inside(across, l);
          for (let i = top; i < bottom; i++) {
            const y = (o * down.to + i) * across.to + left;
            const row = channel * down.from + place(down, i, k);
            const x = row * across.from + place(across, left, l);
            f(w, y, x, right - left, across.stride);
          }
        }
      }
    }
  }
}

/** @type {import("./types.js").Kind} */
export const conv2d = {
  forward(layer, x) {
    const { weight, bias } = layer.params;
    const [channels, height, width] = layer.outShape;
    const y = new Float64Array(channels * height * width);
    eachRow(layer, (w, out, from, n, step) => {
      const factor = weight[w];
      for (let t = 0; t < n; t++) y[out + t] += factor * x[from + t * step];
    });
    if (bias) {
      for (let i = 0; i < y.length; i++) y[i] += bias[Math.floor(i / (height * width))];
    }
    return { y };
  },

  backward({ layer, x }, y) {
    const { weight, bias } = layer.params;
    const [channels, height, width] = layer.outShape;
    const gradient = new Float64Array(x.length);
    /** @type {Record<string, Float64Array>} */
    const params = { weight: new Float64Array(weight.length) };
    eachRow(layer, (w, out, from, n, step) => {
      const factor = weight[w];
      let sum = 0;
      for (let t = 0; t < n; t++) {
        sum += x[from + t * step] * y[out + t];
        gradient[from + t * step] += factor * y[out + t];
      }
      params.weight[w] += sum;
    });
    if (bias) {
      params.bias = new Float64Array(channels);
      for (let i = 0; i < y.length; i++) params.bias[Math.floor(i / (height * width))] += y[i];
    }
    return { x: gradient, params };
  },

  terms({ layer, x }, index) {
    const [down, across] = axes(layer);
    const { reads, makes } = groupsOf(layer);
    const [o, i, j] = position(layer.outShape, index);
    const terms = [];
    let weight = o * reads * down.kernel * across.kernel;
    for (let c = 0; c < reads; c++) {
      for (let k = 0; k < down.kernel; k++) {
        for (let l = 0; l < across.kernel; l++, weight++) {
          const from = imageIndex(layer, Math.floor(o / makes) * reads + c, i, j, k, l);
          const value = from < 0 ? 0 : x[from];
          terms.push({ from, value, factor: layer.params.weight[weight], weight });
        }
      }
    }
    return terms;
  },

  uses({ layer }, index) {
    const [down, across] = axes(layer);
    const { reads, makes } = groupsOf(layer);
    const [channel, row, column] = position(layer.inShape, index);
    const group = Math.floor(channel / reads);
    const uses = [];
    for (let o = group * makes; o < (group + 1) * makes; o++) {
      for (const [i, k] of lookingAt(down, row)) {
        for (const [j, l] of lookingAt(across, column)) {
          const w = ((o * reads + (channel % reads)) * down.kernel + k) * across.kernel + l;
          const to = (o * down.to + i) * across.to + j;
          uses.push({ to, factor: layer.params.weight[w] });
        }
      }
    }
    return uses;
  },

  // A weight's gradient is a sum over all windows, of the input under it times the gradient of the
  // output there; a bias is added to all outputs of its channel.
  gathers({ layer, x }, y, name, index) {
    const [down, across] = axes(layer);
    const { reads, makes } = groupsOf(layer);
    const n = down.to * across.to;
    const { out, input, k, l } = kernelPlace(layer, name, index);
    const channel = Math.floor(out / makes) * reads + input;
    /** @param {number} t  of the outputs @param {number} row @param {number} column  of the kernel */
    const from = (t, row, column) =>
      imageIndex(layer, channel, Math.floor(t / across.to), t % across.to, row, column);
    const values = new Float64Array(n).map((_, t) => {
      if (name === "bias") return 1;
      const at = from(t, k, l);
      return at < 0 ? 0 : x[at];
    });
    return {
      shape: [1, down.to, across.to],
      place: `output channel ${out}`,
      what: name === "weight" ? "input under the weight" : "1, as a bias is added as it is",
      values,
      gradients: y.slice(out * n, (out + 1) * n),
      first: out * n,
      looks(t) {
        if (name === "bias") return []; // which reads nothing
        const window = Array.from({ length: down.kernel * across.kernel }, (_, place) =>
          from(t, Math.floor(place / across.kernel), place % across.kernel),
        );
        return window.filter((at) => at >= 0);
      },
    };
  },

  sentence(layer) {
    const [down, across] = axes(layer);
    const { reads } = groupsOf(layer);
    const channels = reads === 1 ? "one channel" : `${reads} channels`;
    return (
      `Each of the ${layer.outShape[0]} kernels slides over the input. At every place it ` +
      `multiplies a window of ${down.kernel} × ${across.kernel} in ${channels} by its weights ` +
      `and adds up${layer.params.bias ? ", with its bias" : ""}.`
    );
  },
};

/**
 * The index of the input at place (k, l) of the window (i, j); −1 for padding.
 * @param {Layer} layer @param {number} channel
 * @param {number} i @param {number} j @param {number} k @param {number} l
 */
function imageIndex(layer, channel, i, j, k, l) {
  const [down, across] = axes(layer);
  const row = place(down, i, k);
  const column = place(across, j, l);
  if (row < 0 || row >= down.from || column < 0 || column >= across.from) return -1;
  return (channel * down.from + row) * across.from + column;
}

/**
 * Where a weight is in its layer: its output and input channel, row and column. A bias has only
 * an output channel.
 * @param {Layer} layer @param {string} name @param {number} index
 */
export function kernelPlace(layer, name, index) {
  if (name === "bias") return { out: index, input: 0, k: 0, l: 0 };
  const [down, across] = axes(layer);
  const { reads } = groupsOf(layer);
  const kernel = Math.floor(index / across.kernel / down.kernel);
  return {
    out: Math.floor(kernel / reads),
    input: kernel % reads,
    k: Math.floor(index / across.kernel) % down.kernel,
    l: index % across.kernel,
  };
}
