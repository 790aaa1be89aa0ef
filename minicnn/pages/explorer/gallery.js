// @ts-check
// The test images: chosen by class, and by how the network answers.

import { byId, count, h, percent } from "./dom.js";
import { crossEntropy, softmax } from "./loss.js";
import { argmax } from "./numbers.js";
import { drawMaps } from "./maps.js";

/** @typedef {{p: Float64Array, loss: number, answer: number}} Result */

/**
 * Compute the answers to all images, a few at a time, so that the page stays responsive.
 * @param {import("./model.js").Model} model @param {Float64Array[]} images @param {number[]} labels
 * @param {() => boolean} cancelled @returns {Promise<Result[] | null>} null if cancelled
 */
export async function evaluate(model, images, labels, cancelled) {
  const results = [];
  let began = -Infinity;
  for (let n = 0; n < images.length; n++) {
    if (performance.now() - began > 12) {
      await new Promise((resolve) => setTimeout(resolve));
      if (cancelled()) return null;
      began = performance.now();
    }
    const { y } = model.forward(images[n]);
    const { loss } = crossEntropy(y, labels[n]);
    results.push({ p: softmax(y), loss, answer: argmax(y) });
  }
  return results;
}

/** @param {Result[]} results @param {number[]} labels */
export function scores(results, labels) {
  const right = results.filter(({ answer }, n) => answer === labels[n]).length;
  const loss = results.reduce((sum, result) => sum + result.loss, 0) / results.length;
  return { right, loss };
}

export class Gallery {
  /**
   * @param {Float64Array[]} images @param {number[]} labels @param {string[]} names
   * @param {number[]} shape @param {(n: number) => void} choose
   */
  constructor(images, labels, names, shape, choose) {
    this.names = names;
    this.labels = labels;
    /** @type {Result[]} */
    this.results = [];
    this.shape = shape;
    this.images = images;
    this.chosen = -1;
    this.choose = choose;
    /** @type {number[]} */
    this.shown = [];
    this.thumbnails = images.map((_, n) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      return h(
        "div",
        { role: "option", id: `image-${n}`, "aria-selected": "false", click: () => choose(n) },
        canvas,
      );
    });
    byId("of-class").append(...names.map((name, k) => h("option", { value: `${k}` }, name)));
    for (const id of ["of-class", "of-answer"])
      byId(id).addEventListener("change", () => this.show());
    byId("images").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) =>
      this.key(event),
    );
    this.show();
  }

  /** @param {import("./maps.js").Palette} colours */
  draw(colours) {
    const [channels, rows, columns] = this.shape;
    const n = rows * columns;
    const layout = {
      rows,
      columns,
      tiles: 1,
      across: 1,
      scale: 1,
      numbers: n,
      width: columns,
      height: rows,
    };
    this.thumbnails.forEach((element, i) => {
      // Of colours, the mean: enough to recognise the image.
      const grey = Float64Array.from({ length: n }, (_, j) => {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += this.images[i][c * n + j];
        return sum / channels;
      });
      drawMaps(element.firstChild, layout, grey, 1, colours, true);
    });
  }

  /** @param {Result[]} results  none while they are computed */
  update(results) {
    this.results = results;
    this.show();
  }

  /** Show the images of the chosen class and answer. */
  show() {
    const ofClass = byId("of-class").value;
    const ofAnswer = byId("of-answer").value;
    const known = this.results.length > 0;
    let shown = this.labels.map((_, n) => n);
    if (ofClass !== "") shown = shown.filter((n) => this.labels[n] === Number(ofClass));
    if (known && ofAnswer === "right") shown = shown.filter((n) => this.right(n));
    if (known && ofAnswer === "wrong") shown = shown.filter((n) => !this.right(n));
    if (known && ofAnswer === "least sure") {
      shown.sort((a, b) => Math.max(...this.results[a].p) - Math.max(...this.results[b].p));
    }
    this.shown = shown;
    byId("images").replaceChildren(...shown.map((n) => this.thumbnails[n]));
    shown.forEach((n) => {
      const result = this.results[n];
      const answered = result
        ? `, answered ${this.names[result.answer]} with ${percent(result.p[result.answer])}`
        : "";
      const text = `image ${n}: ${this.names[this.labels[n]]}${answered}`;
      this.thumbnails[n].setAttribute("aria-label", text);
      this.thumbnails[n].title = text;
      this.thumbnails[n].classList.toggle("wrong", Boolean(result) && !this.right(n));
    });
    const { right, loss } = known ? scores(this.results, this.labels) : { right: 0, loss: 0 };
    byId("images-note").textContent = known
      ? `${count(shown.length, "image")} shown. Of all ${this.labels.length}, ${right} are right; average loss ${loss.toFixed(4)}. They were picked to hold many mistakes.`
      : "Computing the answers …";
  }

  /** @param {number} n */
  right(n) {
    return this.results[n].answer === this.labels[n];
  }

  /** @param {number} n  −1 for a drawing */
  select(n) {
    this.thumbnails[this.chosen]?.setAttribute("aria-selected", "false");
    this.chosen = n;
    const element = this.thumbnails[n];
    if (!element) return byId("images").removeAttribute("aria-activedescendant");
    element.setAttribute("aria-selected", "true");
    byId("images").setAttribute("aria-activedescendant", element.id);
    const box = byId("images");
    if (
      element.offsetTop < box.scrollTop ||
      element.offsetTop + 40 > box.scrollTop + box.clientHeight
    ) {
      box.scrollTop = element.offsetTop - 40;
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const box = byId("images");
    const across = Math.max(1, Math.floor(box.clientWidth / (this.thumbnails[0].offsetWidth + 4)));
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
    const { key } = event;
    if (!(key in moves)) return;
    event.preventDefault();
    const at = this.shown.indexOf(this.chosen);
    const to = at < 0 ? 0 : at + moves[/** @type {keyof typeof moves} */ (key)];
    if (to >= 0 && to < this.shown.length) this.choose(this.shown[to]);
  }
}
