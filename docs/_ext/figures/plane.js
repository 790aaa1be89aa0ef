// @ts-check
// A plane to draw on: axes, lines, points, and lines of equal height.

import { short } from "./parts.js";

/**
 * Make an element of a drawing.
 * @param {string} tag @param {Record<string, string | number>} attributes
 * @param {...(SVGElement | string)} children @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.append(...children);
  return element;
}

const [WIDE, HIGH, RIM] = [480, 300, 52];

/** A drawing of the rectangle from (left, bottom) to (right, top). */
export class Plane {
  /**
   * @param {string} label  what is drawn, for who does not see it
   * @param {{left: number, right: number, bottom: number, top: number}} range
   * @param {[string, string]} names  of the axes
   */
  constructor(label, range, names) {
    this.range = range;
    this.fixed = svg("g", {});
    this.moving = svg("g", {});
    const inside = { x: RIM, y: 6, width: WIDE - RIM - 8, height: HIGH - RIM - 6 };
    const clip = `clip-${label.replace(/\W+/g, "-")}`;
    this.element = svg(
      "svg",
      { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label, class: "plane" },
      svg("clipPath", { id: clip }, svg("rect", inside)),
      svg("rect", { ...inside, class: "paper" }),
      svg("g", { "clip-path": `url(#${clip})` }, this.fixed, this.moving),
      ...this.numbers(names),
    );
  }

  /** @param {number} x */
  x(x) {
    const { left, right } = this.range;
    return RIM + ((x - left) / (right - left)) * (WIDE - RIM - 8);
  }

  /** @param {number} y */
  y(y) {
    const { bottom, top } = this.range;
    return HIGH - RIM - ((y - bottom) / (top - bottom)) * (HIGH - RIM - 6);
  }

  /** The place of a pointer along the first axis. @param {PointerEvent} event */
  at(event) {
    const box = this.element.getBoundingClientRect();
    const { left, right } = this.range;
    const x = ((event.clientX - box.left) / box.width) * WIDE;
    return left + ((x - RIM) / (WIDE - RIM - 8)) * (right - left);
  }

  /** Numbers at the ends and in the middle of the axes. @param {[string, string]} names */
  numbers([across, up]) {
    const { left, right, bottom, top } = this.range;
    const xs = [left, (left + right) / 2, right];
    const ys = [bottom, (bottom + top) / 2, top];
    return [
      ...xs.map((x, n) =>
        svg(
          "text",
          { x: this.x(x), y: HIGH - 22, "text-anchor": n ? (n > 1 ? "end" : "middle") : "start" },
          short(x),
        ),
      ),
      ...ys.map((y, n) => {
        const place = { x: RIM - 4, y: this.y(y) + (n > 1 ? 10 : 0), "text-anchor": "end" };
        return svg("text", place, short(y));
      }),
      svg("text", { x: WIDE / 2, y: HIGH - 4, "text-anchor": "middle" }, across),
      svg("text", { x: RIM + 6, y: 20 }, up),
    ];
  }

  /** @param {[number, number][]} points @param {string} kind */
  line(points, kind) {
    const all = points.map(([x, y]) => `${this.x(x).toFixed(2)},${this.y(y).toFixed(2)}`);
    return svg("polyline", { points: all.join(" "), class: kind });
  }

  /** @param {[number, number]} point @param {string} kind @param {number} [r] */
  point([x, y], kind, r = 3) {
    return svg("circle", { cx: this.x(x), cy: this.y(y), r, class: kind });
  }

  /**
   * The line of equal height: in each small square, from edge to edge.
   * @param {(x: number, y: number) => number} f @param {number} height
   */
  contour(f, height) {
    const { left, right, bottom, top } = this.range;
    const [columns, rows] = [72, 48];
    const at = (/** @type {number} */ i, /** @type {number} */ j) => {
      const [x, y] = [left + ((right - left) * i) / columns, bottom + ((top - bottom) * j) / rows];
      return { x, y, above: f(x, y) - height };
    };
    let path = "";
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < rows; j++) {
        const corners = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
        const crossings = corners.flatMap((a, n) => {
          const b = corners[(n + 1) % 4];
          if (a.above > 0 === b.above > 0) return [];
          const t = a.above / (a.above - b.above);
          const [x, y] = [a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)];
          return [`${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`];
        });
        for (let n = 0; n + 1 < crossings.length; n += 2) {
          path += `M${crossings[n]}L${crossings[n + 1]}`;
        }
      }
    }
    return svg("path", { d: path, class: "contour" });
  }
}
