// @ts-check
// <minicnn-law>: a law, a convolution with a bug, and whether the law sees it.

import { conv2d } from "../../../minicnn/pages/explorer/convolution.js";
import { h } from "../../../minicnn/pages/explorer/dom.js";
import { beside, Board, define, layerOf, never, short } from "./parts.js";

const RIGHT = "no bug";
const BUGS = {
  flip: "flips the kernel",
  flipBack: "flips the kernel in ∂L/∂x alone",
  stride: "forgets the stride in ∂L/∂x",
  weight: "flips ∂L/∂w",
};
const LAWS = {
  image: "adjoint in the image",
  weight: "adjoint in the weight",
  value: "value, as the right one has it",
};
const LAW_IMAGE = Float64Array.from({ length: 25 }, (_, i) => ((i * i + 3 * i) % 11) - 3);
const LAW_KERNEL = Float64Array.of(1, 2, -1, 3);

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
const dot = (a, b) => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** A kernel, read backwards. @param {Float64Array} w */
const flipped = (w) => w.slice().reverse();

/**
 * The value and both gradients of a convolution with a bug.
 * @param {string} bug @param {number} stride
 */
function buggy(bug, stride) {
  const side = Math.floor((5 - 2) / stride) + 1;
  const layer = (/** @type {Float64Array} */ weight, /** @type {number} */ step) =>
    layerOf(
      "conv2d",
      { kernel_size: 2, stride: step, padding: 0, dilation: 1, groups: 1 },
      [1, 5, 5],
      [1, side, side],
      { weight },
    );
  const upstream = Float64Array.from({ length: side * side }, (_, i) => ((i * 5) % 7) - 2);
  const run = (/** @type {Float64Array} */ weight, /** @type {number} */ step) => {
    const made = layer(weight, step);
    const { y } = conv2d.forward(made, LAW_IMAGE, never);
    const trace = { layer: made, x: LAW_IMAGE, y, inside: [] };
    const { x, params = {} } = conv2d.backward(trace, upstream, never);
    return { y, x, weight: params.weight };
  };
  const right = run(LAW_KERNEL, stride);
  const mirrored = run(flipped(LAW_KERNEL), stride);
  const value = bug === BUGS.flip ? mirrored.y : right.y;
  const toX =
    bug === BUGS.flip || bug === BUGS.flipBack
      ? mirrored.x
      : bug === BUGS.stride
        ? run(LAW_KERNEL, 1).x
        : right.x;
  const toWeight = bug === BUGS.flip || bug === BUGS.weight ? flipped(right.weight) : right.weight;
  return { side, upstream, right: right.y, value, toX, toWeight };
}

define("law", () => ({
  title: "A law, and a bug that it misses",
  hint:
    "Choose a bug, and then each law, and notice that the flipped kernel passes both " +
    "adjoint laws, since its gradients fit its value. Take the forgotten stride, and " +
    "notice that at stride 1 every law holds: so a law is tried on many geometries.",
  settings: [
    {
      name: "bug",
      label: "the convolution",
      value: BUGS.flip,
      choices: [RIGHT, ...Object.values(BUGS)],
    },
    { name: "law", label: "the law", value: LAWS.image, choices: Object.values(LAWS) },
    { name: "stride", label: "stride", value: 1, range: [1, 3, 1] },
  ],
  make({ body }) {
    const boards = [
      new Board("x", "the image"),
      new Board("w", "the kernel"),
      new Board("g", "the upstream gradient"),
      new Board("y", "the value"),
      new Board("∂L/∂x", ""),
      new Board("∂L/∂w", ""),
    ];
    const equation = h("p", { class: "code" });
    body.append(equation);
    beside(body, boards);

    return ({ bug, law, stride }) => {
      const { side, upstream, right, value, toX, toWeight } = buggy(bug, stride);
      const shown = [LAW_IMAGE, LAW_KERNEL, upstream, value, toX, toWeight];
      const sides = [5, 2, side, side, 5, 2];
      boards.forEach((board, n) => board.draw([1, sides[n], sides[n]], shown[n]));
      const left = dot(value, upstream);
      const [other, text] =
        law === LAWS.image
          ? [dot(LAW_IMAGE, toX), "Σ x · ∂L/∂x"]
          : law === LAWS.weight
            ? [dot(LAW_KERNEL, toWeight), "Σ w · ∂L/∂w"]
            : [dot(right, upstream), "Σ (y of the right convolution) · g"];
      const holds = left === other;
      equation.textContent = `The law: Σ y · g = ${text}. Here: ${short(left)} ${holds ? "=" : "≠"} ${short(other)}`;
      const verdict = holds ? "The law holds" : "The law does not hold";
      const seen = bug === RIGHT ? "." : holds ? ", and the bug passes." : ": the bug is seen.";
      return {
        said: verdict + seen,
        numbers: {
          x: [...LAW_IMAGE],
          weight: [...LAW_KERNEL],
          upstream: [...upstream],
          value: [...value],
          toX: [...toX],
          toWeight: [...toWeight],
          left,
          right: other,
        },
      };
    };
  },
}));
