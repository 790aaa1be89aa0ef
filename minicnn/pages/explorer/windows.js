// @ts-check
// Where windows lie: a kernel of k × k places, moved over an image in steps, with padding around it.

/** @typedef {import("./types.js").Layer} Layer */

/**
 * @typedef {object} Axis  One axis of a layer of windows.
 * @property {number} kernel
 * @property {number} stride
 * @property {number} padding   zeros before the image
 * @property {number} dilation  the distance of neighbouring places in a window
 * @property {number} from      the length of the image
 * @property {number} to        the number of windows
 */

/**
 * Read the geometry of both axes from a layer's options and shapes.
 * @param {Layer} layer @returns {[Axis, Axis]}
 */
export function axes(layer) {
  const { kernel_size, stride, padding, dilation } = layer.options;
  /** @param {0 | 1} axis @returns {Axis} */
  const one = (axis) => {
    const kernel = at(kernel_size, axis);
    const spread = at(dilation ?? 1, axis);
    return {
      kernel,
      stride: at(stride ?? kernel_size, axis),
      padding: before(padding, spread * (kernel - 1), axis),
      dilation: spread,
      from: layer.inShape[axis + 1],
      to: layer.outShape[axis + 1],
    };
  };
  return [one(0), one(1)];
}

/** @param {number | number[]} option @param {0 | 1} axis @returns {number} */
function at(option, axis) {
  return Array.isArray(option) ? option[axis] : option;
}

/**
 * The zeros before the image. "same" needs as many zeros as the window overlaps; an odd one goes
 * after the image.
 * @param {number | number[] | string} padding @param {number} overlap @param {0 | 1} axis
 */
function before(padding, overlap, axis) {
  if (padding === "same") return Math.floor(overlap / 2);
  return padding === "valid" ? 0 : at(/** @type {number} */ (padding), axis);
}

/**
 * The place in the image that place k of window i looks at; outside [0, from) it is padding.
 * @param {Axis} axis @param {number} i @param {number} k
 */
export function place(axis, i, k) {
  return i * axis.stride - axis.padding + k * axis.dilation;
}

/**
 * The windows whose place k lies inside the image: those from the first to before the last.
 * @param {Axis} axis @param {number} k @returns {[number, number]}
 */
export function inside(axis, k) {
  const shift = axis.padding - k * axis.dilation;
  const first = Math.max(0, Math.ceil(shift / axis.stride));
  const last = Math.min(axis.to, Math.floor((axis.from - 1 + shift) / axis.stride) + 1);
  return [first, Math.max(first, last)];
}

/**
 * The pairs (window, place) that look at place p of the image.
 * @param {Axis} axis @param {number} p @returns {[number, number][]}
 */
export function lookingAt(axis, p) {
  /** @type {[number, number][]} */
  const pairs = [];
  for (let k = 0; k < axis.kernel; k++) {
    const i = (p + axis.padding - k * axis.dilation) / axis.stride;
    if (Number.isInteger(i) && i >= 0 && i < axis.to) pairs.push([i, k]);
  }
  return pairs;
}

/**
 * Split a flat index of an image (C, H, W) into channel, row and column.
 * @param {number[]} shape @param {number} i @returns {[number, number, number]}
 */
export function position([, height, width], i) {
  return [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
}
