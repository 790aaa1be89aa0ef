// @ts-check
// Numbers in tables.

import { h, write } from "./dom.js";

/**
 * Make a table.
 * @param {string} caption @param {string[]} header @param {any[][]} rows
 */
export function table(caption, header, rows) {
  const head = header.map((cell) => h("th", { scope: "col" }, cell));
  const body = rows.map(([first, ...rest]) => {
    return h("tr", h("th", { scope: "row" }, first), row(rest));
  });
  return h("table", h("caption", caption), h("thead", h("tr", head)), h("tbody", body));
}

/** @param {any[]} cells */
const row = (cells) => cells.map((cell) => h("td", cell));

/**
 * Make a grid of numbers, as wide as a window.
 * @param {string} caption @param {any[]} cells @param {number} columns
 */
export function grid(caption, cells, columns) {
  const rows = [];
  for (let i = 0; i < cells.length; i += columns) {
    rows.push(h("tr", row(cells.slice(i, i + columns))));
  }
  return h("table", { class: "grid" }, h("caption", caption), h("tbody", rows));
}

/**
 * The largest of a list of summands, and the sum of the rest.
 * @template T
 * @param {T[]} items @param {(item: T) => number} product @param {(item: T) => any[]} row
 * @param {number} [most]
 */
export function largestFirst(items, product, row, most = 12) {
  const order = [...items].sort((a, b) => Math.abs(product(b)) - Math.abs(product(a)));
  const rest = order.slice(most);
  const rows = order.slice(0, most).map(row);
  if (rest.length) {
    const sum = rest.reduce((sum, item) => sum + product(item), 0);
    rows.push([`the other ${rest.length}`, ...Array(rows[0].length - 2).fill(""), write(sum)]);
  }
  return rows;
}
