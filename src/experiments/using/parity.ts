// Whether exported files compute what the run does: the logits of 64 drawn images, and the gradients where they are exported.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ReatError } from "../../errors.js";
import { type OnnxSession, openOnnx } from "../../export/index.js";
import {
  crossEntropy,
  Generator,
  grad,
  noGrad,
  rand,
  scope,
  type Tensor,
  tensor,
} from "../../tensor/index.js";
import { loadClassifier } from "./load-classifier.js";
import type { TrainedClassifier } from "./trained-classifier.js";

interface Comparison {
  readonly file: string;
  /** The program that ran the file, with its version. */
  readonly runBy: string;
  readonly images: number;
}

/** How far a file's logits are from the run's. */
export interface LogitsParity extends Comparison {
  readonly of: "logits";
  /** Where it is larger than the tolerance, nothing is exported. */
  readonly largestDifference: number;
  readonly tolerance: number;
  /** Images to which both give the same class. */
  readonly sameClass: number;
}

/**
 * How far a file's gradients are from the run's: the length of an image's difference as a share of its gradient's length. Float32 alone moves
 * some images' gradients by several percent, where a rounding decides on which side of a ReLU's kink a value lies; all others
 * agree to six digits.
 */
export interface GradientParity extends Comparison {
  readonly of: "gradients";
  /** Of the image that differs most. */
  readonly largestDifference: number;
  /** Within which an image agrees. */
  readonly tolerance: number;
  /** Images that agree. */
  readonly agreeing: number;
}

/** What a comparison found. */
export type Parity = LogitsParity | GradientParity;

export const parityImages = 64;
/** By how much logits may differ, unless somebody asks for another bound. */
export const logitsTolerance = 1e-4;
/** Of an image's gradient, as a share of its length. */
export const gradientTolerance = 1e-4;
/** Images whose gradients must agree. LibTorch's own float32 and float64 agree for 37 of 64 on an untrained WideResNet-34-10, for 58 and more on ResNets. */
export const agreeingGradients = parityImages / 4;
/** What no image's gradient may exceed: 0.034 is the most that was seen between LibTorch's own float32 and float64. */
export const largestGradientDifference = 0.25;

/** Batches of several sizes, so that a size that was fixed by mistake is found. */
const batches: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 8],
  [8, parityImages],
];

/** Images, the run's results on them, and by how much another program's logits may differ. */
export interface Reference {
  readonly tolerance: number;
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** Int64, one for each image. */
  readonly labels: BigInt64Array;
  readonly logits: Float32Array;
  readonly classes: number;
}

/** Half of the images are noise in single pixels, half in large patches; they are always the same. */
export function referenceOf(
  { model, imageSize, classNames, device }: TrainedClassifier,
  tolerance: number = logitsTolerance,
): Reference {
  const { height, width } = imageSize;
  const [half, classes] = [parityImages / 2, classNames.length];
  const pixels = 3 * height * width;
  const images = new Float32Array(parityImages * pixels);
  scope(() => {
    const generator = new Generator(20230719, "cpu");
    images.set(rand([half, 3, height, width], generator).toTypedArray() as Float32Array);
    const patches = rand([half, 3, 4, 4], generator).toTypedArray() as Float32Array;
    for (let at = 0; at < half * pixels; at++) {
      const [plane, row, column] = [
        Math.floor(at / (height * width)),
        Math.floor(at / width) % height,
        at % width,
      ];
      const patch = Math.floor((4 * row) / height) * 4 + Math.floor((4 * column) / width);
      images[half * pixels + at] = patches[plane * 16 + patch]!;
    }
  });
  const shape = [parityImages, 3, height, width] as const;
  const logits = scope(() =>
    noGrad(() =>
      model.withMode(
        "eval",
        () => model.logits(tensor(images, { shape }).to(device)).toTypedArray() as Float32Array,
      ),
    ),
  );
  const labels = BigInt64Array.from({ length: parityImages }, (_, index) => BigInt(index % classes));
  return { tolerance, images, shape, labels, logits, classes };
}

/** @throws ReatError `numerics` where logits differ by more than the tolerance, `environment` without onnxruntime-web */
export async function onnxParity(file: string, bytes: Uint8Array, reference: Reference): Promise<Parity> {
  const session = await openOnnx(bytes);
  try {
    const logits = await runBatches(session, reference, false, "logits");
    return judged(file, `onnxruntime-web ${session.version}`, logits, reference);
  } finally {
    await session.release();
  }
}

/** @throws ReatError `numerics` where gradients differ by more than float32 explains, `environment` without onnxruntime-web */
export async function gradientParity(
  file: string,
  bytes: Uint8Array,
  { model, device }: TrainedClassifier,
  reference: Reference,
): Promise<GradientParity> {
  const { images, shape, labels } = reference;
  const own = scope(() =>
    model.withMode("eval", () => {
      const input = tensor(images, { shape }).to(device).requiresGrad_();
      const loss = crossEntropy(model.logits(input), tensor(labels).to(device), { reduction: "sum" });
      return (grad(loss, [input])[0] as Tensor).toTypedArray() as Float32Array;
    }),
  );
  const session = await openOnnx(bytes);
  try {
    const got = await runBatches(session, reference, true, "gradient");
    return judgedGradients(file, `onnxruntime-web ${session.version}`, got, own);
  } finally {
    await session.release();
  }
}

async function runBatches(
  session: OnnxSession,
  { images, shape, labels }: Reference,
  withLabels: boolean,
  output: string,
): Promise<Float32Array> {
  const pixels = images.length / parityImages;
  const parts: Float32Array[] = [];
  for (const [from, to] of batches) {
    const results = await session.run({
      images: { data: images.slice(from * pixels, to * pixels), shape: [to - from, ...shape.slice(1)] },
      ...(withLabels && { labels: { data: labels.slice(from, to), shape: [to - from] } }),
    });
    parts.push(results[output]!.data as Float32Array);
  }
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** The file opened again as `loadClassifier` does. @throws ReatError `numerics` where its logits differ at all */
export async function reopenedParity(file: string, name: string, reference: Reference): Promise<Parity> {
  using again = await loadClassifier(file, { device: "cpu" });
  const { logits } = referenceOf(again);
  return judged(name, "reat", logits, reference);
}

/** Reads images from a file, runs the exported module on them, and writes the results as JSON. */
const pythonProgram = (shape: readonly number[]): string => `import json, sys, torch
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from model import Classifier
with open(sys.argv[2], "rb") as file:
    images = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(${JSON.stringify(shape)})
with torch.no_grad():
    logits = Classifier(sys.argv[1] + "/model.pt").eval()(images)
print(json.dumps({"version": torch.__version__, "logits": logits.flatten().tolist()}))`;

/**
 * Runs the exported Python module on the images.
 * @param python a program such as python3, whose torch is used
 * @throws ReatError `numerics` where logits differ by more than the tolerance, `environment` where it does not run
 */
export function pythonParity(folder: string, python: string, reference: Reference): Parity {
  const place = mkdtempSync(join(tmpdir(), "reat-parity-"));
  try {
    const input = join(place, "images");
    writeFileSync(input, new Uint8Array(reference.images.buffer));
    const program = pythonProgram(reference.shape);
    const largest = 1 << 28;
    const done = spawnSync(python, ["-c", program, resolve(folder), input], {
      encoding: "utf8",
      maxBuffer: largest,
    });
    if (done.status !== 0) {
      const why = done.error?.message ?? done.stderr.trim().split("\n").at(-1);
      throw new ReatError("environment", `${python} (REAT_PYTHON) did not run the exported module: ${why}.`);
    }
    const { version, logits } = JSON.parse(done.stdout) as { version: string; logits: number[] };
    return judged("model.pt", `PyTorch ${version} in Python`, Float32Array.from(logits), reference);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function judged(file: string, runBy: string, logits: Float32Array, reference: Reference): LogitsParity {
  const { classes } = reference;
  const best = (values: Float32Array, image: number) => {
    const row = values.subarray(image * classes, (image + 1) * classes);
    return row.indexOf(Math.max(...row));
  };
  const sameClass = Array.from({ length: parityImages }, (_, image) => image).filter(
    (image) => best(logits, image) === best(reference.logits, image),
  ).length;
  const largestDifference = difference(logits, reference.logits);
  const largest = reference.logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const { tolerance } = reference;
  if (!(largestDifference <= tolerance)) {
    const apart = `logits, the largest of which is ${largest.toPrecision(3)}, differ by ${largestDifference.toExponential(2)}`;
    throw disagreement(file, runBy, `${apart}, and ${tolerance} is accepted (--tolerance)`);
  }
  return {
    ...{ file, runBy, images: parityImages, of: "logits", largestDifference },
    ...{ tolerance, sameClass },
  };
}

function judgedGradients(file: string, runBy: string, got: Float32Array, own: Float32Array): GradientParity {
  const pixels = own.length / parityImages;
  const apart = Array.from({ length: parityImages }, (_, image) => {
    const [from, to] = [image * pixels, (image + 1) * pixels];
    return relativeDistance(got.subarray(from, to), own.subarray(from, to));
  });
  const largestDifference = Math.max(...apart);
  const agreeing = apart.filter((distance) => distance <= gradientTolerance).length;
  if (agreeing < agreeingGradients || !(largestDifference <= largestGradientDifference)) {
    const within = `gradients agree within ${gradientTolerance} for ${agreeing} of ${parityImages} images and differ by ${largestDifference.toExponential(2)} at most`;
    throw disagreement(
      file,
      runBy,
      `${within}; ${agreeingGradients} and ${largestGradientDifference} are accepted`,
    );
  }
  return {
    ...{ file, runBy, images: parityImages, of: "gradients", largestDifference },
    ...{ tolerance: gradientTolerance, agreeing },
  };
}

/** The length of the difference as a share of the second's length; infinite where a value is NaN. */
function relativeDistance(got: Float32Array, own: Float32Array): number {
  let [apart, length] = [0, 0];
  for (let at = 0; at < own.length; at++) {
    apart += (got[at]! - own[at]!) ** 2;
    length += own[at]! ** 2;
  }
  if (Number.isNaN(apart) || got.length !== own.length) return Number.POSITIVE_INFINITY;
  return apart === 0 ? 0 : Math.sqrt(apart / length);
}

/** Infinite where the numbers of values differ, or a value is NaN. */
function difference(got: Float32Array, wanted: Float32Array): number {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let at = 0; at < got.length; at++) {
    const apart = Math.abs(got[at]! - wanted[at]!);
    if (Number.isNaN(apart)) return Number.POSITIVE_INFINITY;
    most = Math.max(most, apart);
  }
  return most;
}

function disagreement(file: string, runBy: string, how: string): ReatError {
  return new ReatError(
    "numerics",
    `${file}, run by ${runBy}, does not agree with the run: its ${how}; it was not exported.`,
  );
}

/** A sentence for people. */
export function describeParity(parity: Parity): string {
  const { file, runBy, images, largestDifference, tolerance } = parity;
  const by = `${file}, run by ${runBy}`;
  if (parity.of === "gradients") {
    const rest =
      parity.agreeing === images
        ? ""
        : `, the others within ${largestDifference.toExponential(1)}: a rounding fell on the other side of a ReLU's kink`;
    return `${by}: the gradients of ${parity.agreeing} of ${images} images agree within ${tolerance} of their length${rest}.`;
  }
  const apart = largestDifference === 0 ? "not at all" : `by ${largestDifference.toExponential(1)} at most`;
  const allowed = tolerance > logitsTolerance ? ` (${tolerance} was allowed)` : "";
  return `${by}: the logits of ${images} images differ ${apart}${allowed}, the class is the same for ${parity.sameClass}.`;
}
