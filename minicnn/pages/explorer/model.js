// @ts-check
// The network of the page: made of what Python wrote, and changed by steps of an optimizer.

import { forward, gradients, lossAndGradients, parameters } from "./network.js";
import { adler32, float16, float32, fromBase64, size } from "./numbers.js";
import { OPTIMIZERS } from "./optimizers.js";

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Flow} Flow */
/** @typedef {"sgd" | "adam"} OptimizerName */

/**
 * Make the layers of their description: every tensor takes its numbers from the two stores.
 * @param {any} description @param {Float64Array} weights @param {Float64Array} statistics
 * @returns {Layer}
 */
export function build(description, weights, statistics) {
  const places = { params: 0, state: 0 };
  const stores = { params: weights, state: statistics };
  /** @param {any} data @returns {Layer} */
  function one(data) {
    /** @param {"params" | "state"} kind */
    const tensors = (kind) => {
      return Object.fromEntries(
        Object.entries(data[kind]).map(([name, shape]) => {
          const start = places[kind];
          places[kind] += size(/** @type {number[]} */ (shape));
          return [name, stores[kind].slice(start, places[kind])];
        }),
      );
    };
    const { name, call, options, in_shape: inShape, out_shape: outShape } = data;
    const [params, state] = [tensors("params"), tensors("state")];
    return {
      name,
      call,
      options,
      inShape,
      outShape,
      params,
      state,
      children: data.children.map(one),
    };
  }
  return one(description);
}

/**
 * Decode a store of numbers; damaged ones are refused.
 * @param {{base64: string, adler32: number}} data @param {string} what @returns {Uint8Array}
 */
export function decode(data, what) {
  const bytes = fromBase64(data.base64);
  if (adler32(bytes) !== data.adler32) throw new Error(`the ${what} of this page are damaged`);
  return bytes;
}

export class Model {
  /** @param {any} page  what Python wrote */
  constructor(page) {
    const weights = float16(decode(page.weights, "weights"));
    const statistics = float32(decode(page.statistics, "statistics"));
    this.net = build(page.network, weights, statistics);
    /** @type {string[]} of the classes */
    this.names = page.classes;
    /** @type {{name: OptimizerName | "", memory: import("./optimizers.js").Memory}} */
    this.optimizer = { name: "", memory: null };
    this.initial = this.snapshot();
    /** Is called whenever the weights have changed. */
    this.changed = () => {};
  }

  /** What a step changes, to be restored. */
  snapshot() {
    const weights = parameters(this.net).map((values) => values.slice());
    return { weights, optimizer: this.optimizer };
  }

  /** @param {ReturnType<Model["snapshot"]>} snapshot */
  restore({ weights, optimizer }) {
    parameters(this.net).forEach((values, n) => values.set(weights[n]));
    this.optimizer = optimizer;
    this.changed();
  }

  /** Return to the trained weights; the next step begins a fresh optimizer. */
  reset() {
    this.restore(this.initial);
  }

  /** @param {Float64Array} pixels */
  forward(pixels) {
    return forward(this.net, pixels);
  }

  /** @param {Float64Array} pixels @param {number} label */
  lossAndGradients(pixels, label) {
    return lossAndGradients(this.net, pixels, label);
  }

  /**
   * Take one step on one image; another optimizer than that of the last step begins fresh.
   * @param {Float64Array} pixels @param {number} label
   * @param {{optimizer: OptimizerName, lr: number}} options
   * @returns {number} the loss before the step
   */
  step(pixels, label, { optimizer, lr }) {
    if (!Object.hasOwn(OPTIMIZERS, optimizer)) {
      throw new TypeError(`optimizer must be "sgd" or "adam", got ${optimizer}`);
    }
    if (!(lr >= 0 && lr < Infinity)) {
      throw new TypeError(`lr must be a finite number of at least 0, got ${lr}`);
    }
    const { loss, flow } = this.lossAndGradients(pixels, label);
    const memory = this.optimizer.name === optimizer ? this.optimizer.memory : null;
    const after = OPTIMIZERS[optimizer](parameters(this.net), gradients(flow), lr, memory);
    this.optimizer = { name: optimizer, memory: after };
    this.changed();
    return loss;
  }
}
