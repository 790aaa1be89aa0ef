// @ts-check
// <minicnn-softmax>: scores, temperature and label smoothing; probabilities, loss and p − q.

import { h, percent } from "../../../minicnn/pages/explorer/dom.js";
import { logSoftmax, softmax } from "../../../minicnn/pages/explorer/loss.js";
import { define, short } from "./parts.js";

const CLASSES = [0, 1, 2, 3];

define("softmax", () => ({
  title: "From scores to p − q",
  hint:
    "Raise the score of class 0, and notice that the gradient p − q of the true class " +
    "goes to 0 but never gets there; with smoothing 0.2 it does. Raise the temperature, " +
    "and notice that all probabilities approach 25% and their order stays.",
  settings: [
    ...CLASSES.map((k) => ({
      name: `z${k}`,
      label: `score z[${k}]`,
      value: [2, 1, 0, -1][k],
      range: /** @type {[number, number, number]} */ ([-5, 5, 0.1]),
    })),
    { name: "label", label: "true class", value: "0", choices: CLASSES.map(String) },
    { name: "temperature", label: "temperature T", value: 1, range: [0.2, 5, 0.1] },
    { name: "smoothing", label: "smoothing ε", value: 0, range: [0, 0.5, 0.05] },
  ],
  make({ body }) {
    const heads = ["class", "z / T", "p", "q", "p − q"];
    const rows = h("tbody");
    const caption = h(
      "caption",
      "Probabilities p, targets q, which are y without smoothing, and the gradient of the loss",
    );
    const head = h(
      "tr",
      heads.map((each) => h("th", { scope: "col" }, each)),
    );
    body.append(h("table", caption, h("thead", head), rows));

    /** A number with its bar. @param {string} text @param {number} value */
    const bar = (text, value) =>
      h(
        "td",
        text,
        h("span", {
          class: value < 0 ? "bar minus" : "bar",
          style: `--share: ${Math.abs(100 * value)}%`,
          "aria-hidden": "true",
        }),
      );

    return (settings) => {
      const { temperature, smoothing } = settings;
      const label = Number(settings.label);
      const scores = Float64Array.from(CLASSES, (k) => settings[`z${k}`] / temperature);
      const p = softmax(scores);
      const rest = smoothing / CLASSES.length;
      const q = p.map((_, k) => rest + (k === label ? 1 - smoothing : 0));
      const loss = logSoftmax(scores).reduce((sum, logP, k) => sum - q[k] * logP, 0);
      const gradient = p.map((value, k) => value - q[k]);
      rows.replaceChildren(
        ...CLASSES.map((k) =>
          h(
            "tr",
            k === label ? { class: "true" } : {},
            h("th", { scope: "row" }, k === label ? `${k}, true` : `${k}`),
            h("td", scores[k].toFixed(2).replace("-", "−")),
            bar(percent(p[k]), p[k]),
            bar(percent(q[k]), q[k]),
            bar(gradient[k].toFixed(3).replace("-", "−"), gradient[k]),
          ),
        ),
      );
      return {
        said:
          `The loss is ${short(loss)}. A step against p − q ` +
          `${gradient[label] < 0 ? "raises" : "lowers"} the score of class ${label}: its p is ` +
          `${percent(p[label])}, its target ${percent(q[label])}.`,
        numbers: { scores: [...scores], p: [...p], q: [...q], loss, gradient: [...gradient] },
      };
    };
  },
}));
