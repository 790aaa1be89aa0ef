// @ts-check
// A network runs forward through its layers, and backward through what they did.

import { average_views, parallel, residual, sequential, view } from "./containers.js";
import { conv2d } from "./convolution.js";
import { linear } from "./linear.js";
import { crossEntropy } from "./loss.js";
import { batch_norm, group_norm, layer_norm } from "./norm.js";
import { dropout, flatten, gelu, leaky_relu, relu, sigmoid, silu, tanh } from "./pointwise.js";
import { avg_pool2d, global_avg_pool, max_pool2d } from "./pooling.js";

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./types.js").Flow} Flow */

/** Every kind of layer that the page knows. @type {Record<string, import("./types.js").Kind>} */
export const KINDS = {
  conv2d,
  linear,
  max_pool2d,
  avg_pool2d,
  global_avg_pool,
  relu,
  leaky_relu,
  sigmoid,
  tanh,
  silu,
  gelu,
  flatten,
  dropout,
  batch_norm,
  layer_norm,
  group_norm,
  sequential,
  residual,
  parallel,
  average_views,
  view, // which average_views makes
};

/** @param {Layer} layer @param {Float64Array} x @returns {Trace} */
export function forward(layer, x) {
  const { y, inside = [] } = KINDS[layer.name].forward(layer, x, forward);
  return { layer, x, y, inside };
}

/**
 * @param {Trace} trace @param {Float64Array} y  the gradient with respect to the output
 * @returns {Flow}
 */
export function backward(trace, y) {
  const kind = KINDS[trace.layer.name];
  const { x, params = {}, inside = [] } = kind.backward(trace, y, backward);
  return { trace, x, y, params, inside };
}

/**
 * @param {Layer} net @param {Float64Array} pixels @param {number} label
 * @returns {{loss: number, flow: Flow}}
 */
export function lossAndGradients(net, pixels, label) {
  const trace = forward(net, pixels);
  const { loss, gradient } = crossEntropy(trace.y, label);
  return { loss, flow: backward(trace, gradient) };
}

/**
 * A strip of the page: a layer, and how deep it is inside others.
 * @template Node
 * @typedef {object} Strip
 * @property {Node[]} copies   one; inside several views, one for each of them
 * @property {number} depth    0 outside all others
 * @property {string} branch   of which it is the first layer, or ""
 */

/**
 * What is shown as a strip: every layer, after those inside; a sequence is shown as its layers.
 * @template {{inside: any[]}} Node
 * @param {Node} node @param {(node: Node) => Layer} layerOf @param {number} [depth]
 * @returns {Strip<Node>[]}
 */
export function strips(node, layerOf, depth = 0) {
  const layer = layerOf(node);
  /** @type {Strip<Node>} */
  const own = { copies: [node], depth, branch: "" };
  if (layer.name === "sequential") {
    return node.inside.flatMap((child) => strips(child, layerOf, depth));
  }
  const branches = node.inside.map((child, n) => {
    const [first, ...rest] = strips(child, layerOf, depth + 1);
    if (!first) return []; // a sequence of no layers
    const branch = [branchName(layer, n), first.branch].filter(Boolean).join("; ");
    return [{ ...first, branch }, ...rest];
  });
  if (layer.name !== "average_views") return [...branches.flat(), own];
  const views = branches[0].map((strip, n) => {
    return { ...strip, copies: branches.flatMap((view) => view[n].copies) };
  });
  return [...views, own];
}

/** @param {Layer} layer @param {number} n  of the branch @returns {string} */
function branchName({ name, children }, n) {
  if (name === "average_views") return "the views";
  if (name === "parallel") return `parallel, branch ${n + 1} of ${children.length}`;
  return n ? "residual, the shortcut" : "residual, the layers inside";
}

/** The node of a strip that is shown: of several views that of the image as it is. @template Node
 * @param {Strip<Node>} strip @returns {Node} */
export const shown = ({ copies }) => copies[0];

/** @param {Layer} layer @returns {Layer[]} the layer and all those inside, in order */
export function allLayers(layer) {
  return [layer, ...layer.children.flatMap(allLayers)];
}

/** @param {Layer} net @returns {Float64Array[]} in the order of tree.leaves(params) */
export function parameters(net) {
  return allLayers(net).flatMap((layer) => Object.values(layer.params));
}

/** @param {Flow} flow @returns {Float64Array[]} in the order of `parameters` */
export function gradients(flow) {
  if (flow.trace.layer.name === "average_views") {
    // the views share their parameters
    return flow.inside.map(gradients).reduce((sum, more) => {
      return sum.map((values, n) => values.map((value, i) => value + more[n][i]));
    });
  }
  return [...Object.values(flow.params), ...flow.inside.flatMap(gradients)];
}

/**
 * Find a layer's parameter by its place among all of them: first the weights, then the biases.
 * @param {Layer} layer @param {number} index @returns {{name: string, i: number} | null}
 */
export function parameterAt({ params }, index) {
  let i = index;
  for (const [name, values] of Object.entries(params)) {
    if (i < values.length) return { name, i };
    i -= values.length;
  }
  return null;
}

/** The inverse of `parameterAt`. @param {Layer} layer @param {string} name @param {number} i */
export function placeOfParameter({ params }, name, i) {
  return name === "weight" ? i : params.weight.length + i;
}
