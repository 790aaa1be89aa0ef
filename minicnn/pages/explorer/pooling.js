// @ts-check
// Pooling: the largest number of each window, or its mean.

import { size } from "./numbers.js";
import { axes, lookingAt, place, position } from "./windows.js";

/** @typedef {import("./types.js").Layer} Layer */

/**
 * The indices of the inputs in the window of output i, without padding.
 * @param {Layer} layer @param {number} index @returns {number[]}
 */
export function windowOf(layer, index) {
  const [down, across] = axes(layer);
  const [channel, i, j] = position(layer.outShape, index);
  const found = [];
  for (let k = 0; k < down.kernel; k++) {
    const row = place(down, i, k);
    if (row < 0 || row >= down.from) continue;
    for (let l = 0; l < across.kernel; l++) {
      const column = place(across, j, l);
      if (column < 0 || column >= across.from) continue;
      found.push((channel * down.from + row) * across.from + column);
    }
  }
  return found;
}

/**
 * The indices of the outputs whose windows hold input j.
 * @param {Layer} layer @param {number} index @returns {number[]}
 */
function windowsWith(layer, index) {
  const [down, across] = axes(layer);
  const [channel, row, column] = position(layer.inShape, index);
  return lookingAt(down, row).flatMap(([i]) =>
    lookingAt(across, column).map(([j]) => (channel * down.to + i) * across.to + j),
  );
}

/**
 * The index of the winner of window i: the first of the largest, or the last NaN.
 * @param {Layer} layer @param {Float64Array} x @param {number} index
 */
export function winner(layer, x, index) {
  const found = windowOf(layer, index);
  let best = found[0];
  for (const from of found) if (x[from] > x[best] || Number.isNaN(x[from])) best = from;
  return best;
}

/** @type {import("./types.js").Kind} */
export const max_pool2d = {
  forward(layer, x) {
    return {
      y: Float64Array.from({ length: size(layer.outShape) }, (_, i) => x[winner(layer, x, i)]),
    };
  },

  backward({ layer, x }, y) {
    const gradient = new Float64Array(x.length);
    y.forEach((value, i) => (gradient[winner(layer, x, i)] += value));
    return { x: gradient };
  },

  terms({ layer, x }, i) {
    const best = winner(layer, x, i);
    return windowOf(layer, i).map((from) => ({ from, value: x[from], factor: +(from === best) }));
  },

  uses({ layer, x }, j) {
    const used = windowsWith(layer, j);
    return used.map((to) => ({ to, factor: +(winner(layer, x, to) === j) }));
  },

  sentence(layer) {
    const [down, across] = axes(layer);
    return `The largest number of every window of ${down.kernel} × ${across.kernel}.`;
  },
};

/**
 * What the sum over window i is divided by: its size, or that of its part inside the image. What
 * hangs over the padding is never counted.
 * @param {Layer} layer @param {number} index
 */
function divisor(layer, index) {
  if (!layer.options.count_include_pad) return windowOf(layer, index).length;
  const [, i, j] = position(layer.outShape, index);
  const [rows, columns] = axes(layer).map((axis, n) => {
    const first = place(axis, [i, j][n], 0);
    return Math.min(first + axis.kernel, axis.from + axis.padding) - first;
  });
  return rows * columns;
}

/** @type {import("./types.js").Kind} */
export const avg_pool2d = {
  forward(layer, x) {
    return {
      y: Float64Array.from({ length: size(layer.outShape) }, (_, i) => {
        const sum = windowOf(layer, i).reduce((total, from) => total + x[from], 0);
        return sum / divisor(layer, i);
      }),
    };
  },

  backward({ layer, x }, y) {
    const gradient = new Float64Array(x.length);
    y.forEach((value, i) => {
      const share = value / divisor(layer, i);
      for (const from of windowOf(layer, i)) gradient[from] += share;
    });
    return { x: gradient };
  },

  terms({ layer, x }, i) {
    const factor = 1 / divisor(layer, i);
    return windowOf(layer, i).map((from) => ({ from, value: x[from], factor }));
  },

  uses({ layer }, j) {
    return windowsWith(layer, j).map((to) => ({ to, factor: 1 / divisor(layer, to) }));
  },

  sentence(layer) {
    const [down, across] = axes(layer);
    return `The mean of every window of ${down.kernel} × ${across.kernel}.`;
  },
};

/** @type {import("./types.js").Kind} */
export const global_avg_pool = {
  forward(layer, x) {
    const n = x.length / layer.inShape[0];
    return {
      y: Float64Array.from({ length: layer.inShape[0] }, (_, c) => {
        return x.subarray(c * n, (c + 1) * n).reduce((total, value) => total + value, 0) / n;
      }),
    };
  },

  backward({ layer, x }, y) {
    const n = x.length / layer.inShape[0];
    return { x: x.map((_, j) => y[Math.floor(j / n)] / n) };
  },

  terms({ layer, x }, c) {
    const n = x.length / layer.inShape[0];
    return Array.from(x.subarray(c * n, (c + 1) * n), (value, i) => {
      return { from: c * n + i, value, factor: 1 / n };
    });
  },

  uses({ layer, x }, j) {
    const n = x.length / layer.inShape[0];
    return [{ to: Math.floor(j / n), factor: 1 / n }];
  },

  sentence() {
    return "The mean of each channel.";
  },
};
