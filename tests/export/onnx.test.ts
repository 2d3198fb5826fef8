// ONNX files answer as the networks do, run by onnxruntime-web, and so do the gradients in them.
import { expect, it } from "vitest";
import { onnxFiles, openOnnx } from "../../src/export/index.js";
import { encodeOnnx } from "../../src/export/onnx/file.js";
import { OnnxGraph } from "../../src/export/onnx/graph.js";
import { toOnnx } from "../../src/export/onnx/operators.js";
import { Reference, recordProgram } from "../../src/export/program.js";
import { methodOptions } from "../../src/methods/index.js";
import {
  BasicBlock,
  Bottleneck,
  ConvNext,
  modelNames,
  ResNet,
  VisionTransformer,
  WideResNet,
} from "../../src/nn/index.js";
import {
  crossEntropy,
  Generator,
  grad,
  noGrad,
  rand,
  scope,
  setThreads,
  tensor,
} from "../../src/tensor/index.js";
import { untrained } from "./subjects.js";

setThreads(1);

const robal = methodOptions.parse({ name: "robal" });
const cases = [
  ["smallcnn", { imageSize: { height: 32, width: 32 }, classifier: "normalised" }],
  ["small-resnet", { classifier: "cosine", method: robal }],
  [
    "small-resnet",
    {
      imageSize: { height: 17, width: 23 },
      normalisation: { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.3, 0.25] },
    },
  ],
  ["smallcnn", { imageSize: { height: 32, width: 32 }, classifier: "cosine:1/16" }],
  ["wrn28_10", {}],
  ["resnet50", {}],
  ["resnet18-imagenet", {}],
  ["convnext-tiny", {}],
  ["vit-s16", {}],
] as const;

it.each(cases)(
  "%s %j: logits and gradients are the network's, for any batch size",
  async (architecture, parts) => {
    using subject = Object.hasOwn(narrowNetworks, architecture)
      ? narrow(architecture as keyof typeof narrowNetworks)
      : untrained({ architecture, ...parts });
    const { imageSize, model, classNames } = subject;
    const { model: file, gradient: withGradient } = onnxFiles(subject, { withGradient: true });
    const plain = architecture === "small-resnet" ? await openOnnx(file) : null;
    const full = await openOnnx(withGradient!);
    for (const count of [1, 5]) {
      const shape = [count, 3, imageSize.height, imageSize.width];
      const labels = BigInt64Array.from({ length: count }, (_, index) => BigInt(index % classNames.length));
      const wanted = scope(() =>
        model.withMode("eval", () => {
          const images = rand(shape, new Generator(count)).requiresGrad_();
          const logits = model.logits(images);
          const loss = crossEntropy(logits, tensor(labels), { reduction: "none" });
          const [gradient] = grad(loss.sum(), [images]);
          return [images, logits, loss, gradient!].map((value) => noGrad(() => value.detach().toArray()));
        }),
      );
      const [images, logits, loss, gradient] = wanted as [number[], number[], number[], number[]];
      const fed = { data: Float32Array.from(images), shape };
      const answers = plain && (await plain.run({ images: fed }));
      if (answers) near(answers.logits!.data, logits, 1e-5);
      const more = await full.run({ images: fed, labels: { data: labels, shape: [count] } });
      near(more.logits!.data, logits, 1e-5);
      near(more.loss!.data, loss, 1e-5);
      near(more.gradient!.data, gradient, 1e-4);
    }
    await plain?.release();
    await full.release();
  },
);

/** The blocks of the largest networks, in ones that are neither wide nor deep. */
const narrowNetworks = {
  wrn28_10: (generator: Generator) =>
    new WideResNet({ architecture: "wrn28_10", depth: 10, widen: 1 }, 3, generator),
  resnet50: (generator: Generator) => {
    const stages = [
      { width: 8, blocks: 1, stride: 1 },
      { width: 16, blocks: 1, stride: 2 },
    ];
    const sizes = { stemWidth: 8, stemStride: 1, stages, memoryFormat: "contiguous" } as const;
    return new ResNet({ architecture: "resnet50", block: Bottleneck, ...sizes }, 3, generator);
  },
  "resnet18-imagenet": (generator: Generator) => {
    const stages = [{ width: 8, blocks: 1, stride: 1 }];
    const stem = { stemWidth: 8, stemStride: 2, stemKernel: 7, stemPooling: true };
    const sizes = { ...stem, stages, memoryFormat: "contiguous" } as const;
    return new ResNet({ architecture: "resnet18-imagenet", block: BasicBlock, ...sizes }, 3, generator);
  },
  "convnext-tiny": (generator: Generator) => {
    const stages = [
      { width: 8, blocks: 1 },
      { width: 12, blocks: 1 },
    ];
    return new ConvNext({ architecture: "convnext-tiny", stages }, 3, generator);
  },
  "vit-s16": (generator: Generator) => {
    const sizes = { patch: 8, width: 12, blocks: 2, heads: 3 };
    const side = { height: 32, width: 48 };
    return new VisionTransformer({ architecture: "vit-s16", ...sizes }, 3, generator, "linear", side);
  },
};

/** All weights are of a size that shows in the logits: some begin at nothing. */
function narrow(architecture: keyof typeof narrowNetworks) {
  using whole = untrained();
  const { description, classNames } = whole;
  const generator = new Generator(3);
  const model = narrowNetworks[architecture](generator);
  if (/^(convnext|vit)/.test(architecture)) {
    scope(() =>
      noGrad(() => {
        for (const weight of model.parameters()) weight.copy_(rand(weight.shape, generator).sub(0.4));
      }),
    );
  }
  const imageSize = architecture.includes("-") ? { height: 32, width: 48 } : whole.imageSize;
  return {
    ...{ description: { ...description, imageSize }, network: model, model, imageSize, classNames },
    [Symbol.dispose]: () => model.dispose(),
  };
}

/** Within a share of the largest number. */
function near(got: ArrayLike<number | bigint>, wanted: readonly number[], share: number): void {
  expect(got.length).toBe(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  expect(largest).toBeGreaterThan(1e-6);
  const apart = wanted.map((value, at) => Math.abs(value - Number(got[at])));
  expect(Math.max(...apart) / largest).toBeLessThan(share);
}

it("every architecture has rules for all of its operators", () => {
  // The largest ones are made of the blocks above.
  const large = /^(wrn|resnet34|resnet50|convnext|vit)/;
  for (const architecture of modelNames.filter((name) => !large.test(name))) {
    const side = architecture === "smallcnn" ? 32 : 8;
    using subject = untrained({ architecture, imageSize: { height: side, width: side } });
    const graph = toOnnx(recordProgram(subject.model, subject.imageSize));
    expect(graph.nodes.at(-1)?.output).toBe("logits");
    const weights = [...subject.network.stateDict().keys()].filter((name) => !name.endsWith("tracked"));
    expect([...graph.constants.keys()]).toEqual(expect.arrayContaining(weights));
  }
});

it("an operator without a rule is named, with the forms that take the network", () => {
  const step = { operator: "erfinv", args: [new Reference("images")], output: "logits" };
  const program = { architecture: "odd-net", steps: [step], constants: new Map(), shapes: new Map() };
  expect(() => toOnnx(program)).toThrow(
    "ONNX cannot hold this odd-net: there is no rule for its operator erfinv; --to pytorch and --to safetensors take it.",
  );
});

it("a file that onnxruntime refuses is a sentence", async () => {
  const graph = new OnnxGraph();
  graph.add("NoSuchOperator", ["images"], {}, "logits");
  const value = { dtype: "float32", shape: ["batch", 3] } as const;
  const file = encodeOnnx({
    ...{ graph, name: "x", description: "", metadata: {}, producerVersion: "0" },
    inputs: [{ name: "images", ...value }],
    outputs: [{ name: "logits", ...value }],
  });
  await expect(openOnnx(file)).rejects.toThrow(
    /^onnxruntime-web refuses the exported file: .*NoSuchOperator/,
  );
});
