// The gradient with respect to the images, as more nodes of the same ONNX graph: one rule for each operator.
import { ReatError } from "../../errors.js";
import type { OnnxGraph, OnnxNode } from "./graph.js";

/** Given the gradient of a node's output, the gradients of those of its inputs that depend on the images. */
type Rule = (
  graph: OnnxGraph,
  node: OnnxNode,
  gradient: string,
  depends: (input: string) => boolean,
) => ReadonlyMap<string, string>;

/**
 * Appends the nodes that take the gradient of a sum from `logits` back to `images`.
 * @param seed name of its derivative by the logits [N, C]
 * @param output name of the gradient [N, 3, H, W]
 * @throws ReatError `config` naming an operator without a rule
 */
export function appendGradient(graph: OnnxGraph, seed: string, output: string): void {
  const forward = [...graph.nodes];
  const dependent = new Set(["images"]);
  for (const { inputs, output: made } of forward) {
    if (inputs.some((input) => dependent.has(input))) dependent.add(made);
  }
  const gradients = new Map([["logits", seed]]);
  for (const node of forward.reverse()) {
    const gradient = gradients.get(node.output);
    if (gradient === undefined || !dependent.has(node.output)) continue;
    const rule = rules[node.operator];
    if (!rule) {
      throw new ReatError(
        "config",
        `There is no rule for the gradient of ONNX's ${node.operator}; without --with-gradient the network is exported.`,
      );
    }
    const back = rule(graph, node, gradient, (input) => dependent.has(input));
    for (const [input, part] of back) {
      const before = gradients.get(input);
      gradients.set(input, before === undefined ? part : graph.add("Add", [before, part]));
    }
  }
  graph.add("Identity", [gradients.get("images")!], {}, output);
}

/** Sums over what was broadcast. */
function asShapeOf(graph: OnnxGraph, gradient: string, input: string, output: string): string {
  const [own, whole] = [graph.shape(input), graph.shape(output)];
  if (own.length !== whole.length) throw new Error(`${input} is broadcast to more dimensions than it has`);
  const axes = whole.flatMap((size, axis) => (own[axis] === size ? [] : [axis]));
  if (axes.length === 0) return gradient;
  return graph.add("ReduceSum", [gradient, graph.integers(axes)], { keepdims: 1 });
}

/** 1 where a condition holds and 0 elsewhere, times the gradient. */
function where(graph: OnnxGraph, condition: string, gradient: string): string {
  const float = 1;
  return graph.add("Mul", [gradient, graph.add("Cast", [condition], { to: float })]);
}

/** `forInput` makes the gradient of the first or the second input, before what was broadcast is summed. */
function ofTwo(forInput: (graph: OnnxGraph, node: OnnxNode, gradient: string, index: 0 | 1) => string): Rule {
  return (graph, node, gradient, depends) => {
    const result = new Map<string, string>();
    for (const index of [0, 1] as const) {
      const input = node.inputs[index]!;
      if (!depends(input)) continue;
      const part = asShapeOf(graph, forInput(graph, node, gradient, index), input, node.output);
      const before = result.get(input);
      result.set(input, before === undefined ? part : graph.add("Add", [before, part]));
    }
    return result;
  };
}

const ofOne =
  (forInput: (graph: OnnxGraph, node: OnnxNode, gradient: string) => string): Rule =>
  (graph, node, gradient) =>
    new Map([[node.inputs[0]!, forInput(graph, node, gradient)]]);

/** Rows and columns at the end that no step of a kernel reached. */
function unreached(graph: OnnxGraph, { inputs, output, attributes }: OnnxNode): number[] {
  const { strides, pads, kernel_shape: kernel, dilations = [1, 1] } = attributes as Record<string, number[]>;
  const [before, after] = [graph.shape(inputs[0]!), graph.shape(output)];
  return [0, 1].map((axis) => {
    const reach = (after[axis + 2]! - 1) * strides![axis]! + dilations[axis]! * (kernel![axis]! - 1) + 1;
    return before[axis + 2]! + 2 * pads![axis]! - reach;
  });
}

/** The last two of a value's dimensions exchanged. */
function transposed(graph: OnnxGraph, value: string): string {
  const rank = graph.shape(value).length;
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  return graph.add("Transpose", [value], { perm: [...perm.slice(0, -2), rank - 1, rank - 2] });
}

/** The mean over the last dimension, which stays with size 1. */
function meanOfLast(graph: OnnxGraph, value: string): string {
  return graph.add("ReduceMean", [value], { axes: [-1], keepdims: 1 });
}

/** Back to the shape that a reshaped value had before, for any number of images. */
function reshapedBack(graph: OnnxGraph, { inputs }: OnnxNode, gradient: string): string {
  return graph.add("Reshape", [gradient, graph.integers([-1, ...graph.shape(inputs[0]!).slice(1)])]);
}

const rules: Readonly<Record<string, Rule>> = {
  Conv: ofOne((graph, node, gradient) =>
    graph.add("ConvTranspose", [gradient, node.inputs[1]!], {
      ...node.attributes,
      output_padding: unreached(graph, node),
    }),
  ),
  // To the first of a window's largest values, as LibTorch has it.
  MaxPool: ofOne((graph, node, gradient) => {
    const { strides, pads, kernel_shape: kernel } = node.attributes as Record<string, [number, number]>;
    const channels = graph.shape(node.inputs[0]!)[1]!;
    const size = graph.shape(node.output).slice(2) as [number, number];
    const around = graph.integers([0, 0, pads![0], pads![1], 0, 0, pads![0], pads![1]]);
    const whole = graph.add("Pad", [node.inputs[0]!, around, graph.scalar(-3e38)]);
    const places = kernel![0] * kernel![1];
    // The values at one place of all windows.
    const values = Array.from({ length: places }, (_, place) => {
      const starts = [Math.floor(place / kernel![1]), place % kernel![1]];
      const ends = starts.map((start, axis) => start + strides![axis]! * (size[axis]! - 1) + 1);
      const bounds = [starts, ends, [2, 3], strides!].map((list) => graph.integers(list));
      return graph.add("Unsqueeze", [graph.add("Slice", [whole, ...bounds]), graph.integers([2])]);
    });
    const largest = graph.add("ArgMax", [graph.add("Concat", values, { axis: 2 })], { axis: 2, keepdims: 0 });
    const chosen = [largest, graph.integers([places]), graph.floats("off_and_on", [0, 1], [2])];
    const spread = graph.add("Unsqueeze", [gradient, graph.integers([2])]);
    const parts = graph.add("Mul", [graph.add("OneHot", chosen, { axis: 2 }), spread]);
    const apart = graph.add("Reshape", [parts, graph.integers([-1, channels * places, ...size])]);
    // A filter for each place, with a one there.
    const filters = Array.from({ length: channels * places * places }, (_, at) =>
      Number(Math.floor(at / places) % places === at % places),
    );
    const weight = graph.floats(`places.${kernel!.join("_")}.${channels}`, filters, [
      channels * places,
      1,
      ...kernel!,
    ]);
    const geometry = { ...node.attributes, group: channels, output_padding: unreached(graph, node) };
    return graph.add("ConvTranspose", [apart, weight], geometry);
  }),
  BatchNormalization: ofOne((graph, { inputs, attributes }, gradient) => {
    const [, weight, , , variance] = inputs as [string, string, string, string, string];
    const { float: epsilon } = attributes.epsilon as { float: number };
    const spread = graph.elements(variance);
    const slopes = [...graph.elements(weight)].map((value, k) => value / Math.sqrt(spread[k]! + epsilon));
    const factor = graph.floats(`slope.${weight}`, slopes, [1, slopes.length, 1, 1]);
    return graph.add("Mul", [gradient, factor]);
  }),
  Gemm: ofOne((graph, { inputs }, gradient) => graph.add("MatMul", [gradient, inputs[1]!])),
  Flatten: ofOne(reshapedBack),
  Reshape: ofOne(reshapedBack),
  Transpose: ofOne((graph, { attributes }, gradient) => {
    const perm = attributes.perm as readonly number[];
    return graph.add("Transpose", [gradient], { perm: perm.map((_, axis) => perm.indexOf(axis)) });
  }),
  // Zeros around the place that was taken.
  Gather: ofOne((graph, { inputs: [input, index], attributes }, gradient) => {
    const axis = attributes.axis as number;
    const shape = graph.shape(input!);
    const at = Number(new BigInt64Array(graph.constants.get(index!)!.bytes.slice().buffer)[0]);
    const side = (size: number) => shape.map((_, own) => (own === axis ? size : 0));
    const whole = graph.add("Unsqueeze", [gradient, graph.integers([axis])]);
    return graph.add("Pad", [whole, graph.integers([...side(at), ...side(shape[axis]! - 1 - at)])]);
  }),
  Pad: ofOne((graph, { inputs: [input, pads] }, gradient) => {
    const shape = graph.shape(input!);
    const before = new BigInt64Array(graph.constants.get(pads!)!.bytes.slice().buffer);
    const starts = shape.map((_, axis) => Number(before[axis]));
    // The number of images is not known, and they are not padded.
    const axes = shape.map((_, axis) => axis).slice(1);
    const ends = axes.map((axis) => starts[axis]! + shape[axis]!);
    return graph.add("Slice", [
      ...[gradient, graph.integers(starts.slice(1))],
      ...[graph.integers(ends), graph.integers(axes)],
    ]);
  }),
  // Both have the batch, or the second is one matrix for all.
  MatMul: (graph, { inputs: [first, second] }, gradient, depends) => {
    const result = new Map<string, string>();
    if (depends(first!)) result.set(first!, graph.add("MatMul", [gradient, transposed(graph, second!)]));
    if (depends(second!)) {
      const part = graph.add("MatMul", [transposed(graph, first!), gradient]);
      const before = result.get(second!);
      result.set(second!, before === undefined ? part : graph.add("Add", [before, part]));
    }
    return result;
  },
  Softmax: ofOne((graph, { output, attributes }, gradient) => {
    const share = graph.add("Mul", [gradient, output]);
    const axis = graph.integers([attributes.axis as number]);
    const mean = graph.add("ReduceSum", [share, axis], { keepdims: 1 });
    return graph.add("Sub", [share, graph.add("Mul", [output, mean])]);
  }),
  // With x̂ the normalised vector and g its gradient: (g − mean(g) − x̂·mean(g·x̂)) / deviation.
  LayerNormalization: ofOne((graph, { inputs: [input, weight], attributes }, gradient) => {
    if (attributes.axis !== -1)
      throw new ReatError("config", "The gradient of a layer norm is of one dimension.");
    const { float: epsilon } = attributes.epsilon as { float: number };
    const centred = graph.add("Sub", [input!, meanOfLast(graph, input!)]);
    const variance = meanOfLast(graph, graph.add("Mul", [centred, centred]));
    const deviation = graph.add("Sqrt", [graph.add("Add", [variance, graph.scalar(epsilon)])]);
    const normal = graph.add("Div", [centred, deviation]);
    const own = graph.add("Mul", [gradient, weight!]);
    const along = graph.add("Mul", [normal, meanOfLast(graph, graph.add("Mul", [own, normal]))]);
    const rest = graph.add("Sub", [graph.add("Sub", [own, meanOfLast(graph, own)]), along]);
    return graph.add("Div", [rest, deviation]);
  }),
  // 2/√π·exp(−x²)
  Erf: ofOne((graph, { inputs: [input] }, gradient) => {
    const square = graph.add("Neg", [graph.add("Mul", [input!, input!])]);
    const bell = graph.add("Mul", [graph.add("Exp", [square]), graph.scalar(2 / Math.sqrt(Math.PI))]);
    return graph.add("Mul", [gradient, bell]);
  }),
  Relu: ofOne((graph, { output }, gradient) =>
    where(graph, graph.add("Greater", [output, graph.scalar(0)]), gradient),
  ),
  Clip: ofOne((graph, { inputs: [input, lowest = "", highest = ""] }, gradient) => {
    let result = gradient;
    if (lowest !== "") result = where(graph, graph.add("GreaterOrEqual", [input!, lowest]), result);
    if (highest !== "") result = where(graph, graph.add("LessOrEqual", [input!, highest]), result);
    return result;
  }),
  ReduceMean: ofOne((graph, { inputs, attributes }, gradient) => {
    const axes = attributes.axes as readonly number[];
    const shape = graph.shape(inputs[0]!);
    const spread = shape.map((size, axis) => (axes.includes(axis) ? size : 1));
    const count = spread.reduce((product, size) => product * size, 1);
    const whole = attributes.keepdims ? gradient : graph.add("Unsqueeze", [gradient, graph.integers(axes)]);
    const shares = new Array<number>(count).fill(1 / count);
    return graph.add("Mul", [whole, graph.floats(`shares.${spread.join("_")}`, shares, spread)]);
  }),
  // x/‖x‖, and 0 where the norm is 0, as LibTorch has it.
  ReduceL2: ofOne((graph, { inputs, output, attributes }, gradient) => {
    if (!attributes.keepdims)
      throw new ReatError("config", "The gradient of a norm needs its dimension kept.");
    const norm = graph.add("Max", [output, graph.scalar(1e-30)]);
    return graph.add("Mul", [gradient, graph.add("Div", [inputs[0]!, norm])]);
  }),
  Add: ofTwo((_graph, _node, gradient) => gradient),
  Sub: ofTwo((graph, _node, gradient, index) => (index === 0 ? gradient : graph.add("Neg", [gradient]))),
  Mul: ofTwo((graph, { inputs }, gradient, index) => graph.add("Mul", [gradient, inputs[1 - index]!])),
  Div: ofTwo((graph, { inputs, output }, gradient, index) => {
    const share = graph.add("Div", [gradient, inputs[1]!]);
    return index === 0 ? share : graph.add("Neg", [graph.add("Mul", [share, output])]);
  }),
};
