// Lost images are counted, kept and not counted twice; pictures show the same images and say what the network says of them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPictures } from "../../src/evaluation/index.js";
import { evaluateRun } from "../../src/experiments/index.js";
import { readRun, renderReport } from "../../src/report/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

const tiny = new TinyExperiments();
let run = "";
/** Enough to fool even a network that hardly looks at its images. */
const budget = { epsilon: 0.5, stepSize: 0.25 };

beforeAll(async () => {
  run = await tiny.train("shown");
  await tiny.agreeWith(run);
});
afterAll(() => tiny.dispose());

describe("risk of a run", () => {
  it("counts the images that the attack takes, keeps the counts and does not attack again for them", async () => {
    const plain = await evaluateRun(run, { attacks: ["pgd-2"], budget });
    expect(plain.results[0]!.lost).toBeUndefined();
    const first = await evaluateRun(run, { attacks: ["pgd-2"], budget, risk: true });
    const { clean, robust, lost } = first.results[0]!;
    // Every image is right when clean, so that what is not robust was lost.
    expect(clean.accuracy).toBe(1);
    expect(lost).toEqual(robust.perClass.map(({ total, correct }) => total - correct));
    expect(lost!.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
    expect(robust.perClass).toEqual(plain.results[0]!.robust.perClass);
    const again = await evaluateRun(run, { attacks: ["pgd-2"], budget, risk: true });
    expect(again.results[0]!.time).toBe(first.results[0]!.time);
    expect(first.classes.counts.length).toBe(10);
  });

  it("loses nothing to an attack without a radius", async () => {
    const { results } = await evaluateRun(run, { attacks: ["pgd-1"], budget: { epsilon: 0 }, risk: true });
    expect(results[0]!.lost).toEqual(results[0]!.clean.perClass.map(() => 0));
  });
});

describe("pictures of a run", () => {
  it("show the first images of each class, the smallest class first, and stand in the report", async () => {
    await evaluateRun(run, { attacks: ["pgd-2"], budget, pictures: 2 });
    const [sheet] = readPictures(join(run, "pictures"));
    const sizes = sheet!.pictures.map(({ label }) => sheet!.trainCounts[label]!);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    for (const picture of sheet!.pictures) expect(picture.clean.label).toBe(picture.label);
    const changed = sheet!.pictures.filter(({ clean, attacked }) => clean.label !== attacked.label);
    expect(changed.length).toBeGreaterThan(0);
    const { data, info } = await sharp(Buffer.from(sheet!.pictures[0]!.png, "base64"))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([3 * 32 + 4, 32]);
    // Clean plus perturbation is adversarial, up to rounding of each.
    const at = (image: number, pixel: number) => data[4 * (image * 34 + pixel)]!;
    for (let pixel = 0; pixel < 32; pixel++) {
      const moved = (at(1, pixel) - 127.5) / sheet!.scale;
      expect(Math.abs(at(0, pixel) + moved - at(2, pixel))).toBeLessThan(1.5);
    }
    const page = renderReport([await readRun(run)]);
    expect(page.match(/<img src="data:image\/png;base64,/g)!.length).toBe(sheet!.pictures.length);
    expect(page).toContain("multiplied by");
  });

  it("refuses a file that holds none by its name", () => {
    const [name] = readPictures(join(run, "pictures")).map(() => "other.json");
    writeFileSync(join(run, "pictures", name!), readFileSync(join(run, "config.yaml")));
    expect(() => readPictures(join(run, "pictures"))).toThrow(/other\.json is not JSON/);
    writeFileSync(join(run, "pictures", name!), "{}");
    expect(() => readPictures(join(run, "pictures"))).toThrow(/other\.json holds no pictures/);
  });
});
