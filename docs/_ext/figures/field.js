// @ts-check
// <minicnn-field>: which pixels a cell behind several convolutions sees, and on how many paths.

import { conv2d } from "../../../minicnn/pages/explorer/convolution.js";
import { largest } from "../../../minicnn/pages/explorer/maps.js";
import { position } from "../../../minicnn/pages/explorer/windows.js";
import { beside, Board, define, layerOf, never, short } from "./parts.js";

const PIXELS = 15;

define("field", () => ({
  title: "The receptive field of a cell",
  hint:
    "Choose a cell of y: the frames show its receptive field, and each number the paths " +
    "from this pixel to the cell, which is its gradient if all weights are 1. Add layers, " +
    "or take stride 2 or dilation 2, and notice how fast the field grows, that its middle " +
    "counts most, and which pixels have no path.",
  settings: [
    { name: "layers", label: "convolutions", value: 3, range: [1, 4, 1] },
    { name: "kernel", label: "kernel size", value: 3, range: [2, 4, 1] },
    { name: "stride", label: "stride of each", value: 1, range: [1, 2, 1] },
    { name: "dilation", label: "dilation of each", value: 1, range: [1, 2, 1] },
  ],
  make({ body, draw }) {
    const x = new Board("x", "the image: paths to the chosen cell");
    /** The cell that was chosen; at first it is the one in the middle. @type {number | null} */
    let picked = null;
    const y = new Board("y", "the output", (i) => {
      picked = i;
      draw();
    });
    const row = beside(body, [x, y]);

    return ({ layers, kernel, stride, dilation }) => {
      const sides = [PIXELS];
      for (let n = 0; n < layers; n++) {
        const free = sides[n] - dilation * (kernel - 1) - 1;
        sides.push(free < 0 ? 0 : Math.floor(free / stride) + 1);
      }
      const last = sides[layers];
      row.hidden = !last;
      if (!last) {
        const said = "The image is too small for so many layers: a kernel fits nowhere.";
        return { said, numbers: { said } };
      }
      const stack = sides.slice(1).map((side, n) => {
        const weight = new Float64Array(kernel * kernel).fill(1);
        const options = { kernel_size: kernel, stride, padding: 0, dilation, groups: 1 };
        return layerOf("conv2d", options, [1, sides[n], sides[n]], [1, side, side], { weight });
      });
      const shape = [1, last, last];
      const middle = Math.floor(last / 2) * (last + 1);
      y.chosen = Math.min(picked ?? middle, last * last - 1);
      y.draw(shape, new Float64Array(last * last), { open: true, small: true });
      /** @type {Float64Array} */
      let paths = new Float64Array(last * last);
      paths[y.chosen] = 1;
      for (const layer of [...stack].reverse()) {
        const there = new Float64Array(layer.inShape[1] ** 2);
        paths = conv2d.backward({ layer, x: there, y: paths, inside: [] }, paths, never).x;
      }
      const seen = [...paths.keys()].filter((i) => paths[i] > 0);
      x.draw([1, PIXELS, PIXELS], paths, { small: true, read: new Set(seen) });
      const [, top] = position([1, PIXELS, PIXELS], seen[0]);
      const [, bottom] = position([1, PIXELS, PIXELS], seen[seen.length - 1]);
      const side = bottom - top + 1;
      return {
        said:
          `y[${position(shape, y.chosen).slice(1).join(", ")}] sees ${seen.length} pixels in a ` +
          `square of ${side} × ${side}. The most paths from a pixel: ` +
          `${short(largest(paths))}; from a corner: ${short(paths[seen[0]])}.`,
        numbers: { paths: [...paths], side, chosen: y.chosen, last },
      };
    };
  },
}));
