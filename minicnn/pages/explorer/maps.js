// @ts-check
// Numbers as pictures: every channel is a tile, every number a cell, its colour its sign and size.

/**
 * @typedef {object} Layout  Where the cells of a strip lie, in CSS pixels.
 * @property {number} rows       of a tile, in cells
 * @property {number} columns
 * @property {number} tiles
 * @property {number} across     tiles in a row
 * @property {number} scale      pixels of a cell
 * @property {number} numbers    cells in all; the last row of a vector may be shorter
 * @property {number} width
 * @property {number} height
 */

const GAP = 6;

/**
 * Lay out a shape in a width: channels side by side, a vector in rows.
 * @param {number[]} shape @param {number} width @param {number} [tile]  pixels of a tile, at least
 * @returns {Layout}
 */
export function layOut(shape, width, tile = 52) {
  const numbers = shape.reduce((product, side) => product * side, 1);
  let [tiles, rows, columns] = shape;
  let scale = 0;
  if (shape.length === 1) {
    scale = numbers <= 20 ? Math.min(26, Math.floor(width / numbers)) : 10;
    columns = Math.min(numbers, Math.floor(width / scale));
    [tiles, rows] = [1, Math.ceil(numbers / columns)];
  } else {
    scale = Math.max(2, Math.min(Math.ceil(tile / columns), Math.floor(width / columns)));
  }
  const across = Math.max(1, Math.floor((width + GAP) / (columns * scale + GAP)));
  return {
    rows,
    columns,
    tiles,
    across,
    scale,
    numbers,
    width: Math.min(tiles, across) * (columns * scale + GAP) - GAP,
    height: Math.ceil(tiles / across) * (rows * scale + GAP) - GAP,
  };
}

/** The upper left corner of a cell. @param {Layout} layout @param {number} i */
export function corner({ rows, columns, across, scale }, i) {
  const tile = Math.floor(i / (rows * columns));
  const [row, column] = [Math.floor(i / columns) % rows, i % columns];
  return {
    x: (tile % across) * (columns * scale + GAP) + column * scale,
    y: Math.floor(tile / across) * (rows * scale + GAP) + row * scale,
  };
}

/**
 * The cell at a point, or −1.
 * @param {Layout} layout @param {number} x @param {number} y
 */
export function cellAt({ rows, columns, across, scale, tiles, numbers }, x, y) {
  const [wide, high] = [columns * scale + GAP, rows * scale + GAP];
  const [left, top] = [Math.floor(x / wide), Math.floor(y / high)];
  const column = Math.floor((x - left * wide) / scale);
  const row = Math.floor((y - top * high) / scale);
  const tile = top * across + left;
  if (x < 0 || y < 0 || left >= across || tile >= tiles || column >= columns || row >= rows) {
    return -1;
  }
  const i = (tile * rows + row) * columns + column;
  return i < numbers ? i : -1;
}

/**
 * How far a key goes in numbers that lie flat.
 * @param {number} columns  of a tile @param {number} channel  the numbers of a tile
 * @returns {Record<string, number>}
 */
export function moves(columns, channel) {
  return {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -channel,
    PageDown: channel,
  };
}

/** @param {ArrayLike<number>} values @returns {number} the largest size of a finite number */
export function largest(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size > most && size < Infinity) most = size;
  }
  return most;
}

const LIGHT = {
  paper: [246, 247, 249],
  plus: [178, 70, 0],
  minus: [0, 84, 150],
  ink: [31, 41, 51],
};
const DARK = {
  paper: [38, 38, 40],
  plus: [255, 148, 61],
  minus: [92, 178, 255],
  ink: [228, 231, 235],
};
const NOT_A_NUMBER = rgb([204, 0, 204]);
const STEPS = 256;

/** @param {number[]} colour @returns {number} as ImageData stores it, little endian */
function rgb([r, g, b]) {
  return (255 << 24) | (b << 16) | (g << 8) | r;
}

/** @param {number[]} from @param {number[]} to */
function ramp(from, to) {
  return Uint32Array.from({ length: STEPS }, (_, i) => {
    const t = (i / (STEPS - 1)) ** 0.6; // small numbers can be seen
    return rgb(from.map((value, k) => Math.round(value + t * (to[k] - value))));
  });
}

/** @param {boolean} dark */
export function palette(dark) {
  const { paper, plus, minus, ink } = dark ? DARK : LIGHT;
  return { plus: ramp(paper, plus), minus: ramp(paper, minus), ink: ramp(paper, ink) };
}

/** @typedef {ReturnType<typeof palette>} Palette */

/**
 * Draw numbers. Negative ones are hatched, so that the sign is not a matter of colour alone.
 * @param {HTMLCanvasElement} canvas @param {Layout} layout @param {ArrayLike<number>} values
 * @param {number} most  the number that gets the full colour
 * @param {Palette} colours @param {boolean} [ink]  draw as ink on paper
 */
export function drawMaps(canvas, layout, values, most, colours, ink = false) {
  const ratio = Math.max(1, Math.round(window.devicePixelRatio || 1));
  const [width, height] = [layout.width * ratio, layout.height * ratio];
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
    canvas.style.width = `${layout.width}px`;
    canvas.style.height = `${layout.height}px`;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const side = layout.scale * ratio;
  const plus = ink ? colours.ink : colours.plus;
  for (let i = 0; i < layout.numbers; i++) {
    const value = values[i];
    const { x, y } = corner(layout, i);
    const level = most
      ? Math.min(STEPS - 1, Math.round((Math.abs(value) / most) * (STEPS - 1)))
      : 0;
    const full = Number.isNaN(value) ? NOT_A_NUMBER : (value < 0 ? colours.minus : plus)[level];
    const hatch = value < 0 ? colours.minus[Math.floor(level / 3)] : full;
    for (let down = y * ratio; down < y * ratio + side; down++) {
      for (let right = x * ratio; right < x * ratio + side; right++) {
        pixels[down * width + right] = (down + right) % 4 === 0 ? hatch : full;
      }
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * Frame cells: one frame around those of each tile.
 * @param {HTMLCanvasElement} canvas @param {Layout} layout @param {number[]} cells
 * @param {string} colour @param {number} [line]
 */
export function frame(canvas, layout, cells, colour, line = 2) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const ratio = canvas.width / layout.width;
  /** @type {Map<number, number[]>} */
  const boxes = new Map();
  for (const i of cells) {
    const { x, y } = corner(layout, i);
    const tile = Math.floor(i / (layout.rows * layout.columns));
    const [left, top, right, bottom] = boxes.get(tile) ?? [x, y, x, y];
    boxes.set(tile, [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)]);
  }
  context.strokeStyle = colour;
  context.lineWidth = line * ratio;
  for (const [left, top, right, bottom] of boxes.values()) {
    const size = layout.scale;
    context.strokeRect(
      left * ratio,
      top * ratio,
      (right - left + size) * ratio,
      (bottom - top + size) * ratio,
    );
  }
}
