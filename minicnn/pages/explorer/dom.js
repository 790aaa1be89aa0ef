// @ts-check
// Making elements, and writing numbers.

/**
 * Make an element: attributes are set, functions become listeners, children are text or nodes.
 * @param {string} tag
 * @param {...any} parts  attributes, which may be left out, and children
 * @returns {any}
 */
export function h(tag, ...parts) {
  const element = document.createElement(tag);
  const attributes = parts[0]?.constructor === Object ? parts.shift() : {};
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...parts.flat(Infinity).filter((child) => child !== null));
  return element;
}

/** @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * Write a number, with a sign that cannot be overlooked.
 * @param {number} x @param {number} [digits] @returns {string}
 */
export function write(x, digits = 4) {
  if (!Number.isFinite(x)) return `${x}`.replace("-", "−");
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text = size < 1e-3 || size >= 1e5 ? x.toExponential(digits - 2) : x.toPrecision(digits);
  return text.replaceAll("-", "−");
}

/** @param {number} p @returns {string} a probability, such as 99.5% */
export function percent(p) {
  return Number.isNaN(p) ? "NaN" : `${(100 * p).toFixed(p > 0 && p < 0.001 ? 3 : 1)}%`;
}

/** @param {number} n @param {string} one @param {string} [many] */
export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/**
 * Name a cell, counting from 0 as the code does.
 * @param {number[]} shape @param {number} i
 */
export function where(shape, i) {
  if (shape.length === 1) return `number ${i}`;
  const [channels, height, width] = shape;
  const [row, column] = [Math.floor(i / width) % height, i % width];
  const place = `row ${row}, column ${column}`;
  return channels === 1 ? place : `channel ${Math.floor(i / (height * width))}, ${place}`;
}
