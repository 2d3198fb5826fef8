// A classifier as ONNX files: the network, and on request the network with the gradient of its images.
import { describeAsJson } from "../description.js";
import { recordProgram } from "../program.js";
import type { ExportSubject } from "../subject.js";
import { encodeOnnx, type OnnxValue } from "./file.js";
import { appendGradient } from "./gradient.js";
import type { OnnxGraph } from "./graph.js";
import { toOnnx } from "./operators.js";

/** Files by what is in them. */
export interface OnnxExport {
  /** `images` float32 [batch, 3, H, W] in [0, 1] to `logits` [batch, C]. */
  readonly model: Uint8Array;
  /**
   * Also takes `labels` int64 [batch] and gives `loss`, the cross entropy of each image [batch], and `gradient`, the loss's
   * gradient with respect to each image [batch, 3, H, W]; null where it was not asked for.
   */
  readonly gradient: Uint8Array | null;
}

/** @throws ReatError `config` naming what ONNX cannot hold */
export function onnxFiles(
  subject: ExportSubject,
  { withGradient }: { readonly withGradient: boolean },
): OnnxExport {
  const { description, model } = subject;
  const { name, classNames, imageSize, source } = description;
  const program = recordProgram(model, imageSize);
  const images: OnnxValue = {
    name: "images",
    dtype: "float32",
    shape: ["batch", 3, imageSize.height, imageSize.width],
  };
  const logits: OnnxValue = { name: "logits", dtype: "float32", shape: ["batch", classNames.length] };
  const common = {
    name,
    producerVersion: source.reat,
    metadata: { class_names: JSON.stringify(classNames), reat: describeAsJson(description) },
  };
  const file = encodeOnnx({
    ...common,
    graph: toOnnx(program),
    description: "RGB images in [0, 1], not normalised, to logits; the classes are in class_names.",
    inputs: [images],
    outputs: [logits],
  });
  if (!withGradient) return { model: file, gradient: null };
  const graph = toOnnx(program);
  appendLossGradient(graph, classNames.length);
  const gradient = encodeOnnx({
    ...common,
    graph,
    description:
      "RGB images in [0, 1] and their labels to logits, cross entropy and its gradient with respect to the images.",
    inputs: [images, { name: "labels", dtype: "int64", shape: ["batch"] }],
    outputs: [
      logits,
      { name: "loss", dtype: "float32", shape: ["batch"] },
      { name: "gradient", dtype: "float32", shape: images.shape },
    ],
  });
  return { model: file, gradient };
}

/** Each image's cross entropy, and softmax(z) − one-hot(label) taken back to the images. */
function appendLossGradient(graph: OnnxGraph, classes: number): void {
  const depth = graph.integers([classes]);
  const offAndOn = graph.floats("off_and_on", [0, 1], [2]);
  const wanted = graph.add("OneHot", ["labels", depth, offAndOn], { axis: 1 });
  const logProbabilities = graph.add("LogSoftmax", ["logits"], { axis: 1 });
  const picked = graph.add("Mul", [logProbabilities, wanted]);
  const axis = graph.integers([1]);
  graph.add("Neg", [graph.add("ReduceSum", [picked, axis], { keepdims: 0 })], {}, "loss");
  const seed = graph.add("Sub", [graph.add("Softmax", ["logits"], { axis: 1 }), wanted]);
  appendGradient(graph, seed, "gradient");
}
