// Files for PyTorch: read again by this library's own reader, and by Python's torch where there is one.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exportClassifier, loadClassifier } from "../../src/experiments/index.js";
import { torchFile } from "../../src/export/index.js";
import { encodeTorchArchive } from "../../src/export/pytorch/torch-archive.js";
import { methodOptions } from "../../src/methods/index.js";
import { setThreads } from "../../src/tensor/index.js";
import { readWeightsFile } from "../../src/weights/index.js";
import { needing } from "../skipped.js";
import { pythonWithTorch } from "./python.js";
import { untrained } from "./subjects.js";

setThreads(1);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reat-pytorch-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const normalisation = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.3, 0.25] };
const robal = {
  classifier: "cosine",
  method: methodOptions.parse({ name: "robal" }),
  normalisation,
} as const;

it("holds the state dict under the network's names, and says what it is", async () => {
  using subject = untrained(robal);
  const file = join(folder, "named.pt");
  writeFileSync(file, torchFile(subject));
  const weights = await readWeightsFile(file);
  expect([...weights.state.keys()]).toEqual([...subject.network.stateDict().keys()]);
  expect(weights.classNames).toEqual(["ant", "bee", "cat"]);
  using again = await loadClassifier(file);
  expect(again.description).toEqual(subject.description);
});

it("is the same file for the same weights, with tensors at multiples of 64 bytes", () => {
  const value = new Map([
    ["one", { dtype: "float32", shape: [3], bytes: new Uint8Array(12).fill(7) }],
  ] as const);
  const file = Buffer.from(encodeTorchArchive(value));
  expect(file.equals(encodeTorchArchive(value))).toBe(true);
  expect(file.indexOf(Buffer.alloc(12, 7)) % 64).toBe(0);
});

const title = needing(
  pythonWithTorch !== null,
  "Python's torch loads it with weights_only and answers alike",
  "no Python here has torch",
);
it.skipIf(pythonWithTorch === null)(title, async () => {
  using subject = untrained(robal);
  const source = join(folder, "source.pt");
  writeFileSync(source, torchFile(subject));
  const out = join(folder, "python");
  const { parity } = await exportClassifier(source, { to: ["pytorch"], out, python: pythonWithTorch! });
  const [own, python] = parity;
  expect(own).toMatchObject({ runBy: "reat", largestDifference: 0, sameClass: 64 });
  expect(python?.runBy).toMatch(/^PyTorch .* in Python$/);
  expect(python).toMatchObject({ sameClass: 64 });
  expect(python?.largestDifference).toBeLessThan(1e-4);
  const program = `import torch
saved = torch.load("${out}/model.pt", weights_only=True)
print(saved["class_names"], saved["image_size"], saved["state_dict"]["fc.weight"].shape)`;
  const { stdout } = spawnSync(pythonWithTorch!, ["-c", program], { encoding: "utf8" });
  expect(stdout.trim()).toBe("['ant', 'bee', 'cat'] [16, 16] torch.Size([3, 128])");
});
