// `reat data show` of photographs: what is looked at takes no more room than a training of it.
import { readdirSync, statSync } from "node:fs";
import sharp from "sharp";
import { afterAll, expect, it } from "vitest";
import { writeFiles, zip } from "../data/files.js";
import { ScratchFolder } from "./command-line.js";

const place = new ScratchFolder();
afterAll(() => place.dispose());

it("photographs of one size are shown scaled, in a folder and in an archive", async () => {
  const photograph = await sharp({ create: { width: 900, height: 600, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const files = Object.fromEntries(
    ["ant", "bee"].flatMap((name) => [0, 1, 2].map((i) => [`${name}/${i}.jpg`, photograph])),
  );
  writeFiles(place.path("photos"), files);
  writeFiles(place.folder, { "photos.zip": zip(files) });
  for (const source of ["photos", "photos.zip"]) {
    const { code, stdout, stderr } = await place.reat(["data", "show", source]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "The images are 900×600; here they were scaled to 224×224.\n",
    });
    expect(stdout).toContain("photos: 2 classes, 224×224, 4 training and 2 test images");
    expect(stdout).toContain(`Suggested: reat train own-images-finetune`);
  }
  const kept = place.path("cache", "datasets");
  for (const name of readdirSync(kept)) {
    expect(statSync(`${kept}/${name}`).size).toBeLessThan(1.1 * 6 * 3 * 224 ** 2);
  }
  const prepared = await place.reat(["data", "prepare", "photos"]);
  expect([prepared.code, prepared.stderr]).toEqual([
    0,
    "The images are packed as they are stored, 900×600; most trainings take them scaled (--resize 224).\n",
  ]);
  const asked = await place.reat(["data", "show", "photos", "--crop", "600"]);
  expect([asked.code, asked.stderr]).toEqual([0, ""]);
  expect(asked.stdout).toContain("2 classes, 600×600");
});
