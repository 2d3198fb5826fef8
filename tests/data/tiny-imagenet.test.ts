// Tiny-ImageNet as it is distributed: a made-up tree of two classes, as folder and archives, and what is refused.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { describeSource, detectSource, loadDataset, readSource } from "../../src/data/index.js";
import { tar, temporaryFolder, writeFiles, zip } from "./files.js";

const side = 64;
const [fish, frog] = ["n01443537", "n01641577"];

/** One colour, so that what JPEG makes of it is known. */
async function jpeg(level: number, kind: "rgb" | "grey" = "rgb"): Promise<Buffer> {
  const background = { r: level, g: kind === "rgb" ? 90 : level, b: level };
  const image = sharp({ create: { width: side, height: side, channels: 3, background } });
  return (kind === "grey" ? image.toColourspace("b-w") : image).jpeg({ quality: 95 }).toBuffer();
}

async function tree(): Promise<Record<string, Uint8Array | string>> {
  const box = "\t0\t10\t63\t58";
  return {
    "test/images/test_0.JPEG": await jpeg(1),
    [`train/${frog}/images/${frog}_0.JPEG`]: await jpeg(200, "grey"),
    [`train/${frog}/${frog}_boxes.txt`]: `${frog}_0.JPEG${box}\n`,
    [`train/${fish}/images/${fish}_2.JPEG`]: await jpeg(120),
    [`train/${fish}/images/${fish}_10.JPEG`]: await jpeg(60),
    [`train/${fish}/${fish}_boxes.txt`]: `${fish}_2.JPEG${box}\n${fish}_10.JPEG${box}\n`,
    "val/images/val_0.JPEG": await jpeg(30),
    "val/images/val_1.JPEG": await jpeg(220),
    "val/val_annotations.txt": `val_0.JPEG\t${frog}${box}\nval_1.JPEG\t${fish}${box}\n`,
    "wnids.txt": `${frog}\n${fish}\n`,
    "words.txt": `n00001740\tentity\n${fish}\tgoldfish, Carassius auratus\n${frog}\ttailed frog, bell toad\n`,
  };
}

const read = async (path: string) => readSource(await detectSource(path));

describe("Tiny-ImageNet as distributed", () => {
  it("is a data set with the validation images as test split, from a folder, zip or tar", async () => {
    const files = await tree();
    const prefixed = Object.fromEntries(
      Object.entries(files).map(([path, bytes]) => [`tiny-imagenet-200/${path}`, bytes]),
    );
    const place = temporaryFolder();
    writeFiles(join(place, "unpacked"), files);
    writeFiles(join(place, "around"), prefixed);
    writeFileSync(join(place, "tiny-imagenet-200.zip"), zip(prefixed, true));
    writeFileSync(join(place, "tiny.tar"), tar(prefixed));
    for (const name of ["unpacked", "around", "tiny-imagenet-200.zip", "tiny.tar"]) {
      const source = await detectSource(join(place, name));
      expect(describeSource(source)).toBe("Tiny-ImageNet-200 as distributed");
      const dataset = await readSource(source);
      expect(dataset.classNames).toEqual(["goldfish", "tailed frog"]);
      expect([dataset.height, dataset.width]).toEqual([side, side]);
      expect([[...dataset.train.labels], [...dataset.test.labels]]).toEqual([
        [0, 0, 1],
        [0, 1],
      ]);
      // Within a class by name, as Python sorts: _10 before _2.
      const first = (split: "train" | "test") =>
        Array.from({ length: dataset[split].count }, (_, i) => dataset[split].images[i * 3 * side * side]!);
      for (const [found, made] of [
        [first("train"), [60, 120, 200]],
        [first("test"), [220, 30]],
      ] as const) {
        found.forEach((level, i) => {
          expect(Math.abs(level - made[i]!)).toBeLessThan(4);
        });
      }
      expect(dataset.notes.join(" ")).toContain("the published validation split");
    }
  });

  it("gives grey images three equal channels", async () => {
    const { train } = await read(writeFiles(temporaryFolder(), await tree()));
    const area = side * side;
    const [red, green, blue] = [0, 1, 2].map((c) => train.images[2 * 3 * area + c * area]!);
    expect([green, blue]).toEqual([red, red]);
  });

  it("can be scaled, and is packed for the next time", async () => {
    const folder = writeFiles(temporaryFolder(), await tree());
    const options = { resize: 32, cache: temporaryFolder() };
    const dataset = await loadDataset(folder, options);
    expect([dataset.height, dataset.width]).toEqual([32, 32]);
    rmSync(join(folder, "val", "images", "val_0.JPEG"));
    await expect(loadDataset(folder, options)).rejects.toThrow("val_0.JPEG");
  });

  it("names classes by their ids where there are no words, or the same word twice", async () => {
    const files = await tree();
    const { "words.txt": _, ...wordless } = files;
    expect((await read(writeFiles(temporaryFolder(), wordless))).classNames).toEqual([fish, frog]);
    const twice = { ...files, "words.txt": `${fish}\tcrane\n${frog}\tcrane\n` };
    expect((await read(writeFiles(temporaryFolder(), twice))).classNames).toEqual([
      `crane (${fish})`,
      `crane (${frog})`,
    ]);
  });

  const without = (path: string) => (files: Record<string, Uint8Array | string>) => {
    const { [path]: _, ...rest } = files;
    return rest;
  };
  type Damage = (files: Record<string, Uint8Array | string>) => Record<string, Uint8Array | string>;
  it.each<[string, Damage, RegExp]>([
    [
      "annotations that end in the middle of a line",
      (files) => ({ ...files, "val/val_annotations.txt": `val_0.JPEG\t${frog}\t0\nval_1.JPEG\tn014` }),
      /^Line 2 of val\/val_annotations\.txt in .* is "val_1\.JPEG\\u0009n014"; it must be an image's name, a tab and one of the 2 class ids, so the file is cut off or damaged\.$/,
    ],
    [
      "annotations that end too early",
      (files) => ({ ...files, "val/val_annotations.txt": `val_0.JPEG\t${frog}\t0\n` }),
      /is incomplete: val\/images holds val_1\.JPEG, which has no line in val\/val_annotations\.txt\.$/,
    ],
    [
      "a validation image that is missing",
      without("val/images/val_1.JPEG"),
      /is incomplete: val\/val_annotations\.txt names val_1\.JPEG, which is not in val\/images\.$/,
    ],
    [
      "a training image that is missing",
      without(`train/${fish}/images/${fish}_2.JPEG`),
      /is incomplete: train\/n01443537\/n01443537_boxes\.txt names n01443537_2\.JPEG, which is not in train\/n01443537\/images\.$/,
    ],
    [
      "a class without images",
      (files) => ({ ...files, "wnids.txt": `${fish}\n${frog}\nn01629819\n` }),
      /is incomplete: wnids\.txt names n01629819, which has no images in train\/\.$/,
    ],
    [
      "an image that is damaged",
      (files) => ({ ...files, "val/images/val_0.JPEG": Buffer.from("no image".repeat(20)) }),
      /val_0\.JPEG in .* is not a readable png, jpeg or webp image; it is the only such file among 5 images\./,
    ],
  ])("refuses %s in one sentence", async (_, damage, message) => {
    const folder = writeFiles(temporaryFolder(), damage(await tree()));
    await expect(read(folder)).rejects.toThrow(message);
  });

  it("takes validation images that were sorted into class folders, with or without images/ in them", async () => {
    const { "val/val_annotations.txt": list, ...files } = await tree();
    for (const [inner, kept] of [
      ["images/", true],
      ["", false],
    ] as const) {
      const sorted: Record<string, Uint8Array | string> = {
        ...without("val/images/val_0.JPEG")(without("val/images/val_1.JPEG")(files)),
        [`val/${frog}/${inner}val_0.JPEG`]: files["val/images/val_0.JPEG"]!,
        [`val/${fish}/${inner}val_1.JPEG`]: files["val/images/val_1.JPEG"]!,
        ...(kept && { "val/val_annotations.txt": list! }),
      };
      const archive = join(temporaryFolder(), "tiny.zip");
      writeFileSync(archive, zip(sorted));
      for (const path of [writeFiles(temporaryFolder(), sorted), archive]) {
        const dataset = await read(path);
        expect(dataset.classNames).toEqual(["goldfish", "tailed frog"]);
        expect([[...dataset.train.labels], [...dataset.test.labels]]).toEqual([
          [0, 0, 1],
          [0, 1],
        ]);
      }
    }
  });

  it("refuses an archive without annotations", async () => {
    const { "val/val_annotations.txt": _, ...files } = await tree();
    const file = join(temporaryFolder(), "tiny.zip");
    writeFileSync(file, zip(files));
    await expect(read(file)).rejects.toThrow("has no val/val_annotations.txt, which says the class of each");
  });
});

it("a zip archive of class folders is read as well", async () => {
  const file = join(temporaryFolder(), "animals.zip");
  writeFileSync(
    file,
    zip({ "train/a/1.jpg": await jpeg(1), "train/b/1.jpg": await jpeg(2), "test/a/2.jpg": await jpeg(3) }),
  );
  expect(await read(file)).toMatchObject({ name: "animals", classNames: ["a", "b"] });
});
