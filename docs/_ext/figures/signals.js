// @ts-check
// <minicnn-signals>: the size of the signals in twenty layers, forward and backward.

import { linear } from "../../../minicnn/pages/explorer/linear.js";
import { relu, tanh } from "../../../minicnn/pages/explorer/pointwise.js";
import { define, layerOf, never, short } from "./parts.js";
import { Plane } from "./plane.js";

const [DEPTH, UNITS, EXAMPLES] = [20, 64, 32];
const IDENTITY = {
  forward: pass,
  backward: (/** @type {any} */ _, /** @type {any} */ y) => ({ x: y }),
};
/** @type {Record<string, any>} */
const ACTIVATIONS = { ReLU: relu, tanh, none: IDENTITY };

/** @param {any} _ @param {Float64Array} x */
function pass(_, x) {
  return { y: x };
}

/**
 * Draw numbers of a normal distribution with variance 1, always the same.
 * @param {number} seed @returns {(n: number) => Float64Array}
 */
export function drawer(seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return (n) =>
    Float64Array.from({ length: n }, () => {
      return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    });
}

/** @param {Float64Array[]} all @returns {number} the standard deviation, as Tensor.std */
function deviation(all) {
  const numbers = all.flatMap((each) => Array.from(each));
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const squares = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1));
}

define("signals", () => ({
  title: "Signals through twenty layers",
  hint:
    "With ReLU and He’s σ, a multiple of 1, both lines stay level; set 0.7, and notice " +
    "that the signals are a thousand times smaller after twenty layers. Find the multiple " +
    "that keeps their size without an activation, and notice that with tanh the forward " +
    "line cannot grow.",
  settings: [
    {
      name: "sigma",
      label: "σ, as a multiple of √(2/n)",
      value: 1,
      range: [0.3, 3, 0.05],
    },
    { name: "activation", label: "activation", value: "ReLU", choices: Object.keys(ACTIVATIONS) },
  ],
  make({ body }) {
    const draw = drawer(2);
    const weights = Array.from({ length: DEPTH }, () => draw(UNITS * UNITS));
    const inputs = Array.from({ length: EXAMPLES }, () => draw(UNITS));
    const arriving = Array.from({ length: EXAMPLES }, () => draw(UNITS));
    const range = { left: 1, right: DEPTH, bottom: -12, top: 12 };
    const plane = new Plane("standard deviations over the layers", range, [
      "layer",
      "log₁₀ of std: z solid, ∂L/∂z dashed",
    ]);
    plane.fixed.append(
      plane.line(
        [
          [1, 0],
          [DEPTH, 0],
        ],
        "contour",
      ),
    );
    body.append(plane.element);

    return ({ sigma, activation }) => {
      const bend = ACTIVATIONS[activation];
      const one = layerOf(activation, {}, [UNITS], [UNITS]);
      const layers = weights.map((normal) => {
        const weight = normal.map((value) => value * sigma * Math.sqrt(2 / UNITS));
        return layerOf("linear", {}, [UNITS], [UNITS], { weight });
      });
      /** @type {[Float64Array[][], Float64Array[][]]} by layer and example */
      const [zs, grads] = [layers.map(() => []), layers.map(() => [])];
      inputs.forEach((input, n) => {
        let x = input;
        layers.forEach((layer, l) => {
          zs[l].push(linear.forward(layer, x, never).y);
          x = bend.forward(one, zs[l][n]).y;
        });
        let g = arriving[n];
        for (let l = DEPTH - 1; l >= 0; l--) {
          g = bend.backward({ layer: one, x: zs[l][n], y: zs[l][n] }, g).x;
          grads[l].push(g);
          const trace = { layer: layers[l], x: zs[l][n], y: zs[l][n], inside: [] };
          g = linear.backward(trace, g, never).x;
        }
      });
      const [forward, backward] = [zs.map(deviation), grads.map(deviation)];
      const points = (/** @type {number[]} */ all) =>
        all.map((each, l) => /** @type {[number, number]} */ ([l + 1, Math.log10(each)]));
      plane.moving.replaceChildren(
        plane.line(points(forward), "step"),
        plane.line(points(backward), "slope"),
      );
      const factor = (forward[DEPTH - 1] / forward[0]) ** (1 / (DEPTH - 1));
      return {
        said:
          `Forward from ${short(forward[0])} to ${short(forward[DEPTH - 1])}, a factor of ` +
          `${short(factor)} in every layer; backward from ${short(backward[DEPTH - 1])} at the ` +
          `top to ${short(backward[0])} at the first layer.`,
        numbers: {
          weights: weights.map((each) => [...each]),
          inputs: inputs.map((each) => [...each]),
          arriving: arriving.map((each) => [...each]),
          forward,
          backward,
        },
      };
    };
  },
}));
