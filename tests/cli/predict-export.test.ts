// `reat predict` and `reat export` as they are typed: what they print, and what they refuse. In this process, for speed.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { run } from "../../src/cli/program.js";
import { createDataset, generateSynthetic, selectImages, writePacked } from "../../src/data/index.js";
import { safetensorsFile } from "../../src/export/index.js";
import { setThreads } from "../../src/tensor/index.js";
import { untrained } from "../export/subjects.js";

setThreads(1);

let folder: string;
let model: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reat-use-"));
  model = join(folder, "model.safetensors");
  using subject = untrained({ classNames: ["ant", "a bee, wild", "cat"] });
  writeFileSync(model, Buffer.concat(safetensorsFile(subject)));
  for (const name of ["ant", "cat"]) {
    mkdirSync(join(folder, "photos", name), { recursive: true });
    const create = {
      width: 16,
      height: 16,
      channels: 3,
      background: name === "ant" ? "red" : "blue",
    } as const;
    await sharp({ create })
      .png()
      .toFile(join(folder, "photos", name, "one.png"));
  }
  await sharp({ create: { width: 20, height: 16, channels: 3, background: "red" } })
    .png()
    .toFile(join(folder, "wide.png"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function reat(...args: string[]) {
  let [stdout, stderr] = ["", ""];
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  try {
    return { code: await run(args), stdout, stderr };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe("reat predict", () => {
  it("prints a table, JSON and CSV of the same answers", async () => {
    const photos = join(folder, "photos");
    const json = await reat(
      "predict",
      model,
      photos,
      "--json",
      "--top",
      "2",
      "--robust",
      "1/255,4/255",
      "--attack",
      "fgsm",
    );
    const { run: name, search, predictions } = JSON.parse(json.stdout);
    expect({ name, search }).toEqual({
      name: "untrained",
      search: { attack: "fgsm", norm: "linf", epsilons: [1 / 255, 4 / 255] },
    });
    expect(predictions.map(({ folder }: { folder: string }) => folder)).toEqual(["ant", "cat"]);
    const csv = await reat("predict", model, photos, "--csv", "--top", "1");
    const [header, ...lines] = csv.stdout.trimEnd().split("\n");
    expect(header).toBe("file,class_1,probability_1");
    const quoted = (text: string) => (text.includes(",") ? `"${text}"` : text);
    expect(lines).toEqual(
      predictions.map(
        ({ file, classes: [{ className, probability }] }: (typeof predictions)[0]) =>
          `${file},${quoted(className)},${probability}`,
      ),
    );
    const table = await reat("predict", model, photos, "--robust", "1/2550");
    expect(table.stdout).toMatch(/^image +class +probability +then +changes at$/m);
    expect(table.stdout).toContain("An upper bound: a stronger attack may need less.");
  });

  it("goes on without damaged files where it is told to", async () => {
    const photos = join(folder, "some-damaged");
    mkdirSync(photos);
    const image = readFileSync(join(folder, "photos", "ant", "one.png"));
    writeFileSync(join(photos, "good.png"), image);
    writeFileSync(join(photos, "no-image.png"), "text");
    const stopped = await reat("predict", model, photos);
    expect({ code: stopped.code, stdout: stopped.stdout }).toEqual({ code: 1, stdout: "" });
    const ended = await reat("predict", model, photos, "--skip-damaged", "--csv");
    expect(ended.stderr).toMatch(/^skipped: \S+no-image\.png is not a readable/m);
    expect(ended.code).toBe(0);
    expect(ended.stdout.trim().split("\n")).toHaveLength(2);
  });

  it("says how many are right by their folders, and refuses folders that are no classes", async () => {
    const right = await reat("predict", model, join(folder, "photos"), "--labels");
    expect(right.stderr).toMatch(
      /^Correct by their folders' names: [012] of 2 \((0\.0|50\.0|100\.0) %\)\.$/m,
    );
    mkdirSync(join(folder, "other", "dog"), { recursive: true });
    writeFileSync(
      join(folder, "other", "dog", "x.png"),
      readFileSync(join(folder, "photos", "ant", "one.png")),
    );
    const wrong = await reat("predict", model, join(folder, "other"), "--labels");
    expect(wrong.stderr).toContain(
      'lies in "dog"; with --labels folders are named after the classes, which are ant,',
    );
    expect(wrong.code).toBe(1);
  });

  it.each([
    [["nowhere", "x.png"], 2, "There is no run or checkpoint nowhere"],
    [["MODEL", "FOLDER/wide.png"], 1, "wide.png is 20×16 pixels and the classifier takes 16×16; --resize"],
    [["MODEL", "FOLDER/wide.png", "--robust", "0"], 2, "Radii are above 0."],
    [["MODEL", "FOLDER/wide.png", "--attack", "fgsm"], 2, "--attack is for --robust, which was not given."],
    [["MODEL", "FOLDER/wide.png", "--json", "--csv"], 2, "Choose one of --json and --csv."],
    [["MODEL"], 2, "missing required argument 'images'"],
  ])("refuses %j", async (args, code, message) => {
    const named = args.map((arg) => arg.replace("MODEL", model).replace("FOLDER", folder));
    const ended = await reat("predict", ...named);
    expect(ended.stderr).toContain(message);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
  });
});

describe("reat eval and reat audit of an export", () => {
  let data: string;
  beforeAll(() => {
    data = join(folder, "three.reatpack");
    const drawn = generateSynthetic({ trainPerClass: 1, testPerClass: 2 });
    const [train, test] = [
      selectImages(drawn.train, [0, 1, 2]),
      selectImages(drawn.test, [0, 1, 2, 10, 11, 12]),
    ];
    const classNames = ["ant", "a bee, wild", "cat"];
    writePacked(data, createDataset({ ...drawn, classNames, train, test }));
  });

  it("take the network that the file names", async () => {
    const measured = await reat("eval", model, "--data", data, "--attack", "fgsm", "--json");
    expect(measured).toMatchObject({ code: 0 });
    expect(measured.stderr).toContain(
      "The images are 32×32 pixels, and the network was trained on 16×16; --resize scales them.",
    );
    const { weights, clean } = JSON.parse(measured.stdout);
    expect({ weights, total: clean.total }).toMatchObject({
      weights: { architecture: "small-resnet", classes: 3, classNames: ["ant", "a bee, wild", "cat"] },
      total: 6,
    });
    const audited = await reat(
      "audit",
      model,
      "--data",
      data,
      "--check",
      "zero-gradients",
      "--images",
      "3",
      "--json",
    );
    expect(audited).toMatchObject({ code: 0 });
    expect(JSON.parse(audited.stdout).weights).toMatchObject({ architecture: "small-resnet" });
  });

  it.each(["eval", "audit"])("%s asks for images to measure on", async (command) => {
    const ended = await reat(command, model);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("An export needs --data with images to measure on.");
  });
});

describe("reat export", () => {
  it("prints the files, and how far they agree with the run", async () => {
    const out = join(folder, "out");
    const ended = await reat("export", model, "--to", "safetensors,onnx", "--out", out);
    expect(ended.code).toBe(0);
    const files = [
      "model.onnx",
      "model.safetensors",
      "config.json",
      "model_info.json",
      "parity.json",
      "README.md",
    ];
    expect(ended.stdout.trim().split("\n")).toEqual(files.map((name) => `${out}/${name}`));
    expect(ended.stderr).toMatch(
      /^model\.onnx, run by onnxruntime-web \S+: the logits of 64 images differ by /m,
    );
    expect(ended.stderr).toMatch(
      /^model\.safetensors, run by reat: the logits of 64 images differ not at all/m,
    );
    const without = await reat("export", model, "--to", "onnx", "--out", out, "--no-parity");
    expect(without.stderr).toBe(
      "The ONNX files were not compared with the run.\nmodel.safetensors is of an earlier export and was not written anew.\n",
    );
    const onnx = await reat("predict", join(out, "model.onnx"), join(folder, "photos"));
    expect(onnx.stderr).toContain("model.onnx is not read back, as no ONNX file is; accepted are");
    expect(onnx.code).toBe(2);
  });

  it.each(["README.md", "model.py"])("leaves the %s of something else alone", async (name) => {
    const out = join(folder, `with-${name}`);
    mkdirSync(out);
    writeFileSync(join(out, name), "mine, created by hand");
    const ended = await reat("export", model, "--to", "pytorch", "--out", out, "--no-parity");
    expect(ended.stderr).toContain(`holds a ${name} that reat did not write: choose another folder`);
    expect(ended.code).toBe(2);
    expect(readdirSync(out)).toEqual([name]);
    expect(readFileSync(join(out, name), "utf8")).toBe("mine, created by hand");
  });

  it.each([
    [["MODEL", "--to", "tflite"], "Accepted are onnx, pytorch, safetensors, separated by commas."],
    [["MODEL"], "required option '--to <forms>' not specified"],
    [["MODEL", "--to", "onnx"], "is no run's folder; --out names the folder to export to."],
    [["MODEL", "--to", "onnx", "--tolerance", "0"], "It takes a number above 0."],
    [["MODEL", "--to", "pytorch", "--with-gradient"], "is exported for onnx, which --to does not name."],
  ])("refuses %j", async (args, message) => {
    const ended = await reat("export", ...args.map((arg) => arg.replace("MODEL", model)));
    expect(ended.stderr).toContain(message);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: "" });
  });
});
