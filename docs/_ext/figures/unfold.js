// @ts-check
// <minicnn-unfold>: the windows of an image become columns, one after the other.

import { conv2d } from "../../../minicnn/pages/explorer/convolution.js";
import { position } from "../../../minicnn/pages/explorer/windows.js";
import { beside, Board, define, layerOf, never, short } from "./parts.js";

const SMALL_IMAGE = Float64Array.of(1, 2, 0, 3, 4, 1, 2, 0, 0, 3, 1, 2, 2, 0, 4, 1);
/** @type {Record<number, number[]>} */
const SMALL_KERNELS = { 1: [2], 2: [1, 2, -1, 3], 3: [1, 2, 0, -1, 3, 1, 0, -2, 1] };

/**
 * The convolution of an image of 4 × 4 with one kernel.
 * @param {import("./parts.js").Settings} settings
 * @returns {import("../../../minicnn/pages/explorer/types.js").Trace}
 */
export function smallConvolution({ kernel, stride, padding = 0 }) {
  const side = Math.floor((4 + 2 * padding - kernel) / stride) + 1;
  const layer = layerOf(
    "conv2d",
    { kernel_size: kernel, stride, padding, dilation: 1, groups: 1 },
    [1, 4, 4],
    [1, side, side],
    { weight: Float64Array.from(SMALL_KERNELS[kernel]) },
  );
  return { layer, x: SMALL_IMAGE, y: conv2d.forward(layer, SMALL_IMAGE, never).y, inside: [] };
}

define("unfold", () => ({
  title: "The columns of unfold",
  hint:
    "Fill the columns, and notice that most cells of x are written several times, and " +
    "with stride 2 none of them twice. Choose a number in the columns: the frames show " +
    "where it comes from and which weight it meets.",
  settings: [
    { name: "filled", label: "columns filled", value: 4, range: [0, 9, 1] },
    { name: "kernel", label: "kernel size", value: 2, range: [2, 3, 1] },
    { name: "stride", label: "stride", value: 1, range: [1, 2, 1] },
  ],
  make({ body, draw }) {
    const x = new Board("x", "the image");
    const w = new Board("w", "the kernel as a row");
    const columns = new Board("F.unfold(x)", "the windows as columns", draw);
    const y = new Board("y", "the row times the columns");
    beside(body, [x, w, columns, y]);

    return (settings) => {
      const trace = smallConvolution(settings);
      const { layer, y: out } = trace;
      const [rows, many] = [layer.params.weight.length, out.length];
      const filled = Math.min(settings.filled, many);
      const terms = Array.from(out, (_, o) => conv2d.terms(trace, o));
      const values = Array.from({ length: rows * many }, (_, i) => {
        return terms[i % many][Math.floor(i / many)].value;
      });
      const chosen = Math.min(columns.chosen, values.length - 1);
      const [row, column] = [Math.floor(chosen / many), chosen % many];
      const { from } = terms[column][row];
      const there = column < filled;
      const empty = (/** @type {number} */ i) => i % many >= filled;
      x.draw([1, 4, 4], trace.x, {
        read: new Set(there ? terms[column].map((term) => term.from) : []),
      });
      w.draw([1, 1, rows], layer.params.weight, { read: new Set([row]) });
      columns.draw([1, rows, many], values, { open: true, empty });
      y.draw([1, 1, many], out, { empty, read: new Set(there ? [column] : []) });
      const [, oh, ow] = position(layer.outShape, column);
      const [, r, c] = position([1, 4, 4], from);
      const window = `Column ${column} is window (${oh}, ${ow})`;
      return {
        said: there
          ? `${window}. Its row ${row} is x[${r}, ${c}] = ${short(values[chosen])}, and meets the ` +
            `weight ${short(layer.params.weight[row])}. ${filled * rows} numbers are written so far.`
          : `${window}, and is not filled yet.`,
        numbers: { x: [...trace.x], columns: values, y: [...out], filled, chosen },
      };
    };
  },
}));
