// @ts-check
// Steps of an optimizer on one image: what they changed, for this image and for all the others.

import { parameterName } from "./detail.js";
import { byId, h, percent, write } from "./dom.js";
import { scores } from "./gallery.js";
import { crossEntropy, softmax } from "./loss.js";
import { allLayers } from "./network.js";
import { table } from "./tables.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./gallery.js").Result} Result */

/**
 * @typedef {object} Subject  What is stepped on, and who answers for all images.
 * @property {() => {pixels: Float64Array, label: number}} image
 * @property {() => Result[]} results  of all images; none while they are computed
 * @property {() => Promise<Result[] | null>} answers  with the weights as they are; null if these
 *   have changed before all are known
 * @property {number[]} labels
 */

const FIRST_STEP =
  "The first step of Adam moves every weight that has a gradient by about the rate, whatever the size of the gradient: these are five of many.";
const SURENESS =
  "The loss counts how sure every answer is, the number of right ones only which class is the most probable.";

/** @param {Model} model @param {Float64Array[]} before  its weights, layer by layer */
function movedMost(model, before) {
  const moves = [];
  let n = 0;
  for (const layer of allLayers(model.net)) {
    for (const [name, values] of Object.entries(layer.params)) {
      const old = before[n++];
      for (let i = 0; i < values.length; i++) {
        const move = Math.abs(values[i] - old[i]);
        if (moves.length < 5 || move > moves[4].move) {
          moves.push({ layer, name, i, move, old: old[i], now: values[i] });
          moves.sort((a, b) => b.move - a.move);
          moves.length = Math.min(5, moves.length);
        }
      }
    }
  }
  return moves;
}

/** Make the panel work. @param {Model} model @param {Subject} subject */
export function stepPanel(model, subject) {
  /** @type {ReturnType<Model["snapshot"]>[]} */
  const history = [];

  /** @param {number} times */
  async function take(times) {
    const rate = byId("rate");
    const lr = Number(rate.value.replace(",", "."));
    if (!(rate.value.trim() && lr >= 0 && lr < Infinity)) {
      byId("stepped").textContent = `The rate must be a number of at least 0, got “${rate.value}”.`;
      return;
    }
    const { pixels, label } = subject.image();
    const before = model.forward(pixels).y;
    const all = subject.results();
    const snapshot = model.snapshot();
    history.push(snapshot);
    const optimizer = byId("optimizer").value;
    const fresh = model.optimizer.name !== optimizer || optimizer === "sgd";
    for (let n = 0; n < times; n++) model.step(pixels, label, { optimizer, lr });
    const after = model.forward(pixels).y;
    const name = optimizer === "adam" ? `${fresh ? "a fresh " : ""}Adam` : "SGD";
    /** @param {Float64Array} logits */
    const loss = (logits) => write(crossEntropy(logits, label).loss);
    const [p, q] = [softmax(before), softmax(after)];
    const others = h(
      "div",
      h("p", { class: "note" }, "Computing what it did to the other images …"),
    );
    byId("stepped").replaceChildren(
      h(
        "p",
        `${times === 1 ? "One step" : `${times} steps`} of ${name} at rate ${lr}: the probability of ${model.names[label]} went from ${percent(p[label])} to ${percent(q[label])}.`,
      ),
      table(
        "This image",
        ["what", "before", "after"],
        [
          ["loss", loss(before), loss(after)],
          ...Array.from(p, (_, k) => [
            `p of ${model.names[k]}${k === label ? " (true)" : ""}`,
            percent(p[k]),
            percent(q[k]),
          ]),
        ],
      ),
      table(
        "The weights that moved most",
        ["weight", "before", "after"],
        movedMost(model, snapshot.weights).map(({ layer, name, i, old, now }) => {
          return [`${layer.call}, ${parameterName(layer, { name, i })}`, write(old), write(now)];
        }),
      ),
      ...(optimizer === "adam" && fresh && times === 1
        ? [h("p", { class: "note" }, FIRST_STEP)]
        : []),
      others,
    );
    const results = await subject.answers();
    if (!results) return;
    const now = scores(results, subject.labels);
    const then = all.length ? scores(all, subject.labels) : null;
    /** Count the images that one set of answers has right and the other wrong.
     * @param {Result[]} some @param {Result[]} other */
    const onlyIn = (some, other) => {
      const { labels } = subject;
      return labels.filter((k, n) => some[n].answer === k && other[n].answer !== k).length;
    };
    others.replaceChildren(
      table(
        `All ${results.length} images of the page, this one among them`,
        ["what", "before", "after"],
        [
          ["right", then ? `${then.right}` : "not known yet", `${now.right}`],
          ...(then
            ? [
                ["newly right", "", `${onlyIn(results, all)}`],
                ["newly wrong", "", `${onlyIn(all, results)}`],
              ]
            : []),
          ["average loss", then ? write(then.loss) : "not known yet", write(now.loss)],
        ],
      ),
    );
    if (then && now.loss > then.loss) {
      others.append(
        h("p", { class: "note" }, "The others got worse: learning one image alone forgets others."),
      );
    } else if (then && now.right < then.right) {
      others.append(h("p", { class: "note" }, SURENESS));
    }
  }

  byId("step").addEventListener("click", () => take(1));
  byId("ten").addEventListener("click", () => take(10));
  byId("undo").addEventListener("click", () => {
    const snapshot = history.pop();
    if (snapshot) model.restore(snapshot);
    byId("stepped").textContent = snapshot ? "Undone." : "There is no step to undo.";
  });
  byId("reset").addEventListener("click", () => {
    history.length = 0;
    model.reset();
    byId("stepped").textContent = "The trained weights are back.";
  });
}
