// @ts-check
// A guided tour of the backward pass: from the loss back to the pixel, along the strongest path.

import { byId, h, where, write } from "./dom.js";
import { argmax } from "./numbers.js";
import { sentTo } from "./senders.js";

/** @typedef {import("./thought.js").Thought} Thought */
/** @typedef {{strip: number, cell: number, text: string}} Stop */

const STOPS = 8;
const BEND =
  "This activation is a curve: the gradient is multiplied by its slope at the input, which is nearly 0 where the curve is flat.";
const NORM =
  "Every number moved the mean and the deviation of all: each gets a gradient through its own output, less its part in the common shift and scale.";

/**
 * How each kind of layer hands a gradient on. If a network has more kinds than the tour has stops, it
 * passes over the last ones here.
 * @type {Record<string, string>}
 */
const TEXTS = {
  linear:
    "The linear layer hands the gradient on to its inputs: each input gets the gradients of all outputs, each times the weight between them.",
  conv2d:
    "A number of this map was in many windows: it gets the gradient of each, times the weight it was multiplied by. The weights get gradients too: after the tour, click a cell of this convolution's own map, then a number of its kernel.",
  relu: "A relu is a gate: where its input was positive the gradient passes unchanged, elsewhere it stops.",
  max_pool2d: "Of each window only the winner counted, so only the winner gets the gradient.",
  avg_pool2d:
    "Every number of a window had an equal share in the mean, and gets an equal share of the gradient.",
  leaky_relu:
    "A leaky relu is a gate that never closes: where its input was negative, the gradient is made small.",
  sigmoid: BEND,
  tanh: BEND,
  silu: BEND,
  gelu: BEND,
  average_views:
    "The mean over several views: each view gets a gradient according to its part in it. The tour goes on in the image as it is.",
  global_avg_pool:
    "Every number of a channel had an equal share in the mean, and gets an equal share of the gradient.",
  residual: "A sum hands the gradient to both summands: the shortcut carries it back unchanged.",
  batch_norm:
    "With frozen statistics, normalisation is a factor per channel: the gradient is multiplied by it.",
  group_norm: NORM,
  layer_norm: NORM,
  parallel: "Side by side, each branch gets the gradient of its own part of the output.",
  flatten:
    "Flatten only laid the numbers out in a row: each gradient goes back to its place in the maps.",
  dropout: "Dropout is switched off here: the gradient passes.",
  view: "This view was not moved: each gradient goes to the pixel at its place.",
};

/**
 * The path that brings the pixel with the largest gradient the most: from each number to the one
 * that sends it the largest product, up to a score. It is returned from the score to the pixel.
 * @param {Thought} thought @returns {{strip: number, cell: number}[]}
 */
function strongestPath({ readings, traces, gradients }) {
  /** Of those that are shown. @param {import("./graph.js").Reading["source"]} source @param {number} i */
  const senders = (source, i) => {
    return sentTo(readings, source, i, gradients).filter(({ reader }) => traces.includes(reader));
  };
  const input = gradients.get(null) ?? new Float64Array(1);
  let cell = argmax(input.map(Math.abs));
  const path = [{ strip: 0, cell }];
  let sent = senders(null, cell);
  while (sent.length) {
    const best = sent.reduce((a, b) => (Math.abs(b.product) > Math.abs(a.product) ? b : a));
    cell = best.to;
    path.unshift({ strip: traces.indexOf(best.reader) + 1, cell });
    sent = senders(best.reader, cell);
  }
  return path;
}

/**
 * Plan the tour for a thought that has gradients.
 * @param {Thought} thought @returns {Stop[]}
 */
function planTour(thought) {
  const { traces, label, names, loss, readings, gradients, shape } = thought;
  const path = strongestPath(thought);
  /** @param {{strip: number}} step */
  const kind = ({ strip }) => traces[strip - 1].layer.name;
  const layers = path.slice(0, -1).map(kind);
  // Of each kind of layer the first on the way. A layer's text tells how it hands the gradient on,
  // so the number that it hands it to is opened: the next on the way.
  let stops = path.slice(1).map((step, n) => ({ ...step, kind: layers[n] }));
  stops = stops.filter((_, n) => layers.indexOf(layers[n]) === n);
  const kinds = Object.keys(TEXTS).filter((name) => layers.includes(name));
  stops = stops.filter((stop) => kinds.indexOf(stop.kind) < STOPS - 3); // three are no layers
  const last = traces.length;
  const { cell } = path[path.length - 1];
  const sent = sentTo(readings, null, cell, gradients).length;
  return [
    {
      strip: last + 1,
      cell: label,
      text:
        `The loss is −log of the probability of the true class, ${names[label]}: ${write(loss)}. From ` +
        "here we go back and ask of every number: how would the loss change with it?",
    },
    {
      strip: last,
      cell: label,
      text:
        "The gradient of the scores is p − y: the probabilities, minus 1 at the true class. There " +
        "it is negative: a larger score lowers the loss.",
    },
    ...stops.map(({ strip, cell, kind }) => ({ strip, cell, text: TEXTS[kind] })),
    {
      strip: 0,
      cell,
      text:
        "The image at last. This map is its saliency: the gradient of the loss with respect to " +
        `every pixel. At ${where(shape, cell)}, ${sent} products add up. Now take a step, and see ` +
        "what it changes.",
    },
  ];
}

/**
 * Take the tour: say what is seen at each stop, with buttons to the next and back.
 * @param {Thought} thought  with gradients @param {(stop: Stop) => void} go
 */
export function startTour(thought, go) {
  const stops = planTour(thought);
  const box = byId("stop");
  /** @param {string} name @param {boolean} possible @param {() => void} click */
  const button = (name, possible, click) => {
    return h("button", { type: "button", disabled: possible ? false : "", click }, name);
  };

  /** @param {number} at */
  function visit(at) {
    const next = button("Next", at < stops.length - 1, () => visit(at + 1));
    const back = button("Back", at > 0, () => visit(at - 1));
    const close = button("End the tour", true, end);
    box.replaceChildren(
      h("p", h("strong", `Stop ${at + 1} of ${stops.length}. `), stops[at].text),
      h("div", { class: "controls" }, next, back, close),
    );
    box.hidden = false;
    go(stops[at]);
    (next.disabled ? close : next).focus();
  }

  function end() {
    box.hidden = true;
    byId("tour").focus();
  }

  visit(0);
}
