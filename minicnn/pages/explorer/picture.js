// @ts-check
// All strips as one picture, to be saved.

import { h } from "./dom.js";

const LINE = 22; // pixels of a strip's name
const MARGIN = 16;

/**
 * @param {import("./strips.js").Strip[]} strips @param {import("./strips.js").Drawn[]} drawn
 * @returns {HTMLCanvasElement}
 */
export function pictureOf(strips, drawn) {
  const ratio = Math.max(1, Math.round(devicePixelRatio || 1));
  const width = Math.max(360, ...drawn.map(({ layout }) => layout.width)) + 2 * MARGIN;
  const height = drawn.reduce((sum, { layout }) => sum + layout.height + LINE + MARGIN, MARGIN);
  const canvas = h("canvas", { width: width * ratio, height: height * ratio });
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  context.scale(ratio, ratio);
  context.fillStyle = style.getPropertyValue("--paper");
  context.fillRect(0, 0, width, height);
  context.fillStyle = style.getPropertyValue("--ink");
  context.font = "13px system-ui, sans-serif";
  let y = MARGIN;
  strips.forEach(({ call, shape, caption }, n) => {
    const { layout, canvas: map, over } = drawn[n];
    context.fillText(`${call}   ${shape.join(" × ")}   ${caption}`, MARGIN, y + 12);
    for (const layer of [map, over]) {
      context.drawImage(layer, MARGIN, y + LINE, layout.width, layout.height);
    }
    y += layout.height + LINE + MARGIN;
  });
  return canvas;
}

/** Save a picture as a file. @param {HTMLCanvasElement} canvas @param {string} name */
export function save(canvas, name) {
  canvas.toBlob((blob) => {
    if (!blob) return;
    const url = URL.createObjectURL(blob);
    h("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
}
