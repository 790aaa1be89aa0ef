// @ts-check
// A network runs forward through its layers, and backward through what they did.

import { average_views, parallel, residual, sequential } from "./containers.js";
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
 * What is shown as a strip: every layer, after those inside; a sequence is shown as its layers. Of
 * the nine views the one in the middle is shown, which is not shifted.
 * @template {{inside: any[]}} Node
 * @param {Node} node @param {(node: Node) => Layer} layerOf @returns {Node[]}
 */
export function strips(node, layerOf) {
  const { name } = layerOf(node);
  const inside = name === "average_views" ? [node.inside[4]] : node.inside;
  const below = inside.flatMap((child) => strips(child, layerOf));
  return name === "sequential" ? below : [...below, node];
}

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
    // the nine views share their parameters
    return flow.inside.map(gradients).reduce((sum, more) => {
      return sum.map((values, n) => values.map((value, i) => value + more[n][i]));
    });
  }
  return [...Object.values(flow.params), ...flow.inside.flatMap(gradients)];
}
