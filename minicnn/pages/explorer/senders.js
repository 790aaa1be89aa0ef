// @ts-check
// The arithmetic of one gradient: who sent it what, and what a weight gathered from every window.

import { h, where, write } from "./dom.js";
import { drawMaps, largest, layOut } from "./maps.js";
import { KINDS, shown } from "./network.js";
import { largestFirst, table } from "./tables.js";

/** @typedef {import("./types.js").Flow} Flow */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./graph.js").Reading} Reading */

/**
 * What a cell was sent: ∂loss/∂cell = Σ factor · ∂loss/∂output, over the outputs that it took part in.
 * @typedef {{reader: Trace, to: number, factor: number, gradient: number, product: number}} Sent
 */

/**
 * @param {Reading[]} readings @param {Trace | null} source @param {number} j
 * @param {Map<Trace | null, Float64Array>} gradients  with respect to the outputs
 * @returns {Sent[]}
 */
export function sentTo(readings, source, j, gradients) {
  return readings
    .filter((reading) => reading.source === source)
    .flatMap(({ reader, uses }) =>
      uses(j).map(({ to, factor }) => {
        const gradient = gradients.get(reader)?.[to] ?? 0;
        return { reader, to, factor, gradient, product: factor * gradient };
      }),
    );
}

/**
 * Explain the gradient of a cell.
 * @param {Sent[]} sent @param {number} gradient
 * @returns {import("./arithmetic.js").Explanation}
 */
export function explainGradient(sent, gradient) {
  if (sent.length === 0) {
    return {
      sentence: "No later layer uses this number by itself: its gradient is 0.",
      body: [],
    };
  }
  const [{ reader }] = sent;
  const several = sent.some((each) => each.reader !== reader);
  const names = [...new Set(sent.map((each) => each.reader.layer.call))];
  const calls = names.length > 3 ? `${names.length} layers` : names.join(" and ");
  const rows = largestFirst(
    sent,
    ({ product }) => product,
    ({ reader, to, factor, gradient, product }) => [
      `${several ? `${reader.layer.call}: ` : ""}${where(reader.layer.outShape, to)}`,
      write(factor),
      write(gradient),
      write(product),
    ],
  );
  rows.push(["its gradient, the sum", "", "", write(gradient)]);
  const n = sent.length;
  const used = n === 1 ? "one output" : `${n} outputs`;
  let sentence = `${calls} used it for ${used}; what ${n === 1 ? "it sends" : "they send"} back adds up to ${write(gradient)}.`;
  const alone = several ? "" : reader.layer.name;
  if (alone === "max_pool2d") {
    const wins = sent.filter(({ factor }) => factor === 1).length;
    sentence = wins
      ? `It won ${wins === 1 ? "its window" : `${wins} windows`}, so the gradient comes to it: ${write(gradient)}.`
      : "It did not win in its window: the gradient went to the winner, and it gets 0.";
  } else if (alone === "relu") {
    sentence = sent[0].factor
      ? `It is positive: the gradient passes, ${write(gradient)}.`
      : "It is not positive: the gradient stops here, 0.";
  }
  return {
    sentence,
    body: [
      table(
        `Who sent it what: outputs of ${calls}`,
        ["output", "factor", "its gradient", "product"],
        rows,
      ),
    ],
  };
}

/**
 * Explain the gradient of a weight or a bias: a map of its summands, over all outputs that it made.
 * @param {Flow[]} copies  of its layer: one, or one for each of several views
 * @param {{name: string, i: number}} parameter @param {import("./maps.js").Palette} colours
 * @param {(output: number | null, inputs: number[]) => void} mark  frames an output and what it reads
 * @returns {import("./arithmetic.js").Explanation}
 */
export function explainWeight(copies, { name, i }, colours, mark) {
  const flow = shown({ copies, depth: 0, branch: "" });
  const { layer } = flow.trace;
  const gathered = gather(flow, name, i);
  const { shape, values, gradients, products, what, place, first, looks } = gathered;
  const own = addUp(products);
  const sums = copies.map((copy) => addUp(gather(copy, name, i).products));
  const gradient = addUp(sums);
  const now = `The ${name} is ${write(layer.params[name][i])}`;
  const advice =
    gradient === 0
      ? "a small change of it changes nothing"
      : `a ${gradient < 0 ? "larger" : "smaller"} ${name} lowers the loss`;
  const views =
    copies.length === 1
      ? `: ${advice}`
      : ` in this view. All ${copies.length} views add up to ${write(gradient)}: ${advice}`;
  const body = [];
  if (copies.length > 1) {
    const rows = sums.map((each, v) => [`view ${v + 1}`, write(each)]);
    body.push(
      table("The views", ["view", "sum"], [...rows, ["gradient, the sum", write(gradient)]]),
    );
  }
  if (values.length === 1) {
    const product = `${write(values[0])} × ${write(gradients[0])} = ${write(own)}`;
    return {
      sentence: `${now}. Its gradient is ${what}, times the gradient of its output: ${product}${views}.`,
      body,
    };
  }
  /** @param {string} title @param {Float64Array} numbers */
  const map = (title, numbers) => {
    const canvas = h("canvas", { role: "img", "aria-label": `${title}, for every output` });
    drawMaps(canvas, layOut(shape, 78, 74), numbers, largest(numbers), colours);
    return h("figure", canvas, h("figcaption", title));
  };
  const order = Array.from(products, (_, t) => t).sort((a, b) => products[b] - products[a]);
  const ends = order.length > 8 ? [...order.slice(0, 4), ...order.slice(-4)] : order;
  const rest = order.length - ends.length;
  const [plus, minus] = [products.filter((x) => x > 0), products.filter((x) => x < 0)].map(addUp);
  const places = table(
    `The places of ${place} that count most on either side; each marks its window in the input`,
    ["place", "value", "gradient", "product"],
    [
      ...ends.map((t) => [
        h("button", { type: "button", "data-place": `${t}` }, where(shape, t)),
        write(values[t]),
        write(gradients[t]),
        write(products[t]),
      ]),
      ...(rest
        ? [[`the other ${rest}`, "", "", write(own - addUp(ends.map((t) => products[t])))]]
        : []),
      ["gradient, the sum", "", "", write(own)],
    ],
  );
  for (const type of ["mouseover", "focusin"]) {
    places.addEventListener(type, (/** @type {any} */ { target }) => {
      const button = target.closest("tr")?.querySelector("[data-place]");
      if (!button) return mark(null, []);
      const t = Number(button.dataset.place);
      mark(first + t, looks(t));
    });
  }
  for (const type of ["mouseleave", "focusout"]) {
    places.addEventListener(type, () => mark(null, []));
  }
  return {
    sentence:
      `${now}. Positive products add up to ${write(plus)}, negative ones to ${write(minus)}: its ` +
      `gradient is ${write(own)}${views}.`,
    body: [
      h(
        "div",
        { class: "product" },
        map(what, values),
        h("span", { "aria-hidden": "true" }, "×"),
        map("gradient of the output", gradients),
        h("span", { "aria-hidden": "true" }, "="),
        map("products", products),
      ),
      places,
      ...body,
    ],
  };
}

/** @param {Flow} flow @param {string} name @param {number} i */
function gather({ trace, y }, name, i) {
  const { gathers } = KINDS[trace.layer.name];
  const gathered = /** @type {NonNullable<typeof gathers>} */ (gathers)(trace, y, name, i);
  const { values, gradients } = gathered;
  return { ...gathered, products: values.map((value, t) => value * gradients[t]) };
}

/** @param {ArrayLike<number>} numbers */
const addUp = (numbers) => Array.from(numbers).reduce((sum, each) => sum + each, 0);
