// @ts-check
// The numbers of the page: decoded from base64, as they were written by Python.

/** @param {string} text @returns {Uint8Array} */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** @param {Uint8Array} bytes @returns {string} */
export function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/**
 * Decode float16, little endian: a sign, five bits of exponent, ten bits of fraction.
 * @param {Uint8Array} bytes @returns {Float64Array}
 */
export function float16(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true);
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

/** Decode float32, little endian. @param {Uint8Array} bytes @returns {Float64Array} */
export function float32(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/**
 * Compute the checksum Adler-32, which shows whether the numbers of a page are damaged.
 * @param {Uint8Array} bytes @returns {number}
 */
export function adler32(bytes) {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** @param {number[]} shape @returns {number} */
export function size(shape) {
  return shape.reduce((product, side) => product * side, 1);
}

/** @param {Float64Array} values @returns {number} the index of the first largest; NaN is larger */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (values[i] > values[best] || (Number.isNaN(values[i]) && !Number.isNaN(values[best]))) {
      best = i;
    }
  }
  return best;
}

/** @param {Float64Array} a @param {Float64Array} b @returns {Float64Array} a + b */
export function add(a, b) {
  return a.map((value, i) => value + b[i]);
}
