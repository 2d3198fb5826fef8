// Which class and split an image belongs to, by its path: every layout that is read, and the sentence for those that are not.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { detectSource, type ImageDataset, loadDataset } from "../../src/data/index.js";
import { tar, temporaryFolder, writeFiles, zip } from "./files.js";
import { png } from "./image-files.js";

const pixel = png([1, 2, 3], { width: 1, height: 1, channels: 3 });

/** Writes one-pixel images, other files where they have content, and folders where a path ends in a slash. */
function folderOf(paths: readonly string[]): string {
  const folder = temporaryFolder();
  for (const path of paths) {
    if (path.endsWith("/")) mkdirSync(join(folder, path), { recursive: true });
    else writeFiles(folder, { [path]: /\.(png|jpe?g|webp)$/i.test(path) ? pixel : "text" });
  }
  return folder;
}

const numbered = (folders: readonly string[], each = 2) =>
  folders.flatMap((folder) => Array.from({ length: each }, (_, i) => `${folder}/${i}.png`));
const load = (path: string) => loadDataset(path, { cache: temporaryFolder() });
const sizes = ({ train, test, validation }: ImageDataset) => [train.count, test.count, validation?.count];

describe("layouts that are read", () => {
  it.each<[string, string[], string[], (number | undefined)[], string | undefined]>([
    [
      "val beside test is the validation split",
      [
        ...numbered(["train/ant", "train/bee"], 4),
        ...numbered(["test/ant", "test/bee"]),
        ...numbered(["val/ant", "val/bee"], 3),
      ],
      ["ant", "bee"],
      [8, 4, 6],
      "The 6 images in val/ are the validation split",
    ],
    [
      "val alone is the test split",
      [...numbered(["train/ant", "train/bee"], 4), ...numbered(["valid/ant", "valid/bee"])],
      ["ant", "bee"],
      [8, 4, undefined],
      "There is no test/: the images in val/ are the test split.",
    ],
    [
      "splits below the classes",
      numbered(["ant/train", "ant/test", "bee/train", "bee/test"], 3),
      ["ant", "bee"],
      [6, 6, undefined],
      undefined,
    ],
    [
      "classes with sub-folders",
      numbered(["ant/day", "ant/night", "bee/day", "bee/night"], 5),
      ["ant", "bee"],
      [16, 4, undefined],
      "Images in sub-folders count for the class above them, such as ant/day/0.png for ant.",
    ],
    [
      "test images only",
      numbered(["test/ant", "test/bee"], 3),
      ["ant", "bee"],
      [0, 6, undefined],
      "There are no training images: the data can be evaluated on, not trained on.",
    ],
    ["a class named train", numbered(["bus", "train"], 5), ["bus", "train"], [8, 2, undefined], undefined],
    [
      "test images without labels, as Tiny-ImageNet has them",
      [...numbered(["train/ant", "train/bee"], 4), ...numbered(["val/ant", "val/bee", "test/images"])],
      ["ant", "bee"],
      [8, 4, undefined],
      "The images in test/images have no class and were passed over.",
    ],
    [
      "other folders beside the splits, an empty test/",
      [
        ...numbered(["train/ant", "train/bee", "val/ant", "val/bee"], 2),
        "test/",
        "docs/readme.txt",
        "extra/1.png",
      ],
      ["ant", "bee"],
      [4, 4, undefined],
      "1 images beside the splits were passed over: extra/.",
    ],
    [
      "folders of other files beside classes",
      [...numbered(["ant", "bee"], 5), "annotations/1.xml"],
      ["ant", "bee"],
      [8, 2, undefined],
      "annotations/ holds no images (1 × .xml) and is no class.",
    ],
    [
      "images of other kinds in a class",
      [...numbered(["ant", "bee"], 5), "ant/5.gif", "ant/6.tiff"],
      ["ant", "bee"],
      [8, 2, undefined],
      "Images of kinds that are not read were passed over: 1 × .gif, 1 × .tiff, in ant/; read are png, jpeg and webp.",
    ],
  ])("%s", async (_, paths, classNames, counts, note) => {
    const dataset = await load(folderOf(paths));
    expect(dataset.classNames).toEqual(classNames);
    expect(sizes(dataset)).toEqual(counts);
    if (note) expect(dataset.notes.join("\n")).toContain(note);
  });

  it("the same in an archive, with a folder around it, empty folders included", async () => {
    const files = Object.fromEntries(
      numbered(["set/ant/train", "set/ant/test", "set/bee/train", "set/bee/test"]).map((path) => [
        path,
        pixel,
      ]),
    );
    const file = join(temporaryFolder(), "set.tar");
    writeFileSync(file, tar(files));
    expect(sizes(await load(file))).toEqual([4, 4, undefined]);
  });
});

describe("layouts that are refused", () => {
  it.each<[string, string[], string]>([
    [
      "an empty class",
      [...numbered(["ant", "bee"], 5), "cat/"],
      "without an image that can be read: cat/ (empty); read are png",
    ],
    [
      "classes of other kinds of images",
      [...numbered(["train/ant", "train/bee"], 5), "train/cat/1.gif", "train/cat/2.gif", "train/dog/1.heic"],
      "without an image that can be read: train/cat/ (2 × .gif), train/dog/ (1 × .heic); read are png",
    ],
    [
      "some classes divided, others not",
      [...numbered(["ant/train", "ant/test", "bee"], 3)],
      "ant/test/0.png in ",
    ],
    [
      "classes beside a single split",
      numbered(["train/ant", "train/bee", "cat", "dog"]),
      "images in cat/, dog/ beside it",
    ],
    [
      "splits within splits",
      numbered(["train/ant/test", "train/bee/test"]),
      "lies in a folder test/ inside of the class ant",
    ],
    [
      "two folders of one split",
      numbered(["train/ant", "train/bee", "Training/ant"]),
      "has two folders for one split, Training/ and train/",
    ],
    ["a class that is only validated", numbered(["train/a", "train/b", "test/a", "val/c"]), 'Class "c"'],
    [
      "train/ and test/ of TIFFs",
      ["train/ant/1.tiff", "train/bee/1.tiff", "test/ant/1.tif"],
      "(found: 2 × .tiff, 1 × .tif)",
    ],
    ["train/ and test/ of nothing", ["train/", "test/"], "(found: empty folders: test, train)"],
    [
      "images in no folder of a class",
      ["photos.txt", "1.png", "sub/"],
      "(found: 1 × .png outside of a folder, 1 × .txt)",
    ],
  ])("%s", async (_, paths, message) => {
    await expect(load(folderOf(paths))).rejects.toThrow(message);
  });

  it("a CIFAR batch that is missing is named, in the folder and in the one around it", async () => {
    const folder = temporaryFolder();
    writeFiles(join(folder, "cifar-10-batches-py"), {
      data_batch_1: "x",
      data_batch_2: "x",
      test_batch: "x",
      "batches.meta": "x",
    });
    for (const path of [folder, join(folder, "cifar-10-batches-py")]) {
      expect(await detectSource(path)).toMatchObject({ form: "cifar", layout: { form: "pickled" } });
      await expect(load(path)).rejects.toThrow(
        "lacks data_batch_3, data_batch_4, data_batch_5; the pickled form of cifar10",
      );
    }
  });
});

it("control characters in class names are written out, so that no terminal obeys them", async () => {
  const dataset = await load(folderOf(numbered(["ant\u001b[31m", "bee"], 5)));
  expect(dataset.classNames).toEqual(["ant\\u001b[31m", "bee"]);
});

it("more images than the memory holds are refused as soon as their size is known", async () => {
  const total = vi.spyOn(os, "totalmem").mockReturnValue(59);
  try {
    await expect(load(folderOf(numbered(["ant", "bee"], 5)))).rejects.toThrow(
      /^The 10 images of .* at 1×1 take 0\.0 GB while they are read, and this machine has 0\.0 GB; scale them with --resize/,
    );
    total.mockReturnValue(60);
    expect(sizes(await load(folderOf(numbered(["ant", "bee"], 5))))).toEqual([8, 2, undefined]);
  } finally {
    total.mockRestore();
  }
});

it("a source that is a link to nowhere or to itself is said to be one", async () => {
  const folder = temporaryFolder();
  symlinkSync("nowhere", join(folder, "gone"));
  symlinkSync("loop", join(folder, "loop"));
  await expect(load(join(folder, "gone"))).rejects.toThrow("gone is a link to nowhere, which is not there.");
  await expect(load(join(folder, "loop"))).rejects.toThrow(
    "loop is a link to loop, which leads round in a loop.",
  );
});

it("an archive without files is one", async () => {
  const file = join(temporaryFolder(), "empty.zip");
  writeFileSync(file, zip({}));
  await expect(load(file)).rejects.toThrow(
    "holds no png, jpeg or webp images in class folders (found: nothing)",
  );
});

it("a size that was asked for and cannot be given is refused", async () => {
  await expect(loadDataset("synthetic", { resize: 64 })).rejects.toThrow(
    "synthetic has images of 32×32, and 64×64 were asked for (resize)",
  );
});
