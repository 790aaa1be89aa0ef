// @ts-check
// <minicnn-pool>: cells that can be changed, the winner of each window, and where its gradient goes.

import { h } from "../../../minicnn/pages/explorer/dom.js";
import {
  avg_pool2d,
  max_pool2d,
  windowOf,
  winner,
} from "../../../minicnn/pages/explorer/pooling.js";
import { position } from "../../../minicnn/pages/explorer/windows.js";
import { beside, Board, define, layerOf, never, short } from "./parts.js";

const CELLS = [1, 4, 4];

/** @param {string} name @param {number[]} shape @param {number} i */
function cellName(name, shape, i) {
  return `${name}[${position(shape, i).slice(1).join(", ")}]`;
}

define("pool", () => ({
  title: "Pooling, forward and backward",
  hint:
    "Choose a cell of x and type a digit, + or −: make two cells of a window equal, and " +
    "notice that the first of them gets the whole gradient. Try kernel 3 with stride 1, " +
    "where one large cell wins several windows, and then the mean, and notice who gets a " +
    "gradient now.",
  settings: [
    { name: "kind", label: "pooling", value: "max", choices: ["max", "mean"] },
    { name: "kernel", label: "kernel size", value: 2, range: [1, 4, 1] },
    { name: "stride", label: "stride", value: 2, range: [1, 3, 1] },
  ],
  make({ body, draw }) {
    const x = Float64Array.of(1, 5, 2, 0, 3, 4, 8, 1, 7, 0, 2, 6, 6, 2, 3, 4);
    let open = "x";
    /** @param {string} name */
    const choose = (name) => () => {
      open = name;
      draw();
    };
    /** @param {number} value */
    function change(value) {
      x[input.chosen] = Math.max(-9, Math.min(9, value));
      choose("x")();
    }
    /** @param {string} key */
    function typed(key) {
      const step = { "+": 1, "-": -1, "−": -1 }[key];
      if (step === undefined && !/^\d$/.test(key)) return false;
      change(step === undefined ? Number(key) : x[input.chosen] + step);
      return true;
    }
    const input = new Board("x", "the input; type to change it", choose("x"), typed);
    const output = new Board("y", "the output", choose("y"));
    const g = new Board("g", "the upstream gradient ∂L/∂y");
    const toX = new Board("∂L/∂x", "the gradient of the input");
    input.chosen = 6;
    /** @param {number} by */
    const button = (by) =>
      h(
        "button",
        { type: "button", click: () => change(x[input.chosen] + by) },
        by > 0 ? "chosen cell + 1" : "chosen cell − 1",
      );
    body.append(h("div", { class: "controls" }, button(-1), button(1)));
    beside(body, [input, output, g, toX]);

    return ({ kind, kernel, stride }) => {
      const side = Math.floor((4 - kernel) / stride) + 1;
      const layer = layerOf(
        kind === "max" ? "max_pool2d" : "avg_pool2d",
        { kernel_size: kernel, stride, padding: 0, count_include_pad: true },
        CELLS,
        [1, side, side],
      );
      const pool = kind === "max" ? max_pool2d : avg_pool2d;
      const { y } = pool.forward(layer, x, never);
      const trace = { layer, x, y, inside: [] };
      const upstream = y.map((_, i) => 10 * (i + 1));
      const back = pool.backward(trace, upstream, never).x;

      /** @type {[Set<number>, Set<number>]} */
      const [readX, readG] = [new Set(), new Set()];
      let said = "";
      if (open === "x") {
        const i = input.chosen;
        const uses = (pool.uses?.(trace, i) ?? []).filter((use) => use.factor !== 0);
        for (const { to } of uses) readG.add(to);
        const parts = uses.map(({ to, factor }) =>
          factor === 1 ? short(upstream[to]) : `${short(upstream[to])}·${short(factor)}`,
        );
        const does = kind === "max" ? "wins" : "is in";
        const many = uses.length === 1 ? "one window" : `${uses.length} windows`;
        said = uses.length
          ? `${cellName("x", CELLS, i)} = ${short(x[i])} ${does} ${many}, ` +
            `and gets ${parts.join(" + ")}${parts.length > 1 || kind === "mean" ? ` = ${short(back[i])}` : ""}.`
          : `${cellName("x", CELLS, i)} = ${short(x[i])} ${does} no window, and gets no gradient.`;
      } else {
        const i = Math.min(output.chosen, y.length - 1);
        const found = windowOf(layer, i);
        readG.add(i);
        const equal = found.filter((from) => x[from] === y[i]);
        if (kind === "max") readX.add(winner(layer, x, i));
        else for (const from of found) readX.add(from);
        const first = cellName("x", CELLS, winner(layer, x, i));
        said =
          kind === "mean"
            ? `${cellName("y", layer.outShape, i)} is the mean of ${found.length} cells: ${short(y[i])}.`
            : `${cellName("y", layer.outShape, i)} = ${short(y[i])} is ${first}` +
              (equal.length > 1
                ? `: ${equal.length} cells tie, and the first of them wins.`
                : ", the only largest cell of its window.");
      }
      input.draw(CELLS, x, { read: readX, open: open === "x" });
      output.draw(layer.outShape, y, { open: open === "y" });
      g.draw(layer.outShape, upstream, { read: readG });
      toX.draw(CELLS, back);
      return { said, numbers: { x: [...x], y: [...y], upstream: [...upstream], toX: [...back] } };
    };
  },
}));
