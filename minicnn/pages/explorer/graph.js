// @ts-check
// Which layers read the output of which: so a cell knows who sends a gradient to it.

import { KINDS } from "./network.js";

/** @typedef {import("./types.js").Flow} Flow */
/** @typedef {import("./types.js").Use} Use */

/**
 * @typedef {object} Reading  A layer reads the output of another.
 * @property {Flow | null} source  who made it; null is the image
 * @property {Flow} reader
 * @property {(j: number) => Use[]} uses  what number j of the source is used for
 */

/**
 * List who reads what in a network.
 * @param {Flow} net @returns {Reading[]}
 */
export function readings(net) {
  /** @type {Reading[]} */
  const found = [];

  /** Follow the numbers of a source through a layer. @returns {Flow | null} who makes its output
   * @param {Flow} flow @param {Flow | null} source */
  function through(flow, source) {
    const { trace, inside } = flow;
    /** @param {Flow | null} source @param {number} start  where its numbers begin in the output */
    const passes = (source, start) => {
      found.push({ source, reader: flow, uses: (j) => [{ to: start + j, factor: 1 }] });
    };
    switch (trace.layer.name) {
      case "sequential":
        return inside.reduce((last, child) => /** @type {any} */ (through(child, last)), source);
      case "residual":
        for (const child of inside) passes(through(child, source), 0);
        if (inside.length === 1) passes(source, 0);
        return flow;
      case "parallel": {
        let start = 0;
        for (const child of inside) {
          passes(through(child, source), start);
          start += child.y.length;
        }
        return flow;
      }
      case "average_views":
        through(inside[4], source); // the view that is shown
        return flow;
      default: {
        const { uses } = KINDS[trace.layer.name];
        if (uses) found.push({ source, reader: flow, uses: (j) => uses(trace, j) });
        return flow;
      }
    }
  }

  through(net, null);
  return found;
}
