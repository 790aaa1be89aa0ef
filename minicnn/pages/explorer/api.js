// @ts-check
// window.minicnn: the engine for those who want to check it, or to play with it in the console.

import { softmax } from "./loss.js";
import { gradients, parameters, shown, strips } from "./network.js";
import { size } from "./numbers.js";

/** @typedef {import("./model.js").Model} Model */

/**
 * Return the functions that a page offers; all arrays are flat and plain.
 * @param {Model} model @param {Promise<void>} ready  is kept when they can be called
 */
export function api(model, ready) {
  const { net } = model;
  const inputs = size(net.inShape);

  /** @param {ArrayLike<number>} pixels */
  function image(pixels) {
    if (pixels?.length !== inputs) {
      throw new TypeError(`pixels must hold ${inputs} numbers, got ${pixels?.length}`);
    }
    return Float64Array.from(pixels);
  }

  /** @param {number} label */
  function known(label) {
    const classes = size(net.outShape);
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new TypeError(`label must be an integer from 0 to ${classes - 1}, got ${label}`);
    }
    return label;
  }

  /** @param {Float64Array[]} arrays */
  const plain = (arrays) => arrays.map((values) => Array.from(values));

  return {
    ready,

    /** The layers that `activations` hold the outputs of, in order. */
    layers() {
      const trace = model.forward(new Float64Array(inputs));
      return strips(trace, ({ layer }) => layer).map((strip) => {
        const { call, outShape } = shown(strip).layer;
        return { call, shape: outShape };
      });
    },

    /** The weights, flat, in the order of tree.leaves(params). */
    parameters: () => plain(parameters(net)),

    /** @param {ArrayLike<number>} pixels  flat, in [0, 1] */
    forward(pixels) {
      const trace = model.forward(image(pixels));
      return {
        logits: Array.from(trace.y),
        probabilities: Array.from(softmax(trace.y)),
        activations: plain(strips(trace, ({ layer }) => layer).map((strip) => shown(strip).y)),
      };
    },

    /** @param {ArrayLike<number>} pixels @param {number} label */
    backward(pixels, label) {
      const { loss, flow } = model.lossAndGradients(image(pixels), known(label));
      return {
        loss,
        gradients: plain(gradients(flow)),
        input: Array.from(flow.x),
        activations: plain(strips(flow, ({ trace }) => trace.layer).map((strip) => shown(strip).y)),
      };
    },

    /**
     * @param {ArrayLike<number>} pixels @param {number} label
     * @param {{optimizer: "sgd" | "adam", lr: number}} options
     */
    step(pixels, label, options) {
      const loss = model.step(image(pixels), known(label), options);
      return { loss, parameters: plain(parameters(net)) };
    },

    reset: () => model.reset(),
  };
}
