// @ts-check
// What the figures are made of: controls, numbers that can be chosen, and a sentence about them.

import { h, write } from "../../../minicnn/pages/explorer/dom.js";
import { largest, moves } from "../../../minicnn/pages/explorer/maps.js";
import { size } from "../../../minicnn/pages/explorer/numbers.js";
import { position } from "../../../minicnn/pages/explorer/windows.js";

/**
 * A setting: a slider, or a choice of words.
 * @typedef {object} Setting
 * @property {string} name
 * @property {string} label
 * @property {string | number} value   at first
 * @property {string[]} [choices]      of words
 * @property {[number, number, number]} [range]  first, last, step of a slider
 * @property {(position: number) => number} [scale]  from the slider's position to the value
 */

/** @typedef {Record<string, any>} Settings  by name: numbers and words */

/**
 * What a figure draws into.
 * @typedef {object} Host
 * @property {HTMLElement} body
 * @property {boolean} backward                  whether the element has this attribute
 * @property {(name: string, value: number) => void} set  a slider
 * @property {() => void} draw                   draws anew
 */

/**
 * @typedef {object} Figure
 * @property {string} title
 * @property {string} hint          what to try, and what to notice
 * @property {Setting[]} settings
 * @property {(host: Host) => (settings: Settings) => {said: string, numbers: object}} make
 *   returns what computes and draws; it returns the sentence, and the numbers for checks
 */

/**
 * Define the element <minicnn-NAME>. Its attribute instead-of names the printed picture that it
 * stands in for, by which conf.py tags the cell that draws it: where the figure is shown,
 * figures.css hides the picture, but not its code.
 * @param {string} name
 * @param {(backward: boolean) => Figure | null} figure  null: the page does not have what it needs
 */
export function define(name, figure) {
  customElements.define(
    `minicnn-${name}`,
    class extends HTMLElement {
      /** What is shown, for checks from outside. @type {object} */
      numbers = {};

      connectedCallback() {
        if (this.childElementCount) return; // was moved within the page
        const draw = () => {
          const shown = show(now);
          this.numbers = shown.numbers;
          said.textContent = shown.said;
        };
        const backward = this.hasAttribute("backward");
        const made = figure(backward);
        if (!made) return; // and the printed picture stays
        const { title, hint, settings, make } = made;
        /** @type {Settings} */
        const now = {};
        const said = h("p", { class: "said", "aria-live": "polite" });
        const body = h("div", { class: "body" });
        const controls = new Map(settings.map((each) => [each.name, control(each, now, draw)]));
        const set = (/** @type {string} */ of, /** @type {number} */ value) =>
          controls.get(of)?.set(value);
        const show = make({ body, backward, set, draw });
        this.classList.add("touchable");
        this.replaceChildren(
          h(
            "section",
            { "aria-label": title },
            h("p", { class: "title" }, title),
            h("p", hint),
            h(
              "div",
              { class: "controls" },
              [...controls.values()].map(({ element }) => element),
            ),
            body,
            said,
          ),
        );
        draw();
        const picture = document.querySelector(`.tag_picture-${this.getAttribute("instead-of")}`);
        picture?.classList.add("replaced");
      }
    },
  );
}

/** Put boards beside each other. @param {HTMLElement} body @param {Board[]} boards */
export function beside(body, boards) {
  const row = h(
    "div",
    { class: "boards" },
    boards.map(({ element }) => element),
  );
  body.append(row);
  return row;
}

/**
 * Make the control of a setting.
 * @param {Setting} setting @param {Settings} now @param {() => void} changed
 */
function control({ name, label, value, choices, range, scale = Number }, now, changed) {
  const shown = h("output");
  const input = choices
    ? h("select", { name }, ...choices.map((each) => h("option", each)))
    : h("input", { type: "range", name, min: range?.[0], max: range?.[1], step: range?.[2] });
  input.value = `${value}`;
  /** @param {number | string} to */
  const take = (to) => {
    now[name] = to;
    if (typeof to === "string") return;
    shown.textContent = short(to);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  const read = () => take(choices ? input.value : scale(Number(input.value)));
  input.addEventListener("input", () => {
    read();
    changed();
  });
  read();
  return {
    element: h("label", h("span", label), input, choices ? null : shown),
    /** The slider stands at the nearest of its places; the number is kept as it is. */
    set(/** @type {number} */ to) {
      input.value = `${to}`;
      take(to);
    },
  };
}

/**
 * Describe a layer for the engine of the explorer; none of those here has layers inside.
 * @param {string} name @param {Record<string, any>} options
 * @param {number[]} inShape @param {number[]} outShape
 * @param {Record<string, Float64Array>} [params]
 * @returns {import("../../../minicnn/pages/explorer/types.js").Layer}
 */
export function layerOf(name, options, inShape, outShape, params = {}) {
  return { name, call: name, options, inShape, outShape, params, state: {}, children: [] };
}

/** What runs the layers inside of a layer that has none. @returns {never} */
export function never() {
  throw new Error("no layers inside");
}

/** A number with at most four digits, without zeros at its end: 12, −0.5. @param {number} x */
export function short(x) {
  if (Number.isInteger(x) && Math.abs(x) < 1e5) return `${x}`.replace("-", "−");
  const text = write(x, 4);
  return text.includes("e") ? text : text.replace(/\.0+$|(\.\d*[1-9])0+$/, "$1");
}

/**
 * Numbers of the shape (C, H, W), each channel a tile; one of them can be chosen, with a click or
 * with the arrow keys, and the board is one stop of the tab key.
 */
export class Board {
  /**
   * @param {string} name @param {string} meaning
   * @param {((i: number) => void) | null} choose  null: the numbers are only looked at
   * @param {(key: string) => boolean} [typed]     of another key, whether it was of use
   */
  constructor(name, meaning, choose = null, typed = () => false) {
    this.name = name;
    this.choose = choose;
    this.typed = typed;
    this.chosen = 0;
    /** @type {number[]} */
    this.shape = [0, 0, 0];
    this.element = h("div", { class: "board" });
    this.tiles = h("div", { class: "tiles" });
    this.element.append(h("p", h("b", name), ` ${meaning}`), this.tiles);
    if (!choose) return;
    const keys = "the arrow keys choose a number";
    for (const [key, value] of Object.entries({
      tabindex: "0",
      role: "application",
      "aria-label": `${name} ${meaning}: ${keys}`,
    })) {
      this.tiles.setAttribute(key, value);
    }
    this.tiles.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.tiles.addEventListener("focus", () => {
      // By the keyboard; a click says itself which number is meant.
      if (this.tiles.matches(":focus-visible")) this.pick(this.chosen);
    });
    this.tiles.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const cell = /** @type {HTMLElement} */ (event.target).closest("[data-i]");
      if (cell) this.pick(Number(/** @type {HTMLElement} */ (cell).dataset.i));
    });
  }

  /** @param {number} i */
  pick(i) {
    this.chosen = i;
    this.choose?.(i);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [, height, width] = this.shape;
    const distance = moves(width, height * width)[event.key];
    if (distance === undefined && !this.typed(event.key)) return;
    event.preventDefault();
    const to = this.chosen + (distance ?? 0);
    if (distance !== undefined && to >= 0 && to < size(this.shape)) this.pick(to);
  }

  /**
   * @param {number[]} shape @param {ArrayLike<number>} values
   * @param {object} [how]
   * @param {Set<number>} [how.read]      numbers that get a frame
   * @param {boolean} [how.open]          whether the chosen number gets a thick frame
   * @param {(i: number) => boolean} [how.faint]  numbers that are not there: padding
   * @param {(i: number) => boolean} [how.empty]  numbers that are not written
   * @param {(tile: number) => string} [how.label]
   * @param {boolean} [how.small]         small cells, in which zeros are not written
   * @param {[number, number]} [how.blocks]  rows and columns between two thick lines
   */
  draw(shape, values, how = {}) {
    const { read = new Set(), open = false, label, small = false } = how;
    const { faint = () => false, empty = (i) => small && values[i] === 0 } = how;
    this.shape = shape;
    this.chosen = Math.min(this.chosen, Math.max(0, size(shape) - 1));
    const [tiles, height, width] = shape;
    const [down, across] = how.blocks ?? [height, width];
    const most = largest(values) || 1;
    const cell = (/** @type {number} */ i) => {
      const [, row, column] = position(shape, i);
      const kinds = [
        ...(row && row % down === 0 ? ["block-row"] : []),
        ...(column && column % across === 0 ? ["block-column"] : []),
        ...(values[i] < 0 ? ["minus"] : []),
        ...(read.has(i) ? ["read"] : []),
        ...(faint(i) ? ["faint"] : []),
        ...(open && i === this.chosen ? ["chosen"] : []),
      ];
      const shade = Math.round(45 * (Math.abs(values[i]) / most));
      const text = empty(i) ? "" : short(values[i]);
      const style = `--shade: ${empty(i) ? 0 : shade}%`;
      const shown = { class: kinds.join(" "), "data-i": `${i}`, style };
      return h("span", shown, h("span", { class: `long-${Math.min(text.length, 6)}` }, text));
    };
    this.tiles.replaceChildren(
      ...Array.from({ length: tiles }, (_, tile) => {
        const first = tile * height * width;
        const cells = Array.from({ length: height * width }, (_, n) => cell(first + n));
        const name = label ? label(tile) : tiles > 1 ? `${this.name}[${tile}]` : "";
        return h(
          "div",
          { class: "tile" },
          name ? h("p", name) : null,
          h("div", { class: small ? "cells small" : "cells", style: `--columns: ${width}` }, cells),
        );
      }),
    );
  }
}
