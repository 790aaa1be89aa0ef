// @ts-check
// <minicnn-descent>: gradient descent, momentum and Adam on a curved valley, step by step.

import { h, write } from "../../../minicnn/pages/explorer/dom.js";
import { OPTIMIZERS } from "../../../minicnn/pages/explorer/optimizers.js";
import { define, short } from "./parts.js";
import { Plane } from "./plane.js";

/** @param {number} x @param {number} y */
function valley(x, y) {
  const off = y - 0.05 * x * x;
  return 0.05 * (x - 2) ** 2 + 2 * off * off;
}

/** @param {number} x @param {number} y */
function valleyGradient(x, y) {
  const off = y - 0.05 * x * x;
  return Float64Array.of(0.1 * (x - 2) - 0.4 * x * off, 4 * off);
}

/** @type {[number, number]} */
const START = [-3, 2.5];

const METHODS = ["gradient descent", "momentum", "Adam"];

/**
 * The places of an optimizer, from the start on.
 * @param {import("./parts.js").Settings} settings @returns {[number, number][]}
 */
function walk({ method, rate, beta, beta2, steps }) {
  const place = Float64Array.from(START);
  /** @type {[number, number][]} */
  const places = [START];
  const options =
    method === "Adam" ? { beta1: beta, beta2 } : { momentum: method === "momentum" ? beta : 0 };
  const step = OPTIMIZERS[method === "Adam" ? "adam" : "sgd"];
  let memory = null;
  for (let t = 0; t < steps; t++) {
    memory = step([place], [valleyGradient(place[0], place[1])], rate, memory, options);
    places.push([place[0], place[1]]);
  }
  return places;
}

define("descent", () => ({
  title: "Three optimizers in one valley",
  hint:
    "Take steps with gradient descent at the rate 0.4, and notice the zigzag and then the " +
    "crawl; with momentum notice how far it overshoots, and with Adam that the first step " +
    "is equally long along both axes. Find the rate from which the first two leave the " +
    "valley, and notice that Adam stays in it at the same rate.",
  settings: [
    { name: "method", label: "optimizer", value: METHODS[0], choices: METHODS },
    {
      name: "rate",
      label: "learning rate γ",
      value: -0.4,
      range: [-2, 0, 0.05],
      scale: (power) => Number((10 ** power).toPrecision(2)),
    },
    { name: "beta", label: "momentum μ, or Adam’s β₁", value: 0.8, range: [0, 0.98, 0.02] },
    { name: "beta2", label: "Adam’s β₂", value: 0.9, range: [0, 0.99, 0.01] },
    { name: "steps", label: "steps", value: 10, range: [0, 100, 1] },
  ],
  make({ body, draw, set }) {
    const range = { left: -4.8, right: 4, bottom: -1.6, top: 3 };
    const plane = new Plane("the way of an optimizer over a valley", range, ["x", "y"]);
    plane.fixed.append(
      ...Array.from({ length: 9 }, (_, k) => plane.contour(valley, 0.02 * 2.2 ** k)),
      plane.line(
        [
          [1.85, 0.2],
          [2.15, 0.2],
        ],
        "minimum",
      ),
      plane.line(
        [
          [2, 0.08],
          [2, 0.32],
        ],
        "minimum",
      ),
    );
    let taken = 0;
    /** @param {number} steps */
    const go = (steps) => () => {
      set("steps", Math.max(0, Math.min(100, steps === 0 ? 0 : taken + steps)));
      draw();
    };
    body.append(
      plane.element,
      h(
        "div",
        { class: "controls" },
        h("button", { type: "button", click: go(1) }, "One step"),
        h("button", { type: "button", click: go(-1) }, "One step back"),
        h("button", { type: "button", click: go(0) }, "To the start"),
      ),
    );

    return (settings) => {
      taken = settings.steps;
      const places = walk(settings);
      const [x, y] = places[taken];
      const loss = valley(x, y);
      const seen = places.filter((place) => place.every((each) => Math.abs(each) < 1e4));
      plane.moving.replaceChildren(
        plane.line(seen, "step"),
        ...seen.map((place) => plane.point(place, "next", 2.5)),
        plane.point(places[0], "start", 5),
        ...(seen.length === places.length ? [plane.point([x, y], "now", 6)] : []),
      );
      const { left, right, bottom, top } = plane.range;
      const gone = !(left <= x && x <= right && bottom <= y && y <= top);
      return {
        said:
          `After ${taken} ${taken === 1 ? "step" : "steps"} of ${settings.method}: x = ${short(x)}, ` +
          `y = ${short(y)}, loss ${write(loss)}${gone ? ", outside the picture" : ""}.`,
        numbers: { places, loss },
      };
    };
  },
}));
