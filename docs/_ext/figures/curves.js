// @ts-check
// <minicnn-curves>: a small training in the page, and its two learning curves.

import { linear } from "../../../minicnn/pages/explorer/linear.js";
import { OPTIMIZERS } from "../../../minicnn/pages/explorer/optimizers.js";
import { tanh } from "../../../minicnn/pages/explorer/pointwise.js";
import { define, layerOf, never, short } from "./parts.js";
import { Plane } from "./plane.js";
import { drawer } from "./signals.js";

const [UPDATES, MOST, HELD_OUT] = [200, 40, 40];

/** Points of a curve, with noise. @param {(n: number) => Float64Array} draw @param {number} n */
function noisy(draw, n) {
  const noise = draw(n);
  const x = Float64Array.from({ length: n }, (_, i) => -1 + (2 * ((i * 17) % n)) / (n - 1));
  return { x, y: x.map((value, i) => Math.sin(3 * value) + 0.3 * noise[i]) };
}

/**
 * Train x → linear → tanh → linear, and note both losses before each step and after the last.
 * @param {{x: Float64Array, y: Float64Array}} train @param {{x: Float64Array, y: Float64Array}} held
 * @param {Float64Array[]} first  weight, bias, weight, bias
 * @param {number} rate
 */
function learn(train, held, first, rate) {
  const params = first.map((values) => values.slice());
  const units = params[0].length;
  const into = layerOf("linear", {}, [1], [units], { weight: params[0], bias: params[1] });
  const bend = layerOf("tanh", {}, [units], [units]);
  const out = layerOf("linear", {}, [units], [1], { weight: params[2], bias: params[3] });
  const forward = (/** @type {number} */ input) => {
    const x = Float64Array.of(input);
    const z = linear.forward(into, x, never).y;
    const a = tanh.forward(bend, z, never).y;
    return { x, z, a, y: linear.forward(out, a, never).y };
  };
  const loss = (/** @type {typeof train} */ { x, y }) =>
    x.reduce((sum, value, i) => sum + (forward(value).y[0] - y[i]) ** 2, 0) / x.length;
  /** @type {[number[], number[]]} */
  const [losses, validation] = [[], []];
  let memory = null;
  for (let t = 0; ; t++) {
    losses.push(loss(train));
    validation.push(loss(held));
    if (t === UPDATES) return { losses, validation };
    const grads = params.map((values) => new Float64Array(values.length));
    train.x.forEach((input, i) => {
      const { x, z, a, y } = forward(input);
      const g = Float64Array.of((2 * (y[0] - train.y[i])) / train.x.length);
      const top = linear.backward({ layer: out, x: a, y, inside: [] }, g, never);
      const middle = tanh.backward({ layer: bend, x: z, y: a, inside: [] }, top.x, never);
      const bottom = linear.backward({ layer: into, x, y: z, inside: [] }, middle.x, never);
      const all = [bottom.params, top.params].flatMap((p) => [p?.weight, p?.bias]);
      all.forEach((values, n) => values?.forEach((value, k) => (grads[n][k] += value)));
    });
    memory = OPTIMIZERS.adam(params, grads, rate, memory);
  }
}

define("curves", () => ({
  title: "Learning curves to be diagnosed",
  hint:
    "A small network learns a curve with noise in it: find settings for each row of the " +
    "table above. Notice that the training loss alone does not tell overfitting from " +
    "success, and that more examples cure it.",
  settings: [
    {
      name: "rate",
      label: "learning rate γ",
      value: -1,
      range: [-4, 1, 0.25],
      scale: (power) => Number((10 ** power).toPrecision(2)),
    },
    { name: "examples", label: "examples", value: 6, range: [4, MOST, 2] },
    { name: "units", label: "hidden units", value: 30, range: [1, 40, 1] },
  ],
  make({ body }) {
    const draw = drawer(5);
    const train = noisy(draw, MOST);
    const held = noisy(draw, HELD_OUT);
    const normal = draw(2 * 40);
    const range = { left: 0, right: UPDATES, bottom: -3.5, top: 1.5 };
    const plane = new Plane("the losses over the steps", range, [
      "step",
      "log₁₀ of loss: training solid, validation dashed",
    ]);
    body.append(plane.element);

    return ({ rate, examples, units }) => {
      const some = { x: train.x.slice(0, examples), y: train.y.slice(0, examples) };
      const first = [
        normal.slice(0, units).map((value) => 2 * value),
        new Float64Array(units),
        normal.slice(40, 40 + units).map((value) => value / Math.sqrt(units)),
        new Float64Array(1),
      ];
      const { losses, validation } = learn(some, held, first, rate);
      const points = (/** @type {number[]} */ all) =>
        all.map((each, t) => /** @type {[number, number]} */ ([t, Math.log10(each)]));
      plane.moving.replaceChildren(
        plane.line(points(losses), "step"),
        plane.line(points(validation), "slope"),
      );
      const best = validation.indexOf(Math.min(...validation));
      return {
        said:
          `After ${UPDATES} steps the training loss is ${short(losses[UPDATES])} and the validation ` +
          `loss ${short(validation[UPDATES])}, which was lowest after step ${best}: ` +
          `${short(validation[best])}.`,
        numbers: {
          first: first.map((values) => [...values]),
          train: { x: [...some.x], y: [...some.y] },
          held: { x: [...held.x], y: [...held.y] },
          losses,
          validation,
        },
      };
    };
  },
}));
