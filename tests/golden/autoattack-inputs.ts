// What the reference attacks were run on: the small network's weights and 500 test images of CIFAR-10.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../src/data/formats/image-decoder.js";
import { buildModel, type ImageClassifier } from "../../src/nn/index.js";
import { Generator, keep, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { decodeSafetensors, restoreTensor } from "../../src/training/safetensors.js";
import { onTestDevice, testDevice } from "../test-device.js";
import { goldenPath } from "./generator.js";

export interface RecordedSequence {
  eps: string | number;
  sequence: {
    accuracy_after: Record<string, number>;
    seconds: Record<string, number>;
    robust: string;
    robust_accuracy: number;
    total_seconds: number;
  };
  individual: Record<string, { robust_accuracy: number; robust: string; seconds: number }>;
}
interface RecordedRun {
  robust: string;
  loss_best: number[];
  loss_best_mean: number;
  target?: number[];
}
export interface RecordedDeterministic {
  apgd_ce: RecordedRun;
  apgd_dlr: RecordedRun;
  apgd_dlr_targeted: RecordedRun;
  fab_t_single_run: Record<"target_rank_2" | "target_rank_3", { distance: number[] }>;
}
interface RecordedPgd {
  seconds: number;
  accuracy: number;
  correct: string;
  ce_mean: number;
  cw_margin_mean: number;
}
export interface AutoAttackGolden {
  model: { sha256: string };
  data: { classes: string[]; per_class: number; sha256_uint8_nchw: string };
  clean: { accuracy: number; correct: string; ce_mean: number; logits_first4: number[][] };
  noise_seed: number;
  pgd20_counter_noise: RecordedPgd;
  cw100_counter_noise: RecordedPgd;
  pgd20_torch_seed0: RecordedPgd;
  cw100_torch_seed0: RecordedPgd;
  linf: RecordedSequence;
  /** Some sets of numbers were recorded without it. */
  l2?: RecordedSequence;
  deterministic: {
    indices: number[];
    labels: number[];
    noise_seed: number;
    linf: RecordedDeterministic;
    l2?: RecordedDeterministic;
  };
}

/** A group of tests for each norm that the numbers have a section of; the group of another norm is skipped by name. */
export function describeNorms(
  golden: AutoAttackGolden,
  title: string,
  body: (norm: "linf" | "l2", recorded: RecordedSequence, deterministic: RecordedDeterministic) => void,
): void {
  for (const norm of ["linf", "l2"] as const) {
    const [recorded, deterministic] = [golden[norm], golden.deterministic[norm]];
    if (recorded && deterministic) describe(`${title}, ${norm}`, () => body(norm, recorded, deterministic));
    else it.skip(`${title}, ${norm}: these numbers have no section ${norm}`, () => expect.unreachable());
  }
}

export interface AttackInputs {
  readonly model: ImageClassifier;
  /** [500, 3, 32, 32] in [0, 1], and their labels. */
  readonly images: Tensor;
  readonly labels: Tensor;
}

/** A row of the sheet for each class, in it the class's first test images, each 32×32 pixels. */
async function readImages(classes: readonly string[], perClass: number): Promise<Uint8Array> {
  const sheet = fileURLToPath(new URL("data/autoattack_images.webp", import.meta.url));
  const { planes, height, width } = await decodeImage(readFileSync(sheet), sheet);
  const side = 32;
  expect({ height, width }).toEqual({ height: classes.length * side, width: perClass * side });
  const pixels = new Uint8Array(classes.length * perClass * 3 * side * side);
  let at = 0;
  for (let row = 0; row < classes.length; row++) {
    for (let column = 0; column < perClass; column++) {
      for (let line = 0; line < 3 * side; line++) {
        const [plane, y] = [Math.floor(line / side), line % side];
        const from = (plane * height + row * side + y) * width + column * side;
        pixels.set(planes.subarray(from, from + side), at);
        at += side;
      }
    }
  }
  return pixels;
}

/** The network and the images, both verified against the checksums in the file. */
export async function attackInputs({ model: recorded, data }: AutoAttackGolden): Promise<AttackInputs> {
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const weights = readFileSync(goldenPath("smallcnn.safetensors"));
  expect(sha256(weights)).toBe(recorded.sha256);
  const pixels = await readImages(data.classes, data.per_class);
  expect(sha256(pixels)).toBe(data.sha256_uint8_nchw);

  return scope(() => {
    const model = buildModel("smallcnn", { classes: data.classes.length, generator: new Generator(0) });
    const { tensors } = decodeSafetensors(weights, "smallcnn.safetensors");
    model.loadStateDict(new Map([...tensors].map(([name, stored]) => [name, restoreTensor(stored)])));
    model.setMode("eval");
    onTestDevice(model);
    const count = data.classes.length * data.per_class;
    const labels = Int32Array.from({ length: count }, (_, i) => Math.floor(i / data.per_class));
    return {
      model,
      images: keep(
        tensor(pixels, { shape: [count, 3, 32, 32] })
          .to("float32")
          .div(255)
          .to(testDevice),
      ),
      labels: keep(tensor(labels, { dtype: "int32", device: testDevice }).to("int64")),
    };
  });
}

/** "1" where true: how the file writes one flag an image. */
export function flags(mask: Tensor): string {
  return mask.toArray().map(Number).join("");
}

/** How many characters differ. */
export function differences(a: string, b: string): number {
  expect(a.length).toBe(b.length);
  return [...a].filter((c, i) => c !== b[i]).length;
}
