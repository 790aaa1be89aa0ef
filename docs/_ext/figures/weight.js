// @ts-check
// <minicnn-weight>: one weight, the loss over it, the slope, and a step.

import { h } from "../../../minicnn/pages/explorer/dom.js";
import { define, short } from "./parts.js";
import { Plane } from "./plane.js";

const LOADS = [1, 2, 3, 4];
const PLACES = [3.1, 4.9, 7.2, 8.8];

/** The mean squared error of w · x, and its derivative. @param {number} w */
function springLoss(w) {
  const errors = LOADS.map((x, m) => w * x - PLACES[m]);
  const mean = (/** @type {number[]} */ all) => all.reduce((a, b) => a + b, 0) / all.length;
  return {
    loss: mean(errors.map((e) => e * e)),
    slope: mean(errors.map((e, m) => 2 * e * LOADS[m])),
  };
}

const [FIRST, LAST] = [-1.5, 6.2];

define("weight", () => ({
  title: "One weight, its slope and a step",
  hint:
    "Drag the point, or take steps, and notice that the steps get shorter by themselves " +
    "near the minimum. From which rate on does a step land higher than it began?",
  settings: [
    { name: "w", label: "weight w", value: 0, range: [FIRST, LAST, 0.01] },
    { name: "rate", label: "learning rate γ", value: 0.05, range: [0.005, 0.15, 0.005] },
  ],
  make({ body, draw, set }) {
    const range = { left: FIRST, right: LAST, bottom: -5, top: 100 };
    const plane = new Plane("the loss over the weight", range, ["weight w", "loss L(w)"]);
    const curve = Array.from({ length: 78 }, (_, n) => FIRST + n / 10);
    plane.fixed.append(
      plane.line(
        curve.map((w) => [w, springLoss(w).loss]),
        "curve",
      ),
    );
    let next = 0;
    /** @param {number} w */
    function go(w) {
      set("w", w);
      draw();
    }
    /** @param {PointerEvent} event */
    const drag = (event) => go(Math.min(LAST, Math.max(FIRST, plane.at(event))));
    let dragging = false;
    plane.element.addEventListener("pointerdown", (event) => {
      plane.element.setPointerCapture(event.pointerId);
      dragging = true;
      drag(event);
    });
    plane.element.addEventListener("pointermove", (event) => {
      if (dragging) drag(event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      plane.element.addEventListener(end, () => (dragging = false));
    }
    body.append(
      plane.element,
      h(
        "div",
        { class: "controls" },
        h("button", { type: "button", click: () => go(next) }, "Take the step"),
        h("button", { type: "button", click: () => go(0) }, "Back to w = 0"),
      ),
    );

    return ({ w, rate }) => {
      const { loss, slope } = springLoss(w);
      next = w - rate * slope;
      const after = springLoss(next).loss;
      plane.moving.replaceChildren(
        plane.line(
          [
            [w - 1.2, loss - 1.2 * slope],
            [w + 1.2, loss + 1.2 * slope],
          ],
          "slope",
        ),
        plane.line(
          [
            [w, loss],
            [next, after],
          ],
          "step",
        ),
        plane.point([next, after], "next", 5),
        plane.point([w, loss], "now", 7),
      );
      const way = after > loss ? "higher" : after < loss ? "lower" : "no lower";
      return {
        said:
          `At w = ${short(w)} the loss is ${short(loss)} and its slope ${short(slope)}. The step ` +
          `−γ · slope = ${short(-rate * slope)} leads to w = ${short(next)}, where the loss is ` +
          `${short(after)}: ${way}.`,
        numbers: { w, loss, slope, next, after },
      };
    };
  },
}));
