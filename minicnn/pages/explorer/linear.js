// @ts-check
// The linear layer: y[o] = bias[o] + Σ weight[o, i] · x[i].

/** @type {import("./types.js").Kind} */
export const linear = {
  forward(layer, x) {
    const { weight, bias } = layer.params;
    const y = new Float64Array(layer.outShape[0]);
    for (let o = 0, w = 0; o < y.length; o++) {
      let sum = 0;
      for (let i = 0; i < x.length; i++, w++) sum += weight[w] * x[i];
      y[o] = bias ? sum + bias[o] : sum;
    }
    return { y };
  },

  backward({ layer, x }, y) {
    const { weight, bias } = layer.params;
    const gradient = new Float64Array(x.length);
    /** @type {Record<string, Float64Array>} */
    const params = { weight: new Float64Array(weight.length) };
    for (let o = 0, w = 0; o < y.length; o++) {
      for (let i = 0; i < x.length; i++, w++) {
        params.weight[w] = y[o] * x[i];
        gradient[i] += y[o] * weight[w];
      }
    }
    if (bias) params.bias = y.slice();
    return { x: gradient, params };
  },

  terms({ layer, x }, o) {
    return Array.from(x, (value, from) => {
      const weight = o * x.length + from;
      return { from, value, factor: layer.params.weight[weight], weight };
    });
  },

  uses({ layer, x, y }, i) {
    return Array.from(y, (_, to) => ({ to, factor: layer.params.weight[to * x.length + i] }));
  },

  gathers({ x }, y, name, index) {
    const isBias = name === "bias";
    const out = isBias ? index : Math.floor(index / x.length);
    return {
      shape: [1],
      place: `output ${out}`,
      what: isBias ? "1, as a bias is added as it is" : "its input",
      values: Float64Array.of(isBias ? 1 : x[index % x.length]),
      gradients: Float64Array.of(y[out]),
      first: out,
      looks: () => (isBias ? [] : [index % x.length]),
    };
  },

  sentence(layer) {
    return (
      `Each of the ${layer.outShape[0]} outputs multiplies all ${layer.inShape[0]} inputs by ` +
      `weights of its own and adds up${layer.params.bias ? ", with its bias" : ""}.`
    );
  },
};
