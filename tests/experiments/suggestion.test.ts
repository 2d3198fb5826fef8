// Which preset is suggested for which images, and that its command and its estimate are possible.
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { classGroups, type DatasetSummary, type ImageSurvey, surveyImages } from "../../src/data/index.js";
import { estimateSeconds, sideToShow, suggestedCommand, suggestPreset } from "../../src/experiments/index.js";
import { tarGz, temporaryFolder, writeFiles, zip } from "../data/files.js";

const summary = (trainImages: number) =>
  ({
    ...{ trainImages, testImages: 10, height: 32, width: 32, unbalancedRatio: 4 },
    classes: [{ train: trainImages * 0.8 }, { train: trainImages * 0.2 }],
  }) as unknown as DatasetSummary;
const survey = (median: number): ImageSurvey => ({
  ...{ images: 9, shortest: median, median, longest: 2 * median, equal: false },
  largest: { height: 2 * median, width: 2 * median },
});

it.each([
  [1000, 32, "cpu", "reat train own-images-reat --data photos/"],
  [
    1000,
    100,
    "cpu",
    "reat train own-images-finetune-resnet18 --data photos/ --weights resnet18.safetensors --resize 96",
  ],
  [50_000, 100, "cpu", "reat train own-images-96 --data photos/"],
  [50_000, 500, "cuda:0", "reat train own-images-finetune --data photos/ --weights resnet50.safetensors"],
  [1000, 500, "cpu", "reat train own-images-finetune-resnet18 --data photos/ --weights resnet18.safetensors"],
] as const)("%i images of %i pixels on %s: %s", (images, side, device, command) => {
  const suggestion = suggestPreset(summary(images), survey(side), device);
  expect(suggestedCommand(suggestion, "photos/")).toBe(command);
  expect(suggestedCommand(suggestion, "photos/", "skip")).toBe(`${command} --damaged skip`);
  expect(suggestion.why.join(" ")).toContain(`${images} training images in 2 classes`);
});

it("the estimate grows with the images", () => {
  const suggestion = suggestPreset(summary(1000), survey(32), "cpu");
  const [few, many] = [1e3, 1e6].map((images) => estimateSeconds(suggestion, summary(images), "cpu"));
  expect(few).toBeGreaterThan(0);
  expect(many).toBeGreaterThan(20 * few!);
});

it("sizes are read from the heads of files, damaged ones left to the reading", async () => {
  const folder = join(temporaryFolder(), "photos");
  const image = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
  const files = {
    "a/1.jpg": await image(60, 40),
    "a/2.jpg": await image(50, 90),
    "b/1.jpg": await image(80, 80),
    "b/2.jpg": "no image",
  };
  writeFiles(folder, files);
  writeFiles(join(folder, ".."), { "photos.tar.gz": tarGz(files), "photos.zip": zip(files) });
  for (const source of [folder, `${folder}.tar.gz`, `${folder}.zip`]) {
    expect(await surveyImages(source), source).toEqual({
      images: 3,
      shortest: 40,
      median: 50,
      longest: 80,
      equal: false,
      largest: { height: 80, width: 80 },
    });
  }
  await expect(surveyImages(join(folder, "gone"))).rejects.toThrow("There is no file or folder");
});

it.each([
  [32, 32, null],
  [64, 64, null],
  [96, 96, null],
  [224, 224, null],
  [300, 150, null],
  [225, 225, 224],
  [4000, 3000, 224],
  [1000, 60, 96],
])("images that are all %i×%i are looked at scaled to %s", (width, height, side) => {
  const shorter = Math.min(width, height);
  const equal = { images: 9, shortest: shorter, median: shorter, longest: shorter, equal: true };
  expect(sideToShow({ ...equal, largest: { width, height } })).toBe(side);
  if (side === null) expect(sideToShow({ ...survey(shorter), equal: false })).not.toBe(null);
});

it("two classes have a head and a tail, three one of each", () => {
  expect(classGroups([3, 90])).toEqual(["tail", "head"]);
  expect(classGroups([3, 90, 20])).toEqual(["tail", "head", "body"]);
});
