// Images listed in text files, as ImageNet-LT, iNaturalist and Places-LT hand them on: splits, class ids and names, what is refused.
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { detectSource, type LoadOptions, prepareDataset, readSource } from "../../src/data/index.js";
import { temporaryFolder, writeFiles } from "./files.js";

const jpeg = (shade: number) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: shade, g: 0, b: 0 } } })
    .png()
    .toBuffer();
const red = (dataset: Awaited<ReturnType<typeof readSource>>, split: "train" | "test") =>
  Array.from({ length: dataset[split].count }, (_, i) => dataset[split].images[i * 3 * 64]);
const read = async (path: string, options?: LoadOptions) => readSource(await detectSource(path), options);

/** ImageNet-LT's form: class folders in train/, none in val/; numbers not in the order of the names. */
async function imageNetLike(place: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = temporaryFolder();
  await writeFiles(folder, {
    "train/n02/a.png": await jpeg(10),
    "train/n02/b c.png": await jpeg(20),
    "train/n01/a.png": await jpeg(30),
    "val/one.png": await jpeg(40),
    "val/two.png": await jpeg(50),
    [`${place}ImageNet_LT_train.txt`]: "train/n02/b c.png 0\n./train/n02/a.png 0\r\ntrain/n01/a.png 1\n",
    [`${place}ImageNet_LT_test.txt`]: "val/two.png 1\nval/one.png 0\n\n",
    ...more,
  });
  return folder;
}

describe("list files", () => {
  it.each([
    ["beside the images", "", ""],
    ["in a folder beside them", "lists/", "lists"],
  ])("are read %s: ids are the numbers, names the folders", async (_, place, given) => {
    const folder = await imageNetLike(place);
    const dataset = await read(join(folder, given));
    expect(dataset.classNames).toEqual(["n02", "n01"]);
    expect([...dataset.train.labels]).toEqual([0, 0, 1]);
    expect(red(dataset, "train")).toEqual([10, 20, 30]);
    expect([...dataset.test.labels]).toEqual([0, 1]);
    expect(red(dataset, "test")).toEqual([40, 50]);
    expect(dataset.notes.join(" ")).toContain("ImageNet_LT_train.txt");
  });

  it("of two sets in one folder are told apart by the list that is given, also in the cache", async () => {
    const folder = await imageNetLike("", {
      "Places_LT_train.txt": "val/one.png 0\nval/two.png 1\n",
      "Places_LT_val.txt": "train/n02/a.png 0\ntrain/n01/a.png 1\n",
    });
    await expect(read(folder)).rejects.toThrow("holds lists of several sets");
    const cache = temporaryFolder();
    const counts = async (name: string) =>
      (await prepareDataset(join(folder, name), { cache })).dataset.train.count;
    expect([await counts("ImageNet_LT_train.txt"), await counts("Places_LT_train.txt")]).toEqual([3, 2]);
    const { dataset, reused } = await prepareDataset(join(folder, "Places_LT_train.txt"), { cache });
    expect(reused).toBe(true);
    expect(dataset.classNames).toEqual(["class 0", "class 1"]);
    expect(dataset.name).toBe(dataset.name.trim());
  });

  it("name a listed image that is not there as damaged, and go on without it where that is asked for", async () => {
    const folder = await imageNetLike("", {
      "ImageNet_LT_train.txt":
        "train/n02/a.png 0\ntrain/n02/b c.png 0\ntrain/n01/a.png 1\ntrain/n01/gone.png 1\n",
    });
    await expect(read(folder)).rejects.toThrow("train/n01/gone.png");
    const dataset = await read(folder, { damaged: "skip" });
    expect(dataset.damaged).toEqual([{ path: "train/n01/gone.png", why: "is listed, and is not there" }]);
    expect(dataset.train.count).toBe(3);
  });

  it.each([
    ["train/n02/a.png zero\n", "Line 1 of"],
    ["train/n02/a.png 0\nnotes.doc 1\n", 'Line 2 of .*is "notes.doc 1"'],
    ["train/n02/a.png 0\n../secret.png 1\n", 'Line 2 of .* has a path with "\\.\\."'],
    ["/data/train/n02/a.png 0\n", "Line 1 of .* has a path from the root of the disk"],
    [
      "train/n02/a.png 0\ntrain/n01/a.png 2\n",
      "Line 1 of .*_test.txt has class 1 .*_train.txt lists no image of class 1",
    ],
    ["train/n02/a.png 0\ntrain/n01/a.png 3\n", "Line 1 of .*_test.txt has class 1 "],
    [
      "train/n02/a.png 0\ntrain/n01/a.png 99999999999999999999\n",
      'Line 2 of .* is ".* 99999999999999999999"',
    ],
    ["train/n02/a.png 0\ntrain/n02/a.png 1\n", "one split and one class for an image"],
    ["train/n02/a.png 0\nval/one.png 1\n", "one split and one class for an image"],
  ])("refuse %j", async (text, message) => {
    const folder = await imageNetLike("", { "ImageNet_LT_train.txt": text });
    const reading = readSource({
      form: "list-files",
      path: folder,
      lists: ["train", "test"].map((split) => join(folder, `ImageNet_LT_${split}.txt`)),
      root: "",
    });
    await expect(reading).rejects.toThrow(new RegExp(message));
  });

  it.each([
    ["# by hand\ntrain/n02/a.png 0\n", 'Line 1 of .*_train.txt is "# by hand"'],
    ["train/n02/a.png ant\n", 'Line 1 of .*_train.txt is "train/n02/a.png ant"'],
    ["", "The list .*_train.txt names no image"],
    [" \n\n", "The list .*_train.txt names no image"],
    [Buffer.from([0x80, 0xff, 0, 1]), "The list .*_train.txt is no text in UTF-8"],
    [null, "The list .*_train.txt cannot be read: ENOENT"],
  ])("stay lists whatever the first line is: %j", async (content, message) => {
    const folder = await imageNetLike("");
    const file = join(folder, "ImageNet_LT_train.txt");
    rmSync(file);
    if (content === null) symlinkSync(join(folder, "gone.txt"), file);
    else writeFileSync(file, content);
    await expect(detectSource(folder)).rejects.toThrow(new RegExp(message));
    if (content !== null) await expect(detectSource(file)).rejects.toThrow(new RegExp(message));
  });

  it("in UTF-16, as Windows writes them, are read", async () => {
    const folder = await imageNetLike("");
    const file = join(folder, "ImageNet_LT_train.txt");
    const text = Buffer.from(`\uFEFF${readFileSync(file, "utf8")}`, "utf16le");
    for (const bytes of [text, Buffer.from(text).swap16()]) {
      writeFileSync(file, bytes);
      expect(red(await read(folder), "train")).toEqual([10, 20, 30]);
    }
  });

  it("say which lines repeat another and which texts of such names were not read", async () => {
    const folder = await imageNetLike("", {
      "ImageNet_LT_train.txt":
        "train/n02/a.png 0\ntrain/n02/b c.png 0\ntrain/n01/a.png 1\n./train/n02/a.png 0\n",
      "notes_test.txt": "",
    });
    const { train, notes } = await read(folder);
    expect(train.count).toBe(3);
    expect(notes.join(" ")).toContain("repeat another one were left out: line 4 of ImageNet_LT_train.txt.");
    expect(notes.join(" ")).toContain("Not read, though they are named as lists are: notes_test.txt.");
  });

  it("that are none beside class folders are named in a note", async () => {
    const folder = temporaryFolder();
    await writeFiles(folder, {
      ...Object.fromEntries(
        await Promise.all(["a/1", "a/2", "b/1", "b/2"].map(async (name) => [`${name}.png`, await jpeg(1)])),
      ),
      "train.txt": "a/1.png\nb/1.png\n",
      "test.txt": "",
    });
    const { train, notes } = await read(folder);
    expect(train.count).toBe(2);
    expect(notes.join(" ")).toContain(
      "Not read as lists of images, though named as they are: test.txt, train.txt;",
    );
    rmSync(join(folder, "test.txt"));
    await expect(detectSource(join(folder, "train.txt"))).rejects.toThrow(
      /Line 1 of .*train.txt is "a\/1.png"; accepted/,
    );
  });

  it("that lead nowhere say where was looked", async () => {
    const folder = temporaryFolder();
    await writeFiles(folder, { "set_train.txt": "images/a.png 0\nimages/b.png 1\n" });
    await expect(read(folder)).rejects.toThrow(/images\/a\.png of .* is not in/);
  });
});
