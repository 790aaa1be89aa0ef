// @ts-check
// <minicnn-schedule>: the learning rate over the steps of a training.

import { define, short } from "./parts.js";
import { Plane } from "./plane.js";

/** Half a cosine wave from one number to another. @param {number} done  from 0 to 1 */
const wave = (/** @type {number} */ from, /** @type {number} */ to, done) =>
  to + ((from - to) / 2) * (1 + Math.cos(Math.PI * done));

/**
 * The schedules, as minicnn.optim.schedules has them: the rate in step t of n.
 * @type {Record<string, (t: number, n: number, peak: number, warm: number) => number>}
 */
const SCHEDULES = {
  constant: (_t, _n, peak) => peak,
  cosine: (t, n, peak) => wave(peak, 0, t / n),
  "warm-up, then cosine": (t, n, peak, warm) =>
    t < warm ? peak * (0.05 + (0.95 * t) / warm) : wave(peak, 0, (t - warm) / (n - warm)),
  "one cycle": (t, n, peak, warm) => {
    const top = warm - 1; // the step of the peak
    const [first, last] = [peak / 25, peak / 25 / 1e4];
    if (t <= top) return top ? wave(first, peak, t / top) : peak;
    return wave(peak, last, (t - top) / (n - 1 - top));
  },
  "step decay": (t, n, peak) => peak * 0.3 ** Math.floor(t / Math.ceil(n / 3)),
};

define("schedule", () => ({
  title: "A schedule: the learning rate over the steps",
  hint:
    "Move the slider of the step, and notice how little of the training runs at the peak. " +
    "Take one cycle with a warm-up of 30 steps, the share that minicnn’s examples use, " +
    "and then of 5: notice where the curve is steepest, and how small the last rates are.",
  settings: [
    {
      name: "kind",
      label: "schedule",
      value: "warm-up, then cosine",
      choices: Object.keys(SCHEDULES),
    },
    { name: "peak", label: "greatest rate", value: 0.5, range: [0.1, 1, 0.1] },
    { name: "warm", label: "steps of warm-up", value: 20, range: [1, 60, 1] },
    { name: "step", label: "step, of 100", value: 40, range: [0, 99, 1] },
  ],
  make({ body }) {
    const range = { left: 0, right: 100, bottom: 0, top: 1 };
    const plane = new Plane("the learning rate over the steps", range, ["step", "rate γ"]);
    body.append(plane.element);

    return ({ kind, peak, warm, step }) => {
      const rates = Array.from({ length: 100 }, (_, t) => SCHEDULES[kind](t, 100, peak, warm));
      plane.moving.replaceChildren(
        plane.line(
          rates.map((rate, t) => [t, rate]),
          "step",
        ),
        plane.point([step, rates[step]], "now", 6),
      );
      const high = rates.filter((rate) => rate >= 0.9 * peak).length;
      return {
        said:
          `Step ${step} has the rate ${short(rates[step])}; the last step has ${short(rates[99])}. ` +
          `${high} of 100 steps have at least nine tenths of the greatest rate.`,
        numbers: { rates },
      };
    };
  },
}));
