// The official releases, binary and pickled, as archive and as folder.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  cifarClassNames,
  cifarLayouts,
  detectSource,
  type ImageDataset,
  readSource,
} from "../../src/data/index.js";
import {
  cifarBatch,
  cifarPixels,
  pickledBatch,
  pickledNames,
  tarGz,
  temporaryFolder,
  writeFiles,
} from "./files.js";

const labels = [3, 0, 9, 9, 1, 7, 2, 5, 6, 4, 8, 0];

function filesOf(index: number): Record<string, Uint8Array | string> {
  const layout = cifarLayouts[index]!;
  const coarse = layout.dataset === "cifar100";
  const key = coarse ? "fine_labels" : "labels";
  const write = (part: number[], first: number) =>
    layout.form === "binary" ? cifarBatch(part, first, coarse) : pickledBatch(part, first, key);
  const files: Record<string, Uint8Array | string> = {};
  const perFile = 10 / layout.trainFiles.length;
  // Written last to first: the order in the archive must not matter.
  for (let i = layout.trainFiles.length - 1; i >= 0; i--) {
    files[`${layout.folder}/${layout.trainFiles[i]}`] = write(
      labels.slice(i * perFile, (i + 1) * perFile),
      i * perFile,
    );
  }
  files[`${layout.folder}/${layout.testFiles[0]}`] = write(labels.slice(10), 10);
  const names = cifarClassNames[layout.dataset];
  files[`${layout.folder}/${layout.metaFile}`] =
    layout.form === "binary"
      ? `${names.join("\n")}\n\n`
      : pickledNames(coarse ? "fine_label_names" : "label_names", names);
  return files;
}

function expectSmall(dataset: ImageDataset, name: "cifar10" | "cifar100"): void {
  expect(dataset.name).toBe(name);
  expect(dataset.synthetic).toBe(false);
  expect(dataset.classNames).toEqual(cifarClassNames[name]);
  expect([dataset.height, dataset.width]).toEqual([32, 32]);
  expect([...dataset.train.labels, ...dataset.test.labels]).toEqual(labels);
  for (let i = 0; i < 10; i++) {
    expect(cifarPixels(i).equals(dataset.train.images.subarray(i * 3072, (i + 1) * 3072))).toBe(true);
  }
  expect(cifarPixels(11).equals(dataset.test.images.subarray(3072))).toBe(true);
}

describe.each(
  cifarLayouts.map((layout, index) => [`${layout.dataset}, ${layout.form}`, layout, index] as const),
)("%s", (_name, layout, index) => {
  it("reads the archive", async () => {
    const file = join(temporaryFolder(), layout.archive);
    writeFileSync(file, tarGz(filesOf(index)));
    const source = await detectSource(file);
    expect(source).toMatchObject({ form: "cifar", layout: { dataset: layout.dataset, form: layout.form } });
    expectSmall(await readSource(source), layout.dataset);
  });

  it("reads the folder, the folder around it, and a folder that holds the archive", async () => {
    const folder = writeFiles(temporaryFolder(), filesOf(index));
    expectSmall(await readSource(await detectSource(folder)), layout.dataset);
    expectSmall(await readSource(await detectSource(join(folder, layout.folder))), layout.dataset);
    const around = temporaryFolder();
    writeFileSync(join(around, layout.archive), tarGz(filesOf(index)));
    expectSmall(await readSource(await detectSource(around)), layout.dataset);
  });

  it("names a missing file, and does without the file of class names", async () => {
    const files = filesOf(index);
    delete files[`${layout.folder}/${layout.metaFile}`];
    expectSmall(await readSource(await detectSource(writeFiles(temporaryFolder(), files))), layout.dataset);
    delete files[`${layout.folder}/${layout.testFiles[0]}`];
    const folder = writeFiles(temporaryFolder(), files);
    await expect(async () => readSource(await detectSource(folder))).rejects.toThrow(
      `lacks ${layout.testFiles[0]};`,
    );
  });

  it("refuses a file that is cut off, and one with an impossible label", async () => {
    const files = filesOf(index);
    const first = `${layout.folder}/${layout.trainFiles[0]}`;
    const whole = files[first] as Buffer;
    files[first] = whole.subarray(0, whole.length - 5);
    const cut = writeFiles(temporaryFolder(), files);
    await expect(async () => readSource(await detectSource(cut))).rejects.toThrow(
      layout.form === "binary" ? /cut off or another file/ : /ends in the middle|cannot be read as a pickle/,
    );
    const coarse = layout.dataset === "cifar100";
    files[first] =
      layout.form === "binary"
        ? cifarBatch([0, 100], 0, coarse)
        : pickledBatch([0, 100], 0, coarse ? "fine_labels" : "labels");
    const wrong = writeFiles(temporaryFolder(), files);
    await expect(async () => readSource(await detectSource(wrong))).rejects.toThrow(
      /Image 1 in .* has class id 100/,
    );
  });
});

it("refuses a pickled batch whose array has another width", async () => {
  const files = filesOf(2);
  const first = Object.keys(files)[0]!;
  const bytes = Buffer.from(files[first] as Buffer);
  // 2 images × 3072 become 3072 × 2 by exchanging the two sizes.
  const at = bytes.indexOf(Buffer.from([0x4d, 2, 0, 0x4d, 0, 0x0c]));
  Buffer.from([0x4d, 0, 0x0c, 0x4d, 2, 0]).copy(bytes, at);
  files[first] = bytes;
  const folder = writeFiles(temporaryFolder(), files);
  await expect(async () => readSource(await detectSource(folder))).rejects.toThrow(
    'has no "data" array of unsigned bytes with 3072 columns',
  );
});
