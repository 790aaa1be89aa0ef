// @ts-check
// The types of the engine. Numbers of any shape lie flat in a Float64Array, the last axis fastest.

/**
 * A layer, as Python described it: the call that makes it, its options, its weights.
 * @typedef {object} Layer
 * @property {string} name        of the constructor, such as "conv2d"
 * @property {string} call        such as "conv2d(24, 5)"
 * @property {Record<string, any>} options
 * @property {number[]} inShape   of one example: (C, H, W) or (C,)
 * @property {number[]} outShape
 * @property {Record<string, Float64Array>} params  what training changes
 * @property {Record<string, Float64Array>} state   frozen statistics
 * @property {Layer[]} children   the layers inside
 */

/**
 * What a layer did with an input.
 * @typedef {object} Trace
 * @property {Layer} layer
 * @property {Float64Array} x     its input
 * @property {Float64Array} y     its output
 * @property {Trace[]} inside     what the layers inside did
 */

/**
 * The gradients of the loss with respect to all that a trace holds.
 * @typedef {object} Flow
 * @property {Trace} trace
 * @property {Float64Array} x     with respect to the input
 * @property {Float64Array} y     with respect to the output
 * @property {Record<string, Float64Array>} params
 * @property {Flow[]} inside
 */

/**
 * One summand of an output: y[i] = offset + Σ value · factor.
 * @typedef {object} Term
 * @property {number} from        the index of the input; −1 for padding
 * @property {number} value       the input there
 * @property {number} factor      what it is multiplied by
 * @property {number} [weight]    the index of that factor among the layer's weights
 */

/**
 * One use of an input: ∂loss/∂x[j] = Σ factor · ∂loss/∂y[to].
 * @typedef {object} Use
 * @property {number} to          the index of the output
 * @property {number} factor      ∂y[to]/∂x[j]
 */

/** @typedef {(layer: Layer, x: Float64Array) => Trace} Forward */
/** @typedef {(trace: Trace, y: Float64Array) => Flow} Backward */

/**
 * What the engine and the page need to know of a kind of layer.
 * @typedef {object} Kind
 * @property {(layer: Layer, x: Float64Array, run: Forward) =>
 *   {y: Float64Array, inside?: Trace[]}} forward  `run` runs the layers inside
 * @property {(trace: Trace, y: Float64Array, run: Backward) => {x: Float64Array,
 *   params?: Record<string, Float64Array>, inside?: Flow[]}} backward
 * @property {(trace: Trace, i: number) => Term[]} terms  the summands of output i
 * @property {(trace: Trace, j: number) => Use[]} [uses]  of input j, by a layer without layers inside
 * @property {(trace: Trace, y: Float64Array, name: string, i: number) => Gathered} [gathers]
 *   what the gradient of number i of a parameter is made of; ``y`` as for ``backward``
 * @property {(layer: Layer) => string} sentence          what the layer does
 */

/**
 * What the gradient of one parameter gathers: ∂loss/∂θ = Σ value · ∂loss/∂y.
 * @typedef {object} Gathered
 * @property {number[]} shape     of the map: (1, H, W), or one number
 * @property {string} place       where in the output the map lies
 * @property {string} what        the values are
 * @property {Float64Array} values
 * @property {Float64Array} gradients  of the outputs
 * @property {number} first       the index of the first output of the map
 * @property {(t: number) => number[]} looks  the inputs at place t of the map: the window there
 */

export {};
