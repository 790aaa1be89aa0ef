// @ts-check
// <minicnn-matrix>: a convolution as a banded matrix, row by row.

import { conv2d } from "../../../minicnn/pages/explorer/convolution.js";
import { position } from "../../../minicnn/pages/explorer/windows.js";
import { beside, Board, define, short } from "./parts.js";
import { smallConvolution } from "./unfold.js";

define("matrix", () => ({
  title: "A convolution as a matrix",
  hint:
    "Move through the matrix with the arrow keys: a row makes one output, a column " +
    "belongs to one cell of the image. Notice that all rows have the same weights, each " +
    "row moved on, with stride 2 by two; with padding 1, notice which rows lose weights.",
  settings: [
    { name: "kernel", label: "kernel size", value: 2, range: [1, 3, 1] },
    { name: "stride", label: "stride", value: 1, range: [1, 2, 1] },
    { name: "padding", label: "padding", value: 0, range: [0, 1, 1] },
  ],
  make({ body, draw }) {
    const x = new Board("x", "the image");
    const matrix = new Board(
      "A",
      "the matrix; zeros are blank, thick lines are between blocks",
      draw,
    );
    const y = new Board("y", "the output");
    beside(body, [matrix, x, y]);

    return (settings) => {
      const trace = smallConvolution(settings);
      const { layer, y: out } = trace;
      const columns = trace.x.length;
      const values = new Float64Array(out.length * columns);
      out.forEach((_, o) => {
        for (const { from, factor } of conv2d.terms(trace, o)) {
          if (from >= 0) values[o * columns + from] = factor;
        }
      });
      const chosen = Math.min(matrix.chosen, values.length - 1);
      const [row, column] = [Math.floor(chosen / columns), chosen % columns];
      const inRow = Array.from({ length: columns }, (_, i) => row * columns + i);
      matrix.draw([1, out.length, columns], values, {
        open: true,
        small: true,
        blocks: [layer.outShape[2], 4], // for each pair of an output row and an image row
        read: new Set(inRow.filter((i) => values[i] !== 0)),
      });
      const met = inRow.filter((i) => values[i] !== 0).map((i) => i % columns);
      x.draw([1, 4, 4], trace.x, { read: new Set(met) });
      y.draw(layer.outShape, out, { read: new Set([row]) });
      const output = position(layer.outShape, row).slice(1).join(", ");
      const input = position([1, 4, 4], column).slice(1).join(", ");
      return {
        said:
          `Row ${row} makes y[${output}] = ${short(out[row])} of ${met.length} cells. Column ${column} ` +
          `is x[${input}], with the weight ${short(values[chosen])}.`,
        numbers: { x: [...trace.x], matrix: [...values], y: [...out], chosen },
      };
    };
  },
}));
