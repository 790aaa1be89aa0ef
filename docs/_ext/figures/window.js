// @ts-check
// <minicnn-window>: a convolution, number by number, and with the attribute backward its gradients.

import { conv2d } from "../../../minicnn/pages/explorer/convolution.js";
import { h } from "../../../minicnn/pages/explorer/dom.js";
import { position } from "../../../minicnn/pages/explorer/windows.js";
import { beside, Board, define, layerOf, never, short } from "./parts.js";

/** @typedef {import("../../../minicnn/pages/explorer/types.js").Layer} Layer */
/** @typedef {import("../../../minicnn/pages/explorer/types.js").Trace} Trace */
/** @typedef {import("./parts.js").Settings} Settings */

const [CHANNELS, EDGE] = [2, 6];

/** Whole numbers of a shape, from −2 to 3. @param {number[]} shape @param {number} seed */
function pattern(shape, seed) {
  const n = shape.reduce((product, side) => product * side, 1);
  return Float64Array.from({ length: n }, (_, i) => ((((i + seed) ** 3 + i) % 23) % 6) - 2);
}

const IMAGE = pattern([CHANNELS, EDGE, EDGE], 3);

/**
 * The convolution of the padded image, or null if the kernel fits nowhere. That zeros are around
 * the image is taken at its word, so that they can be seen, and what is sent to them too.
 * @param {Settings} settings @returns {Trace | null}
 */
function convolve({ kernel, stride, padding, dilation, groups }) {
  const side = EDGE + 2 * padding;
  const free = side - dilation * (kernel - 1) - 1;
  if (free < 0) return null;
  const out = Math.floor(free / stride) + 1;
  const x = new Float64Array(CHANNELS * side * side);
  IMAGE.forEach((value, i) => {
    const [c, row, column] = position([CHANNELS, EDGE, EDGE], i);
    x[(c * side + row + padding) * side + column + padding] = value;
  });
  const layer = layerOf(
    "conv2d",
    { kernel_size: kernel, stride, padding: 0, dilation, groups },
    [CHANNELS, side, side],
    [CHANNELS, out, out],
    { weight: pattern([CHANNELS, CHANNELS / groups, kernel, kernel], 1) },
  );
  return { layer, x, y: conv2d.forward(layer, x, never).y, inside: [] };
}

/** The shape of the weight as a board has it: a tile for each pair of channels. @param {Layer} l */
function kernelTiles({ options: { kernel_size, groups } }) {
  return [(CHANNELS * CHANNELS) / groups, kernel_size, kernel_size];
}

/** The options as they are written in a call. @param {Settings} settings */
function callOf({ stride, padding, dilation, groups }) {
  const all = Object.entries({ stride, padding, dilation, groups });
  const given = all.filter(([name, value]) => value !== (name === "padding" ? 0 : 1));
  return ["x", "w", ...given.map(([name, value]) => `${name}=${value}`)].join(", ");
}

/** @param {number[]} shape @param {number} i */
const written = (shape, i) => `[${position(shape, i).join(", ")}]`;

/**
 * Write the first summands, and how many more there are.
 * @param {string[]} terms @param {number} most
 */
function addUp(terms, most = 9) {
  const rest = terms.length - most;
  return terms.slice(0, most).join(" + ") + (rest > 0 ? ` + … (${rest} more)` : "");
}

/** A factor, in brackets if it is negative. @param {number} x */
const bracketed = (x) => (x < 0 ? `(${short(x)})` : short(x));

/** @param {number} a @param {number} b */
const times = (a, b) => `${bracketed(a)}·${bracketed(b)}`;

const WINDOW_SETTINGS = [
  ["kernel", "kernel size", 2, 1, 4],
  ["stride", "stride", 1, 1, 3],
  ["padding", "padding", 0, 0, 2],
  ["dilation", "dilation", 1, 1, 3],
  ["groups", "groups", 1, 1, 2],
].map(([name, label, value, first, last]) => {
  return { name, label, value, range: [first, last, 1] };
});

define("window", (backward) => ({
  title: backward ? "A convolution backward" : "A convolution, number by number",
  hint: backward
    ? "Choose a number of ∂L/∂x or of ∂L/∂w: the frames show the numbers that it is made " +
      "of. Try stride 3 with a kernel of 2, and notice the cells of x that hear from no " +
      "output; with padding 1, notice that the rim of ∂L/∂x is dropped."
    : "Choose a number of y: the frames show its window and its kernel. Try dilation 2, " +
      "and notice that the window grows and has as many numbers as before; try groups 2, " +
      "and notice that each output reads one channel and half of the weights are gone.",
  settings: /** @type {import("./parts.js").Setting[]} */ (WINDOW_SETTINGS),
  make({ body, draw }) {
    let open = backward ? "∂L/∂x" : "y";
    /** @param {string} name */
    const choose = (name) => () => {
      open = name;
      draw();
    };
    const x = new Board("x", "the input, with its padding");
    const w = new Board("w", "the weights");
    const y = new Board("y", "the output", choose("y"));
    const g = new Board("g", "the upstream gradient ∂L/∂y");
    const toX = new Board("∂L/∂x", "the gradient of the input", choose("∂L/∂x"));
    const toW = new Board("∂L/∂w", "the gradient of the weights", choose("∂L/∂w"));
    const code = h("p", { class: "code" });
    const boards = backward ? [x, w, g, toX, toW] : [x, w, y];
    body.append(code);
    const row = beside(body, boards);

    return (settings) => {
      const { kernel, stride, padding, dilation, groups } = settings;
      const side = EDGE + 2 * padding;
      const reach = dilation * (kernel - 1) + 1;
      const trace = convolve(settings);
      row.hidden = !trace;
      if (!trace) {
        code.textContent = `F.conv2d(${callOf(settings)}) raises an error`;
        const said = `The kernel reaches over ${reach} cells and the padded image has ${side}: it fits nowhere.`;
        return { said, numbers: { said } };
      }
      const { layer, y: out } = trace;
      const high = layer.outShape[1];
      code.textContent =
        `F.conv2d(${callOf(settings)}): ` +
        `⌊(${EDGE} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}⌋ + 1 = ${high} ` +
        "rows and columns";
      const upstream = pattern(layer.outShape, 5);
      const flow = conv2d.backward(trace, upstream, never);
      const gradient = flow.params?.weight ?? new Float64Array();
      const { weight } = layer.params;
      const reads = CHANNELS / groups;

      /** @type {[Set<number>, Set<number>, Set<number>]} */
      const [readX, readW, readG] = [new Set(), new Set(), new Set()];
      let said = "";
      if (open === "y") {
        const i = Math.min(y.chosen, out.length - 1);
        const terms = conv2d.terms(trace, i);
        for (const term of terms) {
          readX.add(term.from);
          readW.add(/** @type {number} */ (term.weight));
        }
        const products = terms.map((term) => times(term.factor, term.value));
        said = `y${written(layer.outShape, i)} = ${addUp(products)} = ${short(out[i])}`;
      } else if (open === "∂L/∂x") {
        const i = Math.min(toX.chosen, trace.x.length - 1);
        const [c, row, column] = position(layer.inShape, i);
        const uses = conv2d.uses?.(trace, i) ?? [];
        readX.add(i);
        for (const { to } of uses) {
          readG.add(to);
          const [o, oh, ow] = position(layer.outShape, to);
          const [k, l] = [(row - oh * stride) / dilation, (column - ow * stride) / dilation];
          readW.add(((o * reads + (c % reads)) * kernel + k) * kernel + l);
        }
        const products = uses.map((use) => times(use.factor, upstream[use.to]));
        const name = `∂L/∂x[${c}, ${row - padding}, ${column - padding}]`;
        said = uses.length
          ? `${name} = ${addUp(products)} = ${short(flow.x[i])}`
          : `${name} = 0: no window reads this cell.`;
        if (onRim(i)) said += " This is padding: the number is dropped.";
      } else {
        const i = Math.min(toW.chosen, gradient.length - 1);
        const [tile, k, l] = position(kernelTiles(layer), i);
        const [o, c] = [Math.floor(tile / reads), tile % reads];
        const channel = groups === 1 ? c : o;
        readW.add(i);
        const products = [];
        for (let n = 0; n < high * high; n++) {
          const [oh, ow] = [Math.floor(n / high), n % high];
          const from =
            (channel * side + oh * stride + k * dilation) * side + ow * stride + l * dilation;
          readX.add(from);
          readG.add(o * high * high + n);
          products.push(times(upstream[o * high * high + n], trace.x[from]));
        }
        said = `∂L/∂w[${o}, ${c}, ${k}, ${l}] = ${addUp(products)} = ${short(gradient[i])}`;
      }

      /** @param {number} i  of the padded image */
      function onRim(i) {
        const [, row, column] = position(layer.inShape, i);
        const [first, last] = [Math.min(row, column), Math.max(row, column)];
        return first < padding || last >= EDGE + padding;
      }

      const pair = (/** @type {string} */ name) => (/** @type {number} */ tile) =>
        `${name}[${Math.floor(tile / reads)}, ${tile % reads}]`;
      x.draw(layer.inShape, trace.x, { read: readX, faint: onRim });
      w.draw(kernelTiles(layer), weight, { read: readW, label: pair("w") });
      y.draw(layer.outShape, out, { open: true });
      g.draw(layer.outShape, upstream, { read: readG });
      toX.draw(layer.inShape, flow.x, { open: open === "∂L/∂x", faint: onRim });
      toW.draw(kernelTiles(layer), gradient, { open: open === "∂L/∂w", label: pair("∂L/∂w") });
      const inner = (/** @type {Float64Array} */ all) =>
        Array.from(all).filter((_, i) => !onRim(i));
      const numbers = {
        x: inner(trace.x),
        weight: [...weight],
        y: [...out],
        upstream: [...upstream],
        toX: inner(flow.x),
        toWeight: [...gradient],
      };
      return { said, numbers };
    };
  },
}));
