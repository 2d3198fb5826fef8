// The embedded data set: reproducible, useless to a linear model, learnable by a small network.
import { createHash } from "node:crypto";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  contactSheet,
  countClasses,
  evaluationBatches,
  generateSynthetic,
  trainingBatches,
  uploadSplit,
} from "../../src/data/index.js";
import {
  conv2d,
  crossEntropy,
  Generator,
  grad,
  linear,
  maxPool2d,
  noGrad,
  randn,
  scope,
  setThreads,
  type Tensor,
  zeros,
} from "../../src/tensor/index.js";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

// One thread: the arrays are small, and threads that wait for each other suffer most where tests run side by side.
setThreads(1);

interface Model {
  readonly parameters: Tensor[];
  forward(images: Tensor, parameters: readonly Tensor[]): Tensor;
}

/** Trains with momentum on the first images of the set and returns the accuracy on training and test images. */
function train(
  model: Model,
  epochs: number,
  stepSize: number,
  trainPerClass: number,
): { train: number; test: number } {
  const dataset = generateSynthetic({ seed: 0, trainPerClass, testPerClass: 50 });
  using trainSplit = uploadSplit(dataset, dataset.train);
  using testSplit = uploadSplit(dataset, dataset.test);
  const velocities = model.parameters.map((parameter) => zeros(parameter.shape));
  for (let epoch = 0; epoch < epochs; epoch++) {
    const plan = trainingBatches(trainSplit, { batchSize: 50, seed: 0, epoch, augmentation: false });
    for (let b = 0; b < plan.count; b++) {
      scope(() => {
        const { images, labels } = plan.batch(b);
        const loss = crossEntropy(model.forward(images.sub(0.5), model.parameters), labels);
        const gradients = grad(loss, model.parameters);
        const rate = stepSize * (1 - (epoch * plan.count + b) / (epochs * plan.count));
        noGrad(() => {
          gradients.forEach((gradient, i) => {
            velocities[i]!.mul_(0.9).add_(gradient);
            model.parameters[i]!.sub_(velocities[i]!.mul(rate));
          });
        });
      });
    }
  }
  const accuracy = (split: typeof testSplit) => {
    const plan = evaluationBatches(split, 500);
    let right = 0;
    for (let b = 0; b < plan.count; b++) {
      right += scope(() =>
        noGrad(() => {
          const { images, labels } = plan.batch(b);
          return model.forward(images.sub(0.5), model.parameters).argmax(1).eq(labels).sum().item();
        }),
      );
    }
    return right / split.count;
  };
  return { train: accuracy(trainSplit), test: accuracy(testSplit) };
}

function parameter(generator: Generator, shape: readonly number[], scale: number): Tensor {
  return randn(shape, generator).mul(scale).detach().requiresGrad_();
}

describe("generateSynthetic", () => {
  it("gives the same bytes for the same options, on any machine", () => {
    const dataset = generateSynthetic({ seed: 0, trainPerClass: 20, testPerClass: 5 });
    expect(sha256(dataset.train.images)).toBe(
      "63963ab8e69de1e5292da1e0a069a73d5744cb23095c3598f89c41b95c026bae",
    );
    expect(sha256(dataset.test.images)).toBe(
      "96f532cf60e5615bf220769d5c124dcdf09a097a6a8303b897bb3ac6a50f3400",
    );
    expect(dataset.synthetic).toBe(true);
    expect(dataset.notes[0]).toContain("Synthetic images");
    expect(countClasses(dataset.train.labels, 10)).toEqual(Array(10).fill(20));
    expect(countClasses(dataset.test.labels, 10)).toEqual(Array(10).fill(5));
  });

  it("draws image i alike whatever the sizes, and otherwise with another seed or split", () => {
    const large = generateSynthetic({ seed: 3, trainPerClass: 4, testPerClass: 2 });
    const small = generateSynthetic({ seed: 3, trainPerClass: 2, testPerClass: 2 });
    expect(large.train.images.subarray(0, small.train.images.length)).toEqual(small.train.images);
    expect(small.test.images).not.toEqual(small.train.images);
    expect(generateSynthetic({ seed: 4, trainPerClass: 2, testPerClass: 2 }).train.images).not.toEqual(
      small.train.images,
    );
  });

  it("refuses impossible sizes and seeds", () => {
    expect(() => generateSynthetic({ trainPerClass: 0 })).toThrow("trainPerClass is 0");
    expect(() => generateSynthetic({ seed: -1 })).toThrow("The seed -1 is not usable");
  });

  it("cannot be solved by a linear model, though that fits its training images", () => {
    const generator = new Generator(1);
    const model: Model = {
      parameters: [parameter(generator, [10, 3072], 0.01), parameter(generator, [10], 0)],
      forward: (images, [weight, bias]) => linear(images.flatten(1), weight!, bias!),
    };
    const accuracy = train(model, 15, 0.04, 100);
    expect(accuracy.train).toBeGreaterThan(0.6);
    expect(accuracy.test).toBeLessThan(0.35);
  });

  it("can be solved by a small convolutional network", () => {
    const generator = new Generator(1);
    const model: Model = {
      parameters: [
        parameter(generator, [16, 3, 5, 5], Math.sqrt(2 / 75)),
        parameter(generator, [32, 16, 3, 3], Math.sqrt(2 / 144)),
        parameter(generator, [64, 32, 3, 3], Math.sqrt(2 / 288)),
        parameter(generator, [10, 1024], Math.sqrt(1 / 1024)),
      ],
      forward: (images, [first, second, third, last]) => {
        const one = maxPool2d(conv2d(images, first!, null, { padding: 2 }).relu(), 2);
        const two = maxPool2d(conv2d(one, second!, null, { padding: 1 }).relu(), 2);
        const three = maxPool2d(conv2d(two, third!, null, { padding: 1 }).relu(), 2);
        return linear(three.flatten(1), last!, null);
      },
    };
    const accuracy = train(model, 6, 0.02, 200);
    expect(accuracy.test).toBeGreaterThan(0.7);
  });
});

it("contactSheet draws the images of each class in a row, and only those asked for", async () => {
  const dataset = generateSynthetic({ seed: 0, trainPerClass: 3, testPerClass: 1 });
  const png = await contactSheet(dataset, { columns: 2, zoom: 1, indices: [20, 3, 0] });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([2 * 34 + 2, 10 * 34 + 2, 3]);
  const pixel = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
  ];
  const original = (image: number, x: number, y: number) =>
    [0, 1, 2].map((channel) => dataset.train.images[((image * 3 + channel) * 32 + y) * 32 + x]!);
  expect(pixel(2 + 5, 2 + 7)).toEqual(original(20, 5, 7));
  expect(pixel(2 + 34 + 5, 2 + 7)).toEqual(original(0, 5, 7));
  expect(pixel(2 + 5, 2 + 3 * 34 + 7)).toEqual(original(3, 5, 7));
  expect(pixel(2 + 5, 2 + 34 + 7)).toEqual([255, 255, 255]);
});
