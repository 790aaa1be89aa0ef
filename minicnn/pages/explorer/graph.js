// @ts-check
// Which layers read the output of which: a cell knows where it looks, and who sends it a gradient.

import { usesOfView } from "./containers.js";
import { KINDS } from "./network.js";

/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./types.js").Use} Use */

/**
 * @typedef {object} Reading  A layer reads the output of another.
 * @property {Trace | null} source  who made it; null is the image
 * @property {Trace} reader
 * @property {(j: number) => Use[]} uses   what number j of the source is used for
 * @property {(i: number) => number[]} looks  which numbers of the source output i is made of
 */

/**
 * List who reads what in a network.
 * @param {Trace} net @returns {Reading[]}
 */
export function readings(net) {
  /** @type {Reading[]} */
  const found = [];

  /**
   * Numbers that pass into an output unchanged, from place ``start`` on.
   * @param {Trace | null} source @param {Trace} reader @param {number} start @param {number} length
   */
  function passes(source, reader, start, length) {
    found.push({
      source,
      reader,
      uses: (j) => [{ to: start + j, factor: 1 }],
      looks: (i) => (start <= i && i < start + length ? [i - start] : []),
    });
  }

  /**
   * Follow the numbers of a source through a layer.
   * @param {Trace} trace @param {Trace | null} source @returns {Trace | null} who makes the output
   */
  function through(trace, source) {
    const { layer, inside } = trace;
    switch (layer.name) {
      case "sequential": {
        let last = source;
        for (const child of inside) last = through(child, last);
        return last;
      }
      case "residual":
        for (const child of inside) passes(through(child, source), trace, 0, trace.y.length);
        if (inside.length === 1) passes(source, trace, 0, trace.y.length);
        return trace;
      case "parallel": {
        let start = 0;
        for (const child of inside) {
          passes(through(child, source), trace, start, child.y.length);
          start += child.y.length;
        }
        return trace;
      }
      case "average_views":
        for (const view of inside) {
          found.push({
            source: through(view, source),
            reader: trace,
            uses: (j) => usesOfView(trace, view, j),
            looks: () => Array.from(view.y, (_, k) => k),
          });
        }
        return trace;
      default: {
        const { terms, uses = () => [] } = KINDS[layer.name];
        found.push({
          source,
          reader: trace,
          uses: (j) => uses(trace, j),
          looks: (i) => terms(trace, i).flatMap(({ from }) => (from < 0 ? [] : [from])),
        });
        return trace;
      }
    }
  }

  through(net, null);
  return found;
}
