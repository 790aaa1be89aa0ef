// @ts-check
// <minicnn-graph>: a small graph, forward and backward, node by node.

import { h } from "../../../minicnn/pages/explorer/dom.js";
import { define, short } from "./parts.js";
import { svg } from "./plane.js";

/** @typedef {Record<string, number>} Values  by node */

/**
 * @typedef {object} GraphNode
 * @property {string} label
 * @property {[number, number]} at  column and row
 * @property {string[]} from        the nodes whose values it takes
 * @property {(v: Values) => number} value
 * @property {(v: Values, g: number) => number[]} back  what it sends to each of those
 */

/** The nodes that compute, each after those that it takes. @type {Record<string, GraphNode>} */
const GRAPH = {
  product: {
    label: "w · x",
    at: [1, 1],
    from: ["w"],
    value: ({ w, x }) => w * x,
    back: ({ x }, g) => [x * g],
  },
  sum: {
    label: "w · x + b",
    at: [2, 1.5],
    from: ["product", "b"],
    value: ({ product, b }) => product + b,
    back: (_, g) => [g, g],
  },
  relu: {
    label: "ReLU",
    at: [3, 1.5],
    from: ["sum"],
    value: ({ sum }) => Math.max(0, sum),
    back: ({ sum }, g) => [sum > 0 ? g : 0],
  },
  error: {
    label: "ReLU − y",
    at: [4, 2],
    from: ["relu"],
    value: ({ relu: r, y }) => r - y,
    back: (_, g) => [g],
  },
  square: {
    label: "square",
    at: [4, 1],
    from: ["error"],
    value: ({ error }) => error * error,
    back: ({ error }, g) => [2 * error * g],
  },
  decay: {
    label: "w² / 10",
    at: [1, 0],
    from: ["w"],
    value: ({ w }) => (w * w) / 10,
    back: ({ w }, g) => [(w / 5) * g],
  },
  loss: {
    label: "loss L",
    at: [4, 0],
    from: ["square", "decay"],
    value: ({ square, decay }) => square + decay,
    back: (_, g) => [g, g],
  },
};
const ORDER = Object.keys(GRAPH);
/** @type {Record<string, {label: string, at: [number, number]}>} */
const BOXES = { w: { label: "w", at: [0, 0] }, b: { label: "b", at: [0, 2] }, ...GRAPH };
const [ACROSS, DOWN] = [97, 100];

define("graph", () => ({
  title: "A graph, forward and backward, node by node",
  hint:
    "Take the steps, seven forward and seven backward, and notice that w is used twice, " +
    "and that what arrives there is added up. Then lower b until ReLU is 0, and notice " +
    "what is left of the gradients.",
  settings: [
    { name: "step", label: "step", value: 9, range: [0, 2 * ORDER.length, 1] },
    { name: "w", label: "parameter w", value: 2, range: [-3, 3, 0.5] },
    { name: "b", label: "parameter b", value: -1, range: [-8, 3, 0.5] },
    { name: "x", label: "input x", value: 1.5, range: [-3, 3, 0.5] },
    { name: "y", label: "target y", value: 3, range: [-3, 4, 0.5] },
  ],
  make({ body, draw, set }) {
    let now = 0;
    const drawing = svg("svg", {
      viewBox: "0 0 480 300",
      role: "img",
      "aria-label": "the graph of the loss",
      class: "plane",
    });
    /** @param {number} by */
    const go = (by) => () => {
      set("step", Math.max(0, Math.min(2 * ORDER.length, now + by)));
      draw();
    };
    body.append(
      drawing,
      h(
        "div",
        { class: "controls" },
        h("button", { type: "button", click: go(1) }, "Next node"),
        h("button", { type: "button", click: go(-1) }, "One node back"),
      ),
    );

    return ({ step, ...inputs }) => {
      now = step;
      /** @type {Values} */
      const values = { ...inputs };
      for (const name of ORDER.slice(0, step)) values[name] = GRAPH[name].value(values);
      /** @type {Values} */
      const grads = step > ORDER.length ? { loss: 1 } : {};
      let [said, open] = ["Nothing is computed yet.", ""];
      if (step > 0 && step <= ORDER.length) {
        open = ORDER[step - 1];
        said = `Forward: ${GRAPH[open].label} = ${short(values[open])}.`;
      }
      const backward = [...ORDER].reverse().slice(0, Math.max(0, step - ORDER.length));
      for (const name of backward) {
        open = name;
        const sent = GRAPH[name].back(values, grads[name]);
        const parts = GRAPH[name].from.map((to, n) => {
          const before = grads[to];
          grads[to] = (before ?? 0) + sent[n];
          const added = before === undefined ? "" : `, which makes ${short(grads[to])} there`;
          return `${short(sent[n])} to ${BOXES[to].label}${added}`;
        });
        said =
          `Backward: ${GRAPH[name].label} has the gradient ${short(grads[name])}, and sends ` +
          `${parts.join(" and ")}.`;
      }
      drawing.replaceChildren(
        ...ORDER.flatMap((to) =>
          GRAPH[to].from.map((from) => {
            const [[x1, y1], [x2, y2]] = [BOXES[from].at, BOXES[to].at];
            const middle = { x1: x1 * ACROSS + 44, y1: y1 * DOWN + 40 };
            return svg("line", { ...middle, x2: x2 * ACROSS + 44, y2: y2 * DOWN + 40 });
          }),
        ),
        ...Object.entries(BOXES).map(([name, { label, at }]) => {
          const [left, top] = [at[0] * ACROSS + 2, at[1] * DOWN + 6];
          const kind = `${name in GRAPH ? "node" : "node parameter"}${name === open ? " open" : ""}`;
          const lines = [
            label,
            name in values ? `= ${short(values[name])}` : "",
            name in grads ? `∂L: ${short(grads[name])}` : "",
          ];
          return svg(
            "g",
            { class: kind },
            svg("rect", { x: left, y: top, width: 84, height: 68, rx: 6 }),
            ...lines.map((line, n) =>
              svg("text", { x: left + 42, y: top + 19 + 20 * n, "text-anchor": "middle" }, line),
            ),
          );
        }),
      );
      return { said, numbers: { values, grads } };
    };
  },
}));
