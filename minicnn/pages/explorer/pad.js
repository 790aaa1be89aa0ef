// @ts-check
// The drawing pad: strokes of mouse, finger or pen, as ink from 0 to 1.

const SIDE = 256;

/** @typedef {{width: number, points: [number, number][]}} Stroke */

/**
 * @typedef {object} Parts  What a pad is made of.
 * @property {HTMLCanvasElement} canvas
 * @property {HTMLElement} pen       says where the pen of the keyboard is
 * @property {HTMLElement} undo
 * @property {HTMLElement} clear
 * @property {() => number} thickness  of the next stroke
 */

/**
 * Make the pad work.
 * @param {Parts} parts
 * @param {(ink: Float64Array, side: number) => void} drawn  is called when the ink has changed
 * @param {Stroke[]} [first]  what is drawn already
 * @returns {{clear: () => void}}
 */
export function drawingPad(
  { canvas, pen: place, undo, clear: empty, thickness },
  drawn,
  first = [],
) {
  canvas.width = canvas.height = SIDE;
  const context = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  let strokes = [...first];
  let waiting = false;
  let drawing = false;

  function paint() {
    context.clearRect(0, 0, SIDE, SIDE);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = getComputedStyle(canvas).color;
    for (const { width, points } of strokes) {
      context.lineWidth = width;
      context.beginPath();
      const [[x, y], ...rest] = points;
      context.moveTo(x, y);
      context.lineTo(x, y + 0.01); // so that a dot is seen
      for (const point of rest) context.lineTo(...point);
      context.stroke();
    }
  }

  function report() {
    waiting = false;
    paint();
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    const ink = new Float64Array(SIDE * SIDE);
    for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3] / 255;
    drawn(ink, SIDE);
  }

  /** Report once a frame, however fast the pen is. */
  function later() {
    if (!waiting) requestAnimationFrame(report);
    waiting = true;
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  function point(event) {
    const box = canvas.getBoundingClientRect();
    const scale = SIDE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    strokes.push({ width: thickness(), points: [point(event)] });
    later();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      strokes[strokes.length - 1].points.push(point(each));
    }
    later();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => (drawing = false));
  }

  // By keyboard: the arrow keys move a pen, which the space bar puts down and lifts.
  /** @type {[number, number]} */
  let pen = [SIDE / 2, SIDE / 4];
  let down = false;
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8] }[
      event.key
    ];
    if (event.key === " ") {
      down = !down;
      if (down) strokes.push({ width: thickness(), points: [pen] });
    } else if (move) {
      pen = [clip(pen[0] + move[0]), clip(pen[1] + move[1])];
      if (down) strokes[strokes.length - 1].points.push(pen);
    } else {
      return;
    }
    event.preventDefault();
    if (strokes.length) later();
    place.textContent = `Pen ${down ? "down" : "up"} at ${pen[0]}, ${pen[1]} of ${SIDE}.`;
  });

  /** @param {number} x */
  function clip(x) {
    return Math.min(SIDE - 8, Math.max(8, x));
  }

  function clear() {
    strokes = [];
    down = false;
    paint();
  }

  undo.addEventListener("click", () => {
    strokes.pop();
    down = false;
    report();
  });
  empty.addEventListener("click", () => {
    clear();
    report();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  if (first.length) later();
  return { clear };
}
