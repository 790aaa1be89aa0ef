// @ts-check
// The page: its state, and how all parts follow it.

import { fromAddress, toAddress } from "./address.js";
import { Answer } from "./answer.js";
import { api } from "./api.js";
import { detail } from "./detail.js";
import { byId, h } from "./dom.js";
import { evaluate, Gallery } from "./gallery.js";
import { drawMaps, layOut, palette } from "./maps.js";
import { decode, Model } from "./model.js";
import { normalise } from "./normalise.js";
import { size } from "./numbers.js";
import { drawingPad } from "./pad.js";
import { pictureOf, save } from "./picture.js";
import { stepPanel } from "./steps.js";
import { Strips } from "./strips.js";
import { describe, looksFrom, shapeOf, stripOf, think, traceOf } from "./thought.js";
import { startTour } from "./tour.js";

/** @typedef {import("./address.js").Place} Place */

class Page {
  /** @param {any} data  what Python wrote */
  constructor(data) {
    this.model = new Model(data);
    const { inShape } = this.model.net;
    const pixels = size(inShape);
    const bytes = decode(data.images, "images");
    this.names = this.model.names;
    /** @type {number[]} */
    this.labels = data.labels;
    this.images = this.labels.map((_, n) => {
      return Float64Array.from(bytes.subarray(n * pixels, (n + 1) * pixels), (byte) => byte / 255);
    });
    /** @type {Place} */
    this.place = {
      image: 0,
      drawn: null,
      layer: 0,
      cell: null,
      weight: null,
      mode: "forward",
      label: this.labels[0],
    };
    /** @type {{strip: number, cell: number} | null} what the mouse is over */
    this.over = null;
    /** @type {number | null} the input channel whose window is shown */
    this.channel = null;
    this.evaluation = 0; // counts, so that an old one ends when a new one begins
    this.waiting = false;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.colours = palette(this.dark.matches);
    this.thought = this.think();

    byId("about").textContent = data.about;
    byId("label").append(...this.names.map((name, k) => h("option", { value: `${k}` }, name)));
    this.strips = new Strips(describe(this.thought), {
      hover: (strip, cell) => this.hover(strip, cell),
      pin: (layer, cell) => this.go({ layer, cell, weight: null }),
      toggle: (layer, cell) =>
        this.go({ layer, cell: this.isOpen(layer, cell) ? null : cell, weight: null }),
      open: (layer) => this.go({ layer, cell: null, weight: null }),
    });
    this.gallery = new Gallery(this.images, this.labels, this.names, inShape, (image) => {
      this.pad?.clear();
      this.go({ image, drawn: null, label: this.labels[image] });
    });
    this.answer = new Answer(this.names);
    // The rules of MNIST's size and place are for its images alone.
    if (`${inShape}` === "1,28,28") {
      const [canvas, pen, undo, clear] = ["pad", "pen", "undo-stroke", "clear"].map(byId);
      const thickness = () => Number(byId("thickness").value);
      const parts = { canvas, pen, undo, clear, thickness };
      this.pad = drawingPad(parts, (ink, side) => this.draw(ink, side));
    } else byId("draw").hidden = true;
    stepPanel(this.model, {
      image: () => ({ pixels: this.pixels, label: this.thought.label }),
      results: () => this.gallery.results,
      answers: () => this.answers,
      labels: this.labels,
    });
    this.answers = this.evaluateAll();
    this.model.changed = () => {
      this.later();
      this.answers = this.evaluateAll();
    };
    this.listen();
    this.gallery.draw(this.colours);
    this.goToAddress();
    this.update();
    if (this.place.layer) this.strips.show(this.place.layer, true);
  }

  get pixels() {
    return this.place.drawn ?? this.images[this.place.image ?? 0];
  }

  /** @param {Place["mode"]} [mode] */
  think(mode = this.place.mode) {
    return think(this.model, this.pixels, this.place.label, mode === "backward");
  }

  listen() {
    byId("mode").addEventListener("change", (/** @type {any} */ { target }) => {
      this.go({ mode: target.value, weight: null });
    });
    byId("label").addEventListener("change", (/** @type {any} */ { target }) => {
      this.go({ label: Number(target.value) });
    });
    byId("detail").addEventListener("keydown", (/** @type {KeyboardEvent} */ { key }) => {
      if (key === "Escape") this.strips.drawn[this.place.layer].canvas.focus();
    });
    byId("close").addEventListener("click", () => {
      this.go({ layer: 0, cell: null, weight: null });
    });
    byId("tour").addEventListener("click", () => {
      startTour(this.think("backward"), ({ strip, cell }) => {
        this.go({ layer: strip, cell, weight: null, mode: "backward" });
        this.strips.show(strip, matchMedia("(prefers-reduced-motion: reduce)").matches);
      });
    });
    byId("save").addEventListener("click", () => {
      const picture = pictureOf(describe(this.thought), this.strips.drawn);
      save(picture, `explorer-${this.place.mode}.png`);
    });
    addEventListener("hashchange", () => {
      this.goToAddress();
      this.update();
    });
    addEventListener("resize", () => {
      this.strips.layOut();
      this.later();
    });
    this.dark.addEventListener("change", () => {
      this.colours = palette(this.dark.matches);
      this.gallery.draw(this.colours);
      this.later();
    });
  }

  /** Whether a cell is pinned: a second click unpins it. @param {number} strip
   * @param {number | null} cell */
  isOpen(strip, cell) {
    const { place } = this;
    return place.layer === strip && place.cell === cell && place.weight === null;
  }

  /** Go somewhere. @param {Partial<Place>} to */
  go(to) {
    if (to.layer !== undefined && to.layer !== this.place.layer) this.channel = null;
    Object.assign(this.place, to);
    this.over = null;
    this.later();
  }

  /** Update once a frame. */
  later() {
    if (!this.waiting) requestAnimationFrame(() => this.update());
    this.waiting = true;
  }

  update() {
    this.waiting = false;
    const { place } = this;
    this.thought = this.think();
    this.strips.draw(describe(this.thought), this.colours);
    this.answer.show(this.thought, !place.drawn);
    this.gallery.select(place.image ?? -1);
    byId("label").value = `${this.thought.label}`;
    for (const radio of byId("mode").querySelectorAll("input")) {
      radio.checked = radio.value === place.mode;
    }
    if (this.pad) {
      const { shape } = this.thought;
      drawMaps(byId("seen"), layOut(shape, 140, 140), this.pixels, 1, this.colours, true);
    }
    this.open();
    // A drawing makes a long address, which takes a while: it waits until the pen rests.
    clearTimeout(this.resting);
    if (place.drawn) this.resting = setTimeout(() => this.writeAddress(), 200);
    else this.writeAddress();
  }

  writeAddress() {
    try {
      history.replaceState(null, "", toAddress(this.place));
    } catch {
      // Some browsers forbid it to a page from a disk: then the address stays as it is.
    }
  }

  goToAddress() {
    const place = fromAddress(location.hash, {
      images: this.images.length,
      classes: this.names.length,
      pixels: this.pixels.length,
      layers: this.thought.traces.length + 2,
    });
    if ((place.cell ?? 0) >= size(shapeOf(this.thought, place.layer ?? 0))) delete place.cell;
    if (place.image !== undefined) place.drawn = null;
    else if (place.drawn) place.image = null;
    // A drawing has no true class until one is chosen.
    const label = place.drawn ? null : this.labels[place.image ?? 0];
    Object.assign(this.place, { label, cell: null, weight: null }, place);
  }

  /** @param {Float64Array} ink @param {number} side */
  draw(ink, side) {
    const pixels = normalise({ height: side, width: side, values: ink });
    const failed = typeof pixels === "string";
    byId("pen").textContent = failed ? pixels : "";
    const label = failed || !this.place.drawn ? null : this.place.label;
    if (!failed) this.go({ drawn: pixels, image: null, label });
    else if (this.place.drawn) this.place.label = label; // the next drawing is another digit
  }

  /** Answer all images again; a later call ends an earlier one. */
  async evaluateAll() {
    const run = ++this.evaluation;
    this.gallery.update([]); // the old answers are those of other weights
    const results = await evaluate(
      this.model,
      this.images,
      this.labels,
      () => run !== this.evaluation,
    );
    if (results) this.gallery.update(results);
    return results;
  }

  /** @param {number} strip @param {number} cell */
  hover(strip, cell) {
    if (this.place.cell !== null || this.place.weight !== null) return; // what is pinned stays
    this.over = cell < 0 ? null : { strip, cell };
    this.open();
  }

  /** Show the open layer or cell, and frame where it looks. */
  open() {
    const { place, over, thought } = this;
    const strip = over?.strip ?? place.layer;
    const cell = over?.cell ?? place.cell;
    const pinned = place.cell !== null;
    this.strips.frame(looksFrom(thought, strip, cell), { strip, cell, pinned });
    const { title, sentence, body } = detail(thought, strip, cell, place.weight, {
      colours: this.colours,
      channel: this.channel,
      chooseChannel: (channel) => {
        this.channel = channel;
        this.open();
      },
      chooseWeight: (layer, weight) => this.go({ mode: "backward", layer, cell: null, weight }),
      chooseCell: (layer, cell) => this.go({ layer, cell, weight: null }),
      mark: (layer, output, inputs) => {
        const trace = traceOf(thought, layer);
        const reading = thought.readings.find(({ reader }) => reader === trace);
        const source = stripOf(thought, reading?.source ?? null);
        const open = { strip: layer, cell: output, pinned: false };
        this.strips.frame(new Map([[source, inputs]]), open);
      },
    });
    if (byId("detail-title").textContent !== title) byId("detail").scrollTop = 0;
    const nothing = strip === 0 && cell === null && place.weight === null;
    byId("detail").classList.toggle("nothing", nothing && byId("stop").hidden);
    const inside = byId("body").contains(document.activeElement);
    byId("detail-title").textContent = title;
    byId("spoken").textContent = sentence;
    byId("body").replaceChildren(...body);
    if (inside) byId("detail").focus(); // what had the focus is gone
  }
}

/** @type {any} */
const outside = window;
const page = new Page(JSON.parse(byId("data").textContent));
outside.minicnn = api(page.model, Promise.resolve());
