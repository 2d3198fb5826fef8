// Which preset is suggested for which images, and that its command and its estimate are possible.
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { classGroups, type DatasetSummary, type ImageSurvey, surveyImages } from "../../src/data/index.js";
import { estimateSeconds, suggestedCommand, suggestPreset } from "../../src/experiments/index.js";
import { temporaryFolder, writeFiles } from "../data/files.js";

const summary = (trainImages: number) =>
  ({
    ...{ trainImages, testImages: 10, height: 32, width: 32, unbalancedRatio: 4 },
    classes: [{ train: trainImages * 0.8 }, { train: trainImages * 0.2 }],
  }) as unknown as DatasetSummary;
const survey = (median: number): ImageSurvey => ({
  ...{ images: 9, shortest: median, median, longest: 2 * median, equal: false },
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
  const folder = temporaryFolder();
  const image = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
  await writeFiles(folder, {
    "a/1.jpg": await image(60, 40),
    "a/2.jpg": await image(50, 90),
    "b/1.jpg": await image(80, 80),
    "b/2.jpg": "no image",
  });
  expect(await surveyImages(folder)).toEqual({
    images: 3,
    shortest: 40,
    median: 50,
    longest: 80,
    equal: false,
  });
  await expect(surveyImages(join(folder, "gone"))).rejects.toThrow("There is no file or folder");
});

it("two classes have a head and a tail, three one of each", () => {
  expect(classGroups([3, 90])).toEqual(["tail", "head"]);
  expect(classGroups([3, 90, 20])).toEqual(["tail", "head", "body"]);
});
