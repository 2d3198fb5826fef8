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

const rules: Readonly<Record<string, Rule>> = {
  Conv: ofOne((graph, { inputs, output, attributes }, gradient) => {
    const { strides, pads, kernel_shape: kernel, dilations } = attributes as Record<string, number[]>;
    const [before, after] = [graph.shape(inputs[0]!), graph.shape(output)];
    // Rows and columns at the end that no step of the kernel reached.
    const rest = [0, 1].map((axis) => {
      const reach = (after[axis + 2]! - 1) * strides![axis]! + dilations![axis]! * (kernel![axis]! - 1) + 1;
      return before[axis + 2]! + 2 * pads![axis]! - reach;
    });
    return graph.add("ConvTranspose", [gradient, inputs[1]!], { ...attributes, output_padding: rest });
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
  Flatten: ofOne((graph, { inputs }, gradient) =>
    graph.add("Reshape", [gradient, graph.integers([0, ...graph.shape(inputs[0]!).slice(1)])]),
  ),
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
