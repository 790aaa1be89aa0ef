// @ts-check
// <minicnn-digit>: draw a digit, and see the answer, what it depends on, and what one unit reads.

import { h, percent, write } from "../../../minicnn/pages/explorer/dom.js";
import { readings } from "../../../minicnn/pages/explorer/graph.js";
import { softmax } from "../../../minicnn/pages/explorer/loss.js";
import {
  cellAt,
  drawMaps,
  frame,
  largest,
  layOut,
  moves,
  palette,
} from "../../../minicnn/pages/explorer/maps.js";
import { Model } from "../../../minicnn/pages/explorer/model.js";
import { backward } from "../../../minicnn/pages/explorer/network.js";
import { normalise } from "../../../minicnn/pages/explorer/normalise.js";
import { argmax, size } from "../../../minicnn/pages/explorer/numbers.js";
import { drawingPad } from "../../../minicnn/pages/explorer/pad.js";
import { position } from "../../../minicnn/pages/explorer/windows.js";
import { define } from "./parts.js";

/** @typedef {import("../../../minicnn/pages/explorer/types.js").Trace} Trace */

const PAPER = palette(false); // white in a dark page too, as the printed pictures are
const LARGEST = 196; // screen pixels of a picture; on a phone two still fit beside each other
const ANSWER = "the answer";
const PEN = 20;
/** @type {import("../../../minicnn/pages/explorer/pad.js").Stroke[]} */
const SEVEN = [
  {
    width: PEN,
    points: [
      [64, 64],
      [190, 60],
      [112, 210],
    ],
  },
];

/** Numbers as tiles, and frames around some of them. @param {Record<string, string>} attributes */
function makeMaps(attributes) {
  const canvas = h("canvas", attributes);
  const over = h("canvas", { class: "over", "aria-hidden": "true" });
  let layout = layOut([1, 1, 1], 1);
  return {
    canvas,
    element: h("div", { class: "sheet" }, canvas, over),
    /** @param {MouseEvent} event */
    at({ clientX, clientY }) {
      const box = canvas.getBoundingClientRect();
      return cellAt(layout, clientX - box.left, clientY - box.top);
    },
    /**
     * @param {number[]} shape @param {number} width @param {number} tile
     * @param {Float64Array} values @param {number[]} framed @param {boolean} [ink]
     */
    draw(shape, width, tile, values, framed, ink = false) {
      layout = layOut(shape, width, tile);
      drawMaps(canvas, layout, values, ink ? 1 : largest(values), PAPER, ink);
      [over.width, over.height] = [canvas.width, canvas.height]; // which clears it
      [over.style.width, over.style.height] = [canvas.style.width, canvas.style.height];
      frame(over, layout, framed, getComputedStyle(over).color, 2.5);
    },
  };
}

/**
 * The pixels that number i of an output is made of: from layer to layer, where each number looks.
 * @param {Trace} net @param {Trace} trace @param {number} i
 */
function pixelsOf(net, trace, i) {
  const all = readings(net);
  let cells = [i];
  let at = /** @type {Trace | null} */ (trace);
  while (at) {
    const reading = all.find(({ reader }) => reader === at);
    if (!reading) break;
    cells = [...new Set(cells.flatMap((cell) => reading.looks(cell)))];
    at = reading.source;
  }
  return cells.sort((a, b) => a - b);
}

/** @param {number} first @param {number} last */
const span = (first, last) => (first === last ? `${first}` : `${first} to ${last}`);

define("digit", () => {
  // What the code of the page trained. A page that was built without running it has none.
  const data = document.querySelector("script.minicnn-network");
  if (!data) return null;
  const model = new Model(JSON.parse(/** @type {string} */ (data.textContent)));
  const names = model.net.children.map(({ call }, n) => `${n}: ${call}`);
  const withMaps = names.filter((_, n) => model.net.children[n].outShape.length === 3);
  return {
    title: "Draw a digit: the answer, its saliency, and a receptive field",
    hint:
      "Draw over the 7, or clear it and draw another digit, and notice that many of the " +
      "strongest pixels of its saliency lie on paper, where ink would make it another " +
      "digit. Choose a unit in the feature maps, then a later layer, and notice that the " +
      "frame, its receptive field, grows.",
    settings: [
      {
        name: "score",
        label: "saliency of the score of",
        value: ANSWER,
        choices: [ANSWER, ...model.names],
      },
      { name: "layer", label: "feature maps of layer", value: withMaps[0], choices: withMaps },
    ],
    make({ body, draw }) {
      /** @type {Float64Array} */
      let pixels = new Float64Array(size(model.net.inShape));
      let problem = "Draw a digit.";
      /** The chosen unit of each layer; at first the one in the middle. @type {Map<string, number>} */
      const picked = new Map();
      let [open, shape] = ["", [0, 0, 0]];

      const canvas = h("canvas", {
        class: "pad",
        tabindex: "0",
        role: "application",
        "aria-label":
          "Drawing pad: the arrow keys move the pen, the space bar puts it down and lifts it",
      });
      const pen = h("p", { class: "place", "aria-live": "polite" });
      const [undo, clear] = ["Undo", "Clear"].map((name) => h("button", { type: "button" }, name));
      drawingPad(
        { canvas, pen, undo, clear, thickness: () => PEN },
        (ink, side) => {
          const found = normalise({ height: side, width: side, values: ink });
          const failed = typeof found === "string";
          problem = failed ? found : "";
          pixels = failed ? new Float64Array(pixels.length) : found;
          draw();
        },
        SEVEN,
      );
      const seen = makeMaps({ role: "img", "aria-label": "What the network sees" });
      const saliency = makeMaps({ role: "img", "aria-label": "The saliency map" });
      const maps = makeMaps({
        class: "choice",
        tabindex: "0",
        role: "application",
        "aria-label": "Feature maps: the arrow keys choose a unit, page up and down another map",
      });
      /** @param {number} unit */
      function pick(unit) {
        if (unit < 0 || unit >= size(shape)) return; // beside the maps, or beyond their edge
        picked.set(open, unit);
        draw();
      }
      maps.canvas.addEventListener("click", (/** @type {MouseEvent} */ event) =>
        pick(maps.at(event)),
      );
      maps.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
        const distance = moves(shape[2], shape[1] * shape[2])[event.key];
        if (distance === undefined) return;
        event.preventDefault();
        pick((picked.get(open) ?? 0) + distance);
      });
      addEventListener("resize", draw);
      const [why, which] = [h("figcaption"), h("figcaption")];
      const sheets = h(
        "div",
        { class: "sheets" },
        h("figure", h("div", { class: "sheet" }, canvas), h("figcaption", "your drawing")),
        h("figure", seen.element, h("figcaption", "what the network sees")),
        h("figure", saliency.element, why),
      );
      body.append(
        sheets,
        h("div", { class: "controls" }, undo, clear, pen),
        h("figure", maps.element, which),
      );

      return (settings) => {
        const trace = model.forward(pixels);
        const probabilities = softmax(trace.y);
        const answer = argmax(trace.y);
        const k = settings.score === ANSWER ? answer : model.names.indexOf(settings.score);
        const one = trace.y.map((_, n) => +(n === k));
        const slopes = backward(trace, one).x.map(Math.abs);
        const strongest = argmax(slopes);

        open = settings.layer;
        const layer = trace.inside[names.indexOf(open)];
        shape = layer.layer.outShape;
        const [, height, width] = shape;
        if (!picked.has(open)) picked.set(open, (height >> 1) * width + (width >> 1));
        const unit = /** @type {number} */ (picked.get(open));
        const field = pixelsOf(trace, layer, unit);
        const [channel, row, column] = position(shape, unit);
        const [[, top, left], [, bottom, right]] = [field[0], field[field.length - 1]].map(
          (pixel) => position(model.net.inShape, pixel),
        );

        const side = 28 * Math.floor(Math.min(LARGEST, (body.clientWidth - 24) / 2) / 28);
        sheets.style.setProperty("--side", `${side}px`);
        seen.draw(model.net.inShape, side, side, pixels, field, true);
        saliency.draw(model.net.inShape, side, side, slopes, field);
        maps.draw(shape, body.clientWidth - 2, 52, layer.y, [unit]);
        const name = model.names[k];
        why.textContent = `saliency of the score of ${name}, up to ${write(slopes[strongest], 3)}`;
        which.textContent = `${layer.layer.call}: ${shape[0]} feature maps of ${height} × ${width}`;

        const said = problem
          ? [problem]
          : [
              `The answer is ${model.names[answer]}, with ${percent(probabilities[answer])}.`,
              `The score of ${name} is ${write(trace.y[k], 3)}, and depends most on the pixel in row ` +
                `${Math.floor(strongest / 28)}, column ${strongest % 28}.`,
            ];
        said.push(
          `Unit (${channel}, ${row}, ${column}) of ${layer.layer.call} reads rows ` +
            `${span(top, bottom)} and columns ${span(left, right)} of the image.`,
        );
        return {
          said: said.join(" "),
          numbers: {
            pixels: [...pixels],
            scores: [...trace.y],
            answer,
            explained: k,
            saliency: [...slopes],
            unit,
            value: layer.y[unit],
            field,
          },
        };
      };
    },
  };
});
