// @ts-check
// Layers made of layers: in sequence, with a shortcut around them, side by side, over shifted views.

import { logSoftmax, softmax } from "./loss.js";
import { add } from "./numbers.js";
import { position } from "./windows.js";

/** @typedef {import("./types.js").Flow} Flow */
/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Trace} Trace */

// The last layer inside made the output, and the page shows that one instead.
/** @type {Kind} */
export const sequential = {
  forward(layer, x, forward) {
    const inside = [];
    let y = x;
    for (const child of layer.children) {
      inside.push(forward(child, y));
      y = inside[inside.length - 1].y;
    }
    return { y, inside };
  },

  backward(trace, y, backward) {
    /** @type {Flow[]} */
    const inside = [];
    let x = y;
    for (const child of [...trace.inside].reverse()) {
      inside.unshift(backward(child, x));
      x = inside[0].x;
    }
    return { x, inside };
  },

  terms: () => [],
  sentence: () => "One layer after the other.",
};

// y = f(x) + x, or f(x) + g(x) with a shortcut g.
/** @type {Kind} */
export const residual = {
  forward(layer, x, forward) {
    const inside = layer.children.map((child) => forward(child, x));
    return { y: add(inside[0].y, inside[1]?.y ?? x), inside };
  },

  backward(trace, y, backward) {
    const inside = trace.inside.map((child) => backward(child, y));
    return { x: add(inside[0].x, inside[1]?.x ?? y), inside };
  },

  terms({ x, inside }, i) {
    return [inside[0].y, inside[1]?.y ?? x].map((from) => {
      return { from: i, value: from[i], factor: 1 };
    });
  },

  sentence(layer) {
    const shortcut = layer.children[1] ? "the output of its shortcut" : "its own input";
    return `The output of the layers inside, plus ${shortcut}: the layers learn a change.`;
  },
};

/** @param {Trace} trace @returns {number[]} where each branch begins in the output, and the end */
function borders(trace) {
  return trace.inside.reduce((found, { y }) => [...found, found[found.length - 1] + y.length], [0]);
}

// y = [f₁(x), f₂(x), …]: the channels of the branches, joined.
/** @type {Kind} */
export const parallel = {
  forward(layer, x, forward) {
    const inside = layer.children.map((child) => forward(child, x));
    return { y: Float64Array.from(inside.flatMap(({ y }) => [...y])), inside };
  },

  backward(trace, y, backward) {
    const ends = borders(trace);
    const inside = trace.inside.map((child, n) => {
      return backward(child, y.slice(ends[n], ends[n + 1]));
    });
    return { x: inside.map((flow) => flow.x).reduce(add), inside };
  },

  terms(trace, i) {
    const branch = borders(trace).findLastIndex((start) => start <= i);
    return [{ from: i - borders(trace)[branch], value: trace.y[i], factor: 1 }];
  },

  sentence: (layer) => `The outputs of ${layer.children.length} branches, side by side.`,
};

/**
 * Shift an image by whole pixels; what is shifted in is 0.
 * @param {number[]} shape @param {Float64Array} x @param {number} down @param {number} across
 */
function shifted([channels, height, width], x, down, across) {
  const y = new Float64Array(x.length);
  for (let c = 0; c < channels; c++) {
    for (let i = Math.max(0, down); i < Math.min(height, height + down); i++) {
      for (let j = Math.max(0, across); j < Math.min(width, width + across); j++) {
        y[(c * height + i) * width + j] = x[(c * height + i - down) * width + j - across];
      }
    }
  }
  return y;
}

/** A view of the image. @type {Kind} */
export const shift = {
  forward: ({ inShape, options: { down, across } }, x) => {
    return { y: shifted(inShape, x, down, across) };
  },

  backward: ({ layer: { inShape, options } }, y) => {
    return { x: shifted(inShape, y, -options.down, -options.across) };
  },

  terms({ layer: { inShape, options }, x }, i) {
    const from = moved(inShape, i, -options.down, -options.across);
    return [{ from, value: from < 0 ? 0 : x[from], factor: 1 }];
  },

  uses({ layer: { inShape, options } }, j) {
    const to = moved(inShape, j, options.down, options.across);
    return to < 0 ? [] : [{ to, factor: 1 }];
  },

  sentence: () =>
    "The network answers nine views of the image, shifted by whole pixels. Shown is the view in " +
    "the middle, which is not shifted.",
};

/**
 * The index of a cell after a shift; −1 if it leaves the image.
 * @param {number[]} shape @param {number} i @param {number} down @param {number} across
 */
function moved(shape, i, down, across) {
  const [, height, width] = shape;
  const [channel, row, column] = position(shape, i);
  const [to, at] = [row + down, column + across];
  if (to < 0 || to >= height || at < 0 || at >= width) return -1;
  return (channel * height + to) * width + at;
}

/**
 * The network behind each of the nine views; the fifth is not shifted.
 * @param {Layer} layer @returns {Layer[]}
 */
function views({ inShape, outShape, options: { pixels }, children }) {
  const steps = [pixels, 0, -pixels];
  const places = steps.flatMap((down) => steps.map((across) => ({ down, across })));
  const none = { params: {}, state: {}, children: [] };
  return places.map((options, v) => {
    const call = `view ${v + 1} of ${places.length}`;
    const view = { ...none, name: "shift", call, options, inShape, outShape: inShape };
    const both = [view, ...children];
    return { ...none, name: "sequential", call, options, inShape, outShape, children: both };
  });
}

// y = log (1/9 Σ softmax(f(view))): the mean prediction over an image and eight shifts of it.
/** @type {Kind} */
export const average_views = {
  forward(layer, x, forward) {
    const inside = views(layer).map((view) => forward(view, x));
    const logs = inside.map(({ y }) => logSoftmax(y));
    const y = logs[0].map((_, k) => {
      const top = Math.max(...logs.map((log) => log[k]));
      const sum = logs.reduce((total, log) => total + Math.exp(log[k] - top), 0);
      return top + Math.log(sum / logs.length);
    });
    return { y, inside };
  },

  backward(trace, y, backward) {
    // Of class k in view v, share[k] = p_v[k] / Σ_v p_v[k]; then through the log-softmax of v.
    const inside = trace.inside.map((child) => {
      const logs = logSoftmax(child.y);
      const share = logs.map((log, k) => (y[k] * Math.exp(log - trace.y[k])) / trace.inside.length);
      const total = share.reduce((sum, value) => sum + value, 0);
      return backward(
        child,
        share.map((value, k) => value - Math.exp(logs[k]) * total),
      );
    });
    return { x: inside.map((flow) => flow.x).reduce(add), inside };
  },

  terms({ inside }, k) {
    return inside.map(({ y }) => ({ from: k, value: softmax(y)[k], factor: 1 / inside.length }));
  },

  sentence: () => "The mean of the probabilities over nine shifted views of the image, as a log.",
};

/**
 * What the mean over the views uses score j of one view for: ∂y[k]/∂z[j] = share[k] · ((k = j) − p[j]),
 * where share[k] is this view's part of the mean probability of class k.
 * @param {Trace} trace  of the mean @param {Trace} view @param {number} j
 * @returns {import("./types.js").Use[]}
 */
export function usesOfView({ y, inside }, view, j) {
  const p = softmax(view.y);
  return Array.from(y, (log, to) => {
    const share = p[to] / (inside.length * Math.exp(log));
    return { to, factor: share * (+(to === j) - p[j]) };
  });
}
