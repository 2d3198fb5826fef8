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
    graph.add("Gemm", [name(input), name(weight), ...optional(bias)], { transB: 1 }, output);
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
    if (from !== 1 || to !== -1) {
      throw new ReatError(
        "config",
        "ONNX export flattens all but the batch; --to pytorch and --to safetensors take it.",
      );
    }
    graph.add("Flatten", [name(input)], { axis: 1 }, output);
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
