// @ts-check
// The state of the page in its address, so that what is seen can be shared: #image=3&layer=2&…

import { fromBase64, toBase64 } from "./numbers.js";

/**
 * @typedef {object} Place
 * @property {number | null} image      of those of the page; null for a drawing
 * @property {Float64Array | null} drawn  its pixels
 * @property {number} layer             the strip; 0 is the image
 * @property {number | null} cell
 * @property {number | null} weight
 * @property {"forward" | "backward"} mode
 * @property {number | null} label      the true class; null for the network's own answer
 */

/** @param {Place} place @returns {string} */
export function toAddress(place) {
  const parts = new URLSearchParams();
  if (place.image !== null) parts.set("image", `${place.image}`);
  else if (place.drawn) {
    const bytes = Uint8Array.from(place.drawn, (value) => Math.round(255 * value));
    parts.set("drawn", toBase64(bytes));
  }
  parts.set("mode", place.mode);
  parts.set("layer", `${place.layer}`);
  for (const name of /** @type {const} */ (["label", "cell", "weight"])) {
    if (place[name] !== null) parts.set(name, `${place[name]}`);
  }
  return `#${parts}`;
}

/**
 * Read an address; whatever in it does not fit this page is left out.
 * @param {string} address
 * @param {{images: number, classes: number, pixels: number, layers: number}} limits
 * @returns {Partial<Place>}
 */
export function fromAddress(address, { images, classes, pixels, layers }) {
  const parts = new URLSearchParams(address.replace(/^#/, ""));
  /** @param {string} name @param {number} limit */
  const integer = (name, limit) => {
    const text = parts.get(name) ?? "";
    return /^\d{1,9}$/.test(text) && Number(text) < limit ? Number(text) : undefined;
  };
  /** @type {Partial<Place>} */
  const place = {
    image: integer("image", images),
    label: integer("label", classes),
    layer: integer("layer", layers),
    cell: integer("cell", Infinity),
    weight: integer("weight", Infinity),
  };
  const mode = parts.get("mode");
  if (mode === "forward" || mode === "backward") place.mode = mode;
  try {
    const bytes = fromBase64(parts.get("drawn") ?? "");
    if (bytes.length === pixels) place.drawn = Float64Array.from(bytes, (byte) => byte / 255);
  } catch {
    // no base64, no drawing
  }
  return Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined));
}
