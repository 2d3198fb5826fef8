// LibTorch's operators as ONNX has them: one rule each.
import { ReatError } from "../../errors.js";
import { type Program, type ProgramArgument, type ProgramStep, Reference } from "../program.js";
import { OnnxGraph } from "./graph.js";

type Rule = (graph: OnnxGraph, step: ProgramStep) => void;

/**
 * The program as ONNX operators (operator set 17). Values keep their names.
 * @throws ReatError `config` naming an operator without a rule
 */
export function toOnnx({ architecture, steps, constants, shapes }: Program): OnnxGraph {
  const graph = new OnnxGraph(shapes);
  for (const [name, stored] of constants) graph.constant(name, stored);
  for (const step of steps) {
    const rule = rules[step.operator];
    if (!rule) {
      throw new ReatError(
        "config",
        `ONNX cannot hold this ${architecture}: there is no rule for its operator ${step.operator}; --to pytorch and --to safetensors take it.`,
      );
    }
    rule(graph, step);
  }
  return graph;
}

const name = (arg: ProgramArgument): string => {
  if (arg instanceof Reference) return arg.name;
  throw new Error(`a tensor was expected, got ${String(arg)}`);
};
const optional = (arg: ProgramArgument): string[] => (arg instanceof Reference ? [arg.name] : []);
const numbers = (arg: ProgramArgument): readonly number[] => arg as readonly number[];
const bothSides = (padding: ProgramArgument): number[] => [...numbers(padding), ...numbers(padding)];

/** One ONNX operator of the same tensors. */
const same =
  (operator: string): Rule =>
  (graph, { args, output }) => {
    graph.add(operator, args.filter((arg) => arg instanceof Reference).map(name), {}, output);
  };

/** Of a tensor and a tensor or number; the factor of the second that sums and differences may have is 1. */
const binary =
  (operator: string): Rule =>
  (graph, { args: [first, second, factor = 1], output }) => {
    if (factor !== 1) throw new ReatError("config", `ONNX export knows no factor ${factor} in ${operator}.`);
    const other = typeof second === "number" ? graph.scalar(second) : name(second);
    graph.add(operator, [name(first), other], {}, output);
  };

const rules: Readonly<Record<string, Rule>> = {
  conv2d(graph, { args: [input, weight, bias, strides, padding, dilations, group], output }) {
    const attributes = {
      kernel_shape: graph.shape(name(weight)).slice(2),
      strides: numbers(strides),
      pads: bothSides(padding),
      dilations: numbers(dilations),
      group: group as number,
    };
    graph.add("Conv", [name(input), name(weight), ...optional(bias)], attributes, output);
  },
  batch_norm(graph, { args: [input, weight, bias, mean, variance, , , epsilon], output }) {
    const inputs = [input, weight, bias, mean, variance].map(name);
    graph.add("BatchNormalization", inputs, { epsilon: { float: epsilon as number } }, output);
  },
  linear(graph, { args: [input, weight, bias], output }) {
    if (graph.shape(name(input)).length === 2) {
      graph.add("Gemm", [name(input), name(weight), ...optional(bias)], { transB: 1 }, output);
      return;
    }
    const [outputs, inputs] = graph.shape(name(weight)) as [number, number];
    const across = graph.addShaped([inputs, outputs], "Transpose", [name(weight)], { perm: [1, 0] });
    const factors = [name(input), across];
    if (!(bias instanceof Reference)) graph.add("MatMul", factors, {}, output);
    else {
      const product = graph.addShaped(graph.shape(output), "MatMul", factors);
      graph.add("Add", [product, name(bias)], {}, output);
    }
  },
  matmul: same("MatMul"),
  "softmax.int"(graph, { args: [input, axis], output }) {
    graph.add("Softmax", [name(input)], { axis: axis as number }, output);
  },
  layer_norm(graph, { args: [input, sizes, weight, bias, epsilon], output }) {
    const attributes = { axis: -numbers(sizes).length, epsilon: { float: epsilon as number } };
    graph.add("LayerNormalization", [input, weight, bias].map(name), attributes, output);
  },
  // x·(1 + erf(x/√2))/2: ONNX has it as one operator from set 20 on.
  gelu(graph, { args: [input], output }) {
    const x = name(input);
    const alike = (operator: string, ...inputs: string[]) =>
      graph.addShaped(graph.shape(x), operator, inputs);
    const erf = alike("Erf", alike("Mul", x, graph.scalar(Math.SQRT1_2)));
    const product = alike("Mul", x, alike("Add", erf, graph.scalar(1)));
    graph.add("Mul", [product, graph.scalar(0.5)], {}, output);
  },
  permute(graph, { args: [input, order], output }) {
    graph.add("Transpose", [name(input)], { perm: numbers(order) }, output);
  },
  reshape(graph, { args: [input, shape], output }) {
    if (numbers(shape)[0] !== -1) {
      throw new ReatError(
        "config",
        "ONNX export reshapes to a free number of images alone; --to pytorch and --to safetensors take it.",
      );
    }
    graph.add("Reshape", [name(input), graph.integers(numbers(shape))], {}, output);
  },
  "select.int"(graph, { args: [input, axis, index], output }) {
    graph.add("Gather", [name(input), graph.integer(index as number)], { axis: axis as number }, output);
  },
  constant_pad_nd(graph, { args: [input, amounts, value = 0], output }) {
    const rank = graph.shape(name(input)).length;
    const given = numbers(amounts);
    // LibTorch begins with the last dimension and names both sides together.
    const side = (which: 0 | 1) =>
      Array.from({ length: rank }, (_, axis) => given[2 * (rank - 1 - axis) + which] ?? 0);
    const pads = graph.integers([...side(0), ...side(1)]);
    graph.add("Pad", [name(input), pads, graph.scalar(value as number)], {}, output);
  },
  max_pool2d(graph, { args: [input, kernel, strides, padding = [0, 0]], output }) {
    const attributes = { kernel_shape: numbers(kernel), strides: numbers(strides), pads: bothSides(padding) };
    graph.add("MaxPool", [name(input)], attributes, output);
  },
  "mean.dim"(graph, { args: [input, axes, keepDim], output }) {
    graph.add("ReduceMean", [name(input)], { axes: numbers(axes), keepdims: Number(keepDim) }, output);
  },
  linalg_vector_norm(graph, { args: [input, order, axes, keepDim], output }) {
    if (order !== 2) throw new ReatError("config", `ONNX export knows the norm of order 2, not ${order}.`);
    graph.add("ReduceL2", [name(input)], { axes: numbers(axes), keepdims: Number(keepDim) }, output);
  },
  "flatten.using_ints"(graph, { args: [input, from, to], output }) {
    if (from === 0 || to !== -1) {
      throw new ReatError(
        "config",
        "ONNX export flattens to the last dimension, the batch left out; --to pytorch and --to safetensors take it.",
      );
    }
    if (from === 1) graph.add("Flatten", [name(input)], { axis: 1 }, output);
    else {
      const shape = graph.integers([-1, ...graph.shape(output).slice(1)]);
      graph.add("Reshape", [name(input), shape], {}, output);
    }
  },
  clamp(graph, { args: [input, lowest, highest], output }) {
    const bound = (value: ProgramArgument) => (typeof value === "number" ? graph.scalar(value) : "");
    const bounds = [bound(lowest), bound(highest)];
    while (bounds.at(-1) === "") bounds.pop();
    graph.add("Clip", [name(input), ...bounds], {}, output);
  },
  relu: same("Relu"),
  "add.Tensor": binary("Add"),
  "add.Scalar": binary("Add"),
  "sub.Tensor": binary("Sub"),
  "sub.Scalar": binary("Sub"),
  "mul.Tensor": binary("Mul"),
  "mul.Scalar": binary("Mul"),
  "div.Tensor": binary("Div"),
  "div.Scalar": binary("Div"),
};
