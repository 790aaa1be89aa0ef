// @ts-check
// One strip for each layer: its name, what it does, and all its numbers as maps.

import { byId, count, h, where, write } from "./dom.js";
import { cellAt, drawMaps, frame, largest, layOut, moves } from "./maps.js";
import { size } from "./numbers.js";

/**
 * @typedef {object} Strip  What one strip shows.
 * @property {string} call
 * @property {string} sentence
 * @property {number[]} shape
 * @property {number} parameters
 * @property {number} depth         inside how many layers it is
 * @property {string} branch        of which it is the first layer
 * @property {Float64Array} values
 * @property {boolean} ink          draw as ink on paper
 * @property {string} [caption]     what the numbers are
 */

/**
 * @typedef {object} Drawn  A strip on the page.
 * @property {HTMLCanvasElement} canvas
 * @property {HTMLCanvasElement} over    for frames
 * @property {import("./maps.js").Layout} layout
 * @property {HTMLElement} element
 * @property {HTMLElement} sentence
 * @property {HTMLElement} scale
 */

/** @typedef {{hover: (n: number, i: number) => void, pin: (n: number, i: number | null) => void,
 *   toggle: (n: number, i: number | null) => void, open: (n: number) => void}} Actions */

const INSET = 14; // pixels by which page.css indents what is inside a layer

export class Strips {
  /** @param {Strip[]} strips @param {Actions} actions */
  constructor(strips, actions) {
    this.actions = actions;
    this.shapes = strips.map(({ shape }) => shape);
    this.depths = strips.map(({ depth }) => depth);
    /** @type {number[]} where the arrow keys are, in each strip */
    this.cursors = strips.map(() => -1);
    this.drawn = strips.map((strip, n) => this.make(strip, n));
    byId("strips").replaceChildren(...this.drawn.map(({ element }) => element));
    this.layOut();
  }

  /** @param {Strip} strip @param {number} n @returns {Drawn} */
  make({ call, shape, parameters, depth, branch }, n) {
    const keys =
      "Arrow keys: cells. Page up and down: channels. Enter: pin. Escape: the layer. " +
      "Space: to what is open.";
    const canvas = h("canvas", {
      tabindex: "0",
      role: "application",
      "aria-label": `${call}. ${keys}`,
      mousemove: (/** @type {MouseEvent} */ event) => this.actions.hover(n, this.at(n, event)),
      mouseleave: () => this.actions.hover(n, -1),
      click: (/** @type {MouseEvent} */ event) => {
        const i = this.at(n, event);
        this.cursors[n] = i;
        this.actions.toggle(n, i < 0 ? null : i);
      },
      keydown: (/** @type {KeyboardEvent} */ event) => this.key(n, event),
    });
    const over = h("canvas", { class: "over", "aria-hidden": "true" });
    const sentence = h("p", { class: "sentence" });
    const scale = h("p", { class: "scale" });
    const element = h(
      "section",
      { class: "strip", "data-strip": `${n}`, style: `--depth: ${depth}` },
      branch ? h("p", { class: "branch" }, branch) : null,
      h(
        "h2",
        h("button", { type: "button", tabindex: "-1", click: () => this.actions.open(n) }, call),
      ),
      h(
        "p",
        { class: "facts" },
        `${shape.join(" × ")}${parameters ? ` · ${count(parameters, "parameter")}` : ""}`,
      ),
      sentence,
      h("div", { class: "maps" }, canvas, over),
      scale,
    );
    return { canvas, over, layout: layOut(shape, 300), element, sentence, scale };
  }

  /** @param {number} n @param {MouseEvent} event */
  at(n, event) {
    const box = this.drawn[n].canvas.getBoundingClientRect();
    return cellAt(this.drawn[n].layout, event.clientX - box.left, event.clientY - box.top);
  }

  /** Fit the maps into the width of the page. */
  layOut() {
    const width = byId("strips").clientWidth - 34;
    this.drawn.forEach((drawn, n) => {
      const tile = Math.min(112, Math.max(n ? 52 : 84, width / 14));
      const inset = INSET * this.depths[n];
      drawn.layout = layOut(this.shapes[n], Math.max(120, width - inset), tile);
    });
  }

  /**
   * Move by the keyboard.
   * @param {number} n @param {KeyboardEvent} event
   */
  key(n, event) {
    const shape = this.shapes[n];
    const { columns } = this.drawn[n].layout;
    const channel = shape.length === 1 ? columns : size(shape.slice(1));
    /** @type {Record<string, number>} */
    const distance = { ...moves(columns, channel), Enter: 0 };
    const { key } = event;
    if (key !== "Escape" && key !== " " && !(key in distance)) return;
    event.preventDefault();
    if (key === "Escape") return this.actions.open(n);
    if (key === " ") return byId("detail").focus();
    const before = this.cursors[n];
    const to = before < 0 ? 0 : before + distance[key];
    if (to < 0 || to >= size(shape)) return; // the edge
    this.cursors[n] = to;
    this.actions.pin(n, to);
  }

  /** @param {Strip[]} strips @param {import("./maps.js").Palette} colours */
  draw(strips, colours) {
    strips.forEach(({ values, ink, caption, shape, sentence }, n) => {
      const { canvas, over, layout, scale, sentence: said } = this.drawn[n];
      said.textContent = sentence;
      const most = ink ? 1 : largest(values);
      drawMaps(canvas, layout, values, most, colours, ink);
      [over.width, over.height] = [canvas.width, canvas.height];
      [over.style.width, over.style.height] = [canvas.style.width, canvas.style.height];
      const positive = values.every((value) => value >= 0);
      const bar = positive ? "bar positive" : "bar";
      const broken = values.findIndex((value) => !Number.isFinite(value));
      const warning =
        broken < 0
          ? ""
          : ` Not a finite number: ${write(values[broken])} at ${where(shape, broken)}.`;
      scale.replaceChildren(
        h("span", ink ? "0 paper … 1 ink" : `${positive ? "0" : `−${write(most)}`} `),
        ...(ink ? [] : [h("span", { class: bar, "aria-hidden": "true" }), ` +${write(most)}`]),
        h("span", ` ${caption ?? ""}${warning}`),
      );
    });
  }

  /** Scroll to a strip. @param {number} n @param {boolean} calm  without moving there visibly */
  show(n, calm) {
    const behavior = calm ? "auto" : "smooth";
    this.drawn[n].element.scrollIntoView({ block: "center", behavior });
  }

  /**
   * Frame cells, and clear all other frames.
   * @param {Map<number, number[]>} looked  by strip: where the open cell looks
   * @param {{strip: number, cell: number | null, pinned: boolean}} open
   */
  frame(looked, open) {
    this.drawn.forEach(({ over, layout, element }, n) => {
      over.getContext("2d")?.clearRect(0, 0, over.width, over.height);
      const style = getComputedStyle(element);
      element.classList.toggle("open", n === open.strip);
      const cells = looked.get(n);
      if (cells) frame(over, layout, cells, style.getPropertyValue("--look"));
      if (n === open.strip && open.cell !== null) {
        if (open.pinned) this.cursors[n] = open.cell; // the arrow keys go on from here
        frame(over, layout, [open.cell], style.getPropertyValue("--ink"), open.pinned ? 3 : 2);
      }
    });
  }
}
