// @ts-check
// The answer: a bar for each class, where its probability comes from, and where the gradient begins.

import { byId, h, percent, write } from "./dom.js";
import { argmax } from "./numbers.js";
import { table } from "./tables.js";

/** @typedef {import("./arithmetic.js").Explanation} Explanation */
/** @typedef {import("./thought.js").Thought} Thought */

export class Answer {
  /** @param {string[]} names  of the classes */
  constructor(names) {
    this.rows = names.map((name) => {
      const bar = h("span", { class: "fill" });
      const number = h("span", { class: "number" });
      const track = h("span", { class: "track" }, bar);
      return { bar, number, row: h("li", h("span", { title: name }, name), track, number) };
    });
    this.line = h("p", { "aria-live": "polite" });
    byId("answer").append(
      this.line,
      h(
        "ol",
        this.rows.map(({ row }) => row),
      ),
    );
  }

  /** @param {Thought} thought @param {boolean} known  whether the true class is known */
  show({ probabilities: p, label, names, loss }, known) {
    const best = argmax(p);
    this.rows.forEach(({ bar, number, row }, k) => {
      bar.style.width = `${100 * (p[k] || 0)}%`;
      number.textContent = percent(p[k]);
      row.classList.toggle("best", k === best);
      row.classList.toggle("true", k === label);
    });
    const verdict = best === label ? ": right" : `: wrong, the true class is ${names[label]}`;
    this.line.textContent = `${names[best]}, with ${percent(p[best])}${known ? verdict : ""}. Loss ${write(loss)}.`;
  }
}

/**
 * Explain a probability: e to the power of its score, divided by the sum of all of these.
 * @param {import("./thought.js").Thought} thought @param {number} k @returns {Explanation}
 */
export function explainSoftmax({ logits, probabilities: p, label, names }, k) {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  const loss = k === label ? ` The loss is −log ${write(p[k])} = ${write(-Math.log(p[k]))}.` : "";
  return {
    sentence: `${write(powers[k])} / ${write(sum)} = ${percent(p[k])}.${loss}`,
    body: [
      h(
        "p",
        { class: "note" },
        `The largest score, ${write(top)}, is subtracted from all: nothing changes, and nothing overflows.`,
      ),
      table(
        "softmax",
        ["class", "score z", "exp(z − largest)", "probability"],
        [
          ...powers.map((power, j) => [
            `${names[j]}${j === label ? " (true)" : ""}`,
            write(logits[j]),
            write(power),
            percent(p[j]),
          ]),
          ["sum", "", write(sum), "100.0%"],
        ],
      ),
    ],
  };
}

/**
 * Explain where the gradient begins: p − y.
 * @param {Thought} thought @param {number} k @returns {Explanation}
 */
export function explainStart({ probabilities, start, label, names }, k) {
  const better = start[k] < 0 ? "a larger" : "a smaller";
  return {
    sentence:
      `p − y = ${write(probabilities[k])} − ${+(k === label)} = ${write(start[k])}: ${better} ` +
      `score of ${names[k]} lowers the loss.`,
    body: [],
  };
}
