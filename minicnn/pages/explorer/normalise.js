// @ts-check
// Give a drawing the size and the place of MNIST's digits: as examples/photo/normalise.py does.

const FIELD = 28;
const BOX = 20; // of the digit, inside the field
const MIDDLE = 14; // of its centre of mass
const SMALLEST = 8; // pixels: a smaller digit has no shape
const THIN = 1.5; // a stroke below this width, in pixels of the field, is thickened …
const USUAL = 2.1; // … to this one
const BLOT = 0.75; // of the box: more ink than this is no stroke

/** @typedef {{height: number, width: number, values: Float64Array}} Picture  0 (paper) to 1 (ink) */

/**
 * @param {Picture} drawing
 * @returns {Float64Array | string} 28 × 28 pixels in [0, 1], or what is wrong with the drawing
 */
export function normalise(drawing) {
  if (!drawing.values.some((ink) => ink >= 0.25)) return "Draw a digit.";
  const ink = thicken(drawing);
  if (!ink) return "Draw a larger digit: this one has no shape yet.";
  const { top, left, height, width } = boundingBox(ink);
  const scale = BOX / Math.max(height, width);
  const rows = Math.max(1, roundEven(scale * height));
  const columns = Math.max(1, roundEven(scale * width));
  const cut = new Float64Array(height * width).map((_, i) => {
    const row = top + Math.floor(i / width);
    const grey = 255 * ink.values[row * ink.width + left + (i % width)];
    return roundEven(Math.fround(grey)); // Python computes it in float32
  });
  const box = resize({ height, width, values: cut }, rows, columns);
  if (box.values.reduce((sum, grey) => sum + grey, 0) > 255 * BLOT * BOX ** 2) {
    return "This is a blot: strokes would leave more of the paper free.";
  }
  const [down, across] = placeOf(box);
  const field = new Float64Array(FIELD * FIELD);
  box.values.forEach((grey, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    field[(down + row) * FIELD + across + column] = grey / 255;
  });
  return field;
}

/** Round to the nearest integer, and halves to the even one, as Python does. @param {number} x */
function roundEven(x) {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}

/** @param {Picture} picture  where a stroke covers at least a quarter of a pixel, there is ink */
function boundingBox({ height, width, values }) {
  let [top, left, bottom, right] = [height, width, -1, -1];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < 0.25) continue;
    const [row, column] = [Math.floor(i / width), i % width];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
  }
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/**
 * The average width of the strokes, 2 · area / perimeter; the perimeter is π/4 of all changes
 * between neighbouring pixels.
 * @param {Picture} picture
 */
function strokeWidth({ height, width, values }) {
  /** @param {number} row @param {number} column */
  const at = (row, column) => {
    const there = row >= 0 && row < height && column >= 0 && column < width;
    return there ? values[row * width + column] : 0;
  };
  let changes = 0;
  for (let row = 0; row <= height; row++) {
    for (let column = 0; column <= width; column++) {
      const ink = at(row, column);
      changes += Math.abs(ink - at(row - 1, column)) + Math.abs(ink - at(row, column - 1));
    }
  }
  const area = values.reduce((sum, ink) => sum + ink, 0);
  return (2 * area) / ((Math.PI / 4) * changes);
}

/**
 * Thicken strokes that are thinner than nearly all of MNIST's.
 * @param {Picture} picture @returns {Picture | null} null if the digit is too small
 */
function thicken(picture) {
  const { height, width } = boundingBox(picture);
  const longest = Math.max(height, width);
  if (longest < SMALLEST) return null;
  const thickness = strokeWidth(picture);
  if ((thickness * BOX) / longest >= THIN) return picture;
  const radius = roundEven(((USUAL * longest) / BOX - thickness) / 2);
  return dilateRows(dilateRows(wider(picture, radius), radius), radius);
}

/** Add paper on all sides. @param {Picture} picture @param {number} radius @returns {Picture} */
function wider({ height, width, values }, radius) {
  const [rows, columns] = [height + 2 * radius, width + 2 * radius];
  const wide = new Float64Array(rows * columns);
  for (let row = 0; row < height; row++) {
    const line = values.subarray(row * width, (row + 1) * width);
    wide.set(line, (row + radius) * columns + radius);
  }
  return { height: rows, width: columns, values: wide };
}

/**
 * Give each pixel the largest of those up to ``radius`` away in its row, and transpose.
 * @param {Picture} picture @param {number} radius @returns {Picture}
 */
function dilateRows({ height, width, values }, radius) {
  const grown = new Float64Array(values.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const first = Math.max(0, column - radius);
      const last = Math.min(width - 1, column + radius);
      let best = 0;
      for (let i = first; i <= last; i++) best = Math.max(best, values[row * width + i]);
      grown[column * height + row] = best;
    }
  }
  return { height: width, width: height, values: grown };
}

/**
 * Where the box lies, so that its centre of mass is in the middle of the field.
 * @param {Picture} box  of greys @returns {number[]} row and column
 */
function placeOf({ height, width, values }) {
  const mass = values.reduce((sum, grey) => sum + grey, 0);
  const rows = values.reduce((sum, grey, i) => sum + grey * Math.floor(i / width), 0);
  const columns = values.reduce((sum, grey, i) => sum + grey * (i % width), 0);
  return [
    Math.min(Math.max(0, roundEven(MIDDLE - rows / mass)), FIELD - height),
    Math.min(Math.max(0, roundEven(MIDDLE - columns / mass)), FIELD - width),
  ];
}

/** Keys' cubic kernel, with a = −1/2. @param {number} x */
function bicubic(x) {
  const d = Math.abs(x);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/**
 * Resample a picture of greys, 0 to 255, along its rows, as Pillow does: the kernel is as wide as
 * the shrinking needs, its weights have 22 bits after the point, and the result is an integer. The
 * result is transposed.
 * @param {Picture} picture @param {number} to  its new width @returns {Picture}
 */
function resizeRows({ height, width, values }, to) {
  const scale = width / to;
  const stretch = Math.max(1, scale);
  const resized = new Float64Array(to * height);
  for (let column = 0; column < to; column++) {
    const centre = (column + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const last = Math.min(width, Math.trunc(centre + 2 * stretch + 0.5));
    const weights = Array.from({ length: last - first }, (_, i) => {
      return bicubic((first + i - centre + 0.5) / stretch);
    });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const fixed = weights.map((weight) => {
      const bits = (weight / sum) * 2 ** 22;
      return Math.trunc(bits < 0 ? bits - 0.5 : bits + 0.5);
    });
    for (let row = 0; row < height; row++) {
      let total = 2 ** 21;
      fixed.forEach((weight, i) => (total += weight * values[row * width + first + i]));
      const grey = Math.floor(total / 2 ** 22);
      resized[column * height + row] = Math.min(255, Math.max(0, grey));
    }
  }
  return { height: to, width: height, values: resized };
}

/** @param {Picture} picture @returns {Picture} */
function transpose({ height, width, values }) {
  const turned = values.map((_, i) => values[(i % height) * width + Math.floor(i / height)]);
  return { height: width, width: height, values: turned };
}

/**
 * Resample both sides, in the order of Pillow since version 13: first the one that shrinks by far
 * more pixels. The order matters, since the numbers are rounded in between.
 * @param {Picture} picture @param {number} rows @param {number} columns @returns {Picture}
 */
function resize(picture, rows, columns) {
  const [fewerRows, fewerColumns] = [picture.height - rows, picture.width - columns];
  if (fewerRows > 0 && fewerRows > 2 * fewerColumns) {
    return transpose(resizeRows(resizeRows(transpose(picture), rows), columns));
  }
  return resizeRows(resizeRows(picture, columns), rows);
}
