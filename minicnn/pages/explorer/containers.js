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

/** @typedef {{from: number, factor: number}[]} Sample */

/** @type {Map<string, Sample[]>} the samples of each view, which every frame needs again */
const known = new Map();

/** @param {Layer} view @returns {Sample[]} one for each cell */
function samples(view) {
  const key = JSON.stringify([view.inShape, view.options]);
  const cells = view.inShape.reduce((product, size) => product * size, 1);
  const made = known.get(key) ?? Array.from({ length: cells }, (_, i) => sample(view, i));
  known.set(key, made);
  return made;
}

/**
 * Where a cell of a view comes from: the cells of the image around the place at which it is sampled,
 * and their shares, as in bilinear interpolation. Outside the image there is 0.
 * @param {Layer} view @param {number} i @returns {Sample}
 */
function sample({ inShape, options: { matrix, down, across } }, i) {
  const [, height, width] = inShape;
  const [channel, row, column] = position(inShape, i);
  const [middle, centre] = [(height - 1) / 2, (width - 1) / 2];
  const [y, x] = [row - middle, column - centre];
  const u = matrix[0] * y + matrix[1] * x + middle - down;
  const v = matrix[2] * y + matrix[3] * x + centre - across;
  const [top, left] = [Math.floor(u), Math.floor(v)];
  const shares = [
    { at: [top, left], factor: (1 - u + top) * (1 - v + left) },
    { at: [top, left + 1], factor: (1 - u + top) * (v - left) },
    { at: [top + 1, left], factor: (u - top) * (1 - v + left) },
    { at: [top + 1, left + 1], factor: (u - top) * (v - left) },
  ];
  return shares
    .filter(({ at, factor }) => {
      return factor > 0 && at[0] >= 0 && at[0] < height && at[1] >= 0 && at[1] < width;
    })
    .map(({ at, factor }) => ({
      from: (channel * height + at[0]) * width + at[1],
      factor,
    }));
}

/** A view of the image: shifted, turned or resized. @type {Kind} */
export const view = {
  forward(layer, x) {
    const y = samples(layer).map((sample) => {
      return sample.reduce((sum, { from, factor }) => sum + factor * x[from], 0);
    });
    return { y: Float64Array.from(y) };
  },

  backward({ layer, x }, y) {
    const gradient = new Float64Array(x.length);
    samples(layer).forEach((sample, i) => {
      for (const { from, factor } of sample) gradient[from] += factor * y[i];
    });
    return { x: gradient };
  },

  terms({ layer, x }, i) {
    const terms = samples(layer)[i].map(({ from, factor }) => ({ from, value: x[from], factor }));
    return terms.length ? terms : [{ from: -1, value: 0, factor: 1 }];
  },

  uses({ layer }, j) {
    return samples(layer).flatMap((sample, to) => {
      return sample.filter(({ from }) => from === j).map(({ factor }) => ({ to, factor }));
    });
  },

  sentence: () =>
    "The network answers several views of the image, each moved a little. Shown is the image as it is.",
};

/**
 * The network behind each of the views; the first is the image as it is.
 * @param {Layer} layer @returns {Layer[]}
 */
function views({ inShape, outShape, options: { pixels, degrees, scale }, children }) {
  const still = [1, 0, 0, 1];
  const steps = pixels ? [0, pixels, -pixels] : [0];
  const shifts = steps.flatMap((down) => {
    return steps.map((across) => ({ matrix: still, down, across }));
  });
  // From a cell of the view to where it is sampled: turned by −angle, divided by the factor.
  const angles = degrees ? [-degrees, degrees] : [];
  const factors = scale ? [1 + scale, 1 - scale] : [];
  const matrices = [
    ...angles.map((angle) => {
      const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
      return [cos, -sin, sin, cos];
    }),
    ...factors.map((factor) => [1 / factor, 0, 0, 1 / factor]),
  ];
  const places = [...shifts, ...matrices.map((matrix) => ({ matrix, down: 0, across: 0 }))];
  const none = { params: {}, state: {}, children: [] };
  return places.map((options, v) => {
    const call = `view ${v + 1} of ${places.length}`;
    const first = { ...none, name: "view", call, options, inShape, outShape: inShape };
    const both = [first, ...children];
    return { ...none, name: "sequential", call, options, inShape, outShape, children: both };
  });
}

// y = log (1/V Σ softmax(f(view))): the mean prediction over V views of an image.
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

  sentence: () => "The mean of the probabilities over several views of the image, as a log.",
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
