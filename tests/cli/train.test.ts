// From configuration to results on the command line, on a tiny data set.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ScratchFolder } from "./command-line.js";

let place: ScratchFolder;

const tinyConfig = `
name: tiny
data: { source: tiny.reatpack, subset: { profile: exponential, imbalance: 4 } }
model: { architecture: smallcnn }
method: { name: reat, attack: { steps: 1, stepSize: 8/255 } }
training: { epochs: 2, batchSize: 32, learningRate: 0.01, milestones: [1], evaluationAttack: pgd-2, logEvery: 1 }
evaluation: { attacks: [pgd-2] }
threads: 1
`;

beforeAll(() => {
  place = new ScratchFolder();
  writeFileSync(place.path("tiny.yaml"), tinyConfig);
});
afterAll(() => place.dispose());

const events = (run: string) =>
  readFileSync(place.path("runs", run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; epoch?: number });
const evaluations = (run: string, start: string) =>
  readdirSync(place.path("runs", run, "evaluations")).filter((name) => name.startsWith(start));
const weights = (run: string) => readFileSync(place.path("runs", run, "checkpoints", "last.safetensors"));

describe("reat train, eval, report", () => {
  it("trains, measures, reports", async () => {
    const { code, stdout, stderr } = await place.reat(["train", "tiny.yaml"]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    // One aligned line for each epoch where there is no screen.
    expect(stderr).toMatch(/^ +epoch +loss +adv\. train +clean +robust +lr +time$/m);
    expect(stderr).toMatch(/^ +1\/2 +\d+\.\d{4} +\d+\.\d % +\d+\.\d % +\d+\.\d % +0\.01 +.* s$/m);
    expect(stderr).toMatch(/^ +2\/2 .* 0\.001 +.* s$/m);
    expect(stderr).not.toContain("\r");
    expect(stdout).toMatch(/checkpoint +measured +all +head +body +tail +balanced/);
    expect(stdout).toMatch(/last \(epoch 2\) +pgd-2 +\d+\.\d/);
    expect(stdout).toContain("on 60 test images of synthetic, l∞ budget 8/255. These images are synthetic");
    for (const file of ["config.yaml", "environment.json", "report.html"]) {
      expect(existsSync(place.path("runs", "tiny", file)), file).toBe(true);
    }
    expect(evaluations("tiny", "last-pgd-2-linf-8of255")).toHaveLength(1);
    const config = parse(readFileSync(place.path("runs/tiny/config.yaml"), "utf8"));
    expect(config.method).toMatchObject({ loss: "bsl", attack: { epsilon: "8/255", stepSize: "8/255" } });
    const { data } = JSON.parse(readFileSync(place.path("runs/tiny/environment.json"), "utf8"));
    expect(data).toMatchObject({ name: "synthetic", synthetic: true });
    expect(data.trainCounts.slice(0, 2)).toEqual([24, 20]);
    expect(events("tiny").filter(({ type }) => type === "evaluation")).toHaveLength(2);
  });

  it("measures with other attacks and prints JSON", async () => {
    const args = [
      "eval",
      "runs/tiny",
      "--attack",
      "pgd-1,cw-1",
      "--images",
      "20",
      "--checkpoint",
      "last",
      "--json",
    ];
    const { code, stdout, stderr } = await place.reat(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const results = JSON.parse(stdout);
    expect(results.map((r: { attack: { name: string } }) => r.attack.name)).toEqual(["pgd-1", "cw-1"]);
    for (const { clean, robust, checkpoint, epoch } of results) {
      expect(clean.total).toBe(20);
      expect(clean.perClass.map(({ total }: { total: number }) => total)).toEqual(Array(10).fill(2));
      expect(robust.correct).toBeLessThanOrEqual(clean.correct);
      expect([checkpoint, epoch]).toEqual(["last", 2]);
    }
    expect(evaluations("tiny", "last-cw-1-linf-8of255")).toHaveLength(1);
  });

  it("writes one page about several runs", async () => {
    await place.reat([
      "train",
      "tiny.yaml",
      "--name",
      "other",
      "--set",
      "method.name=pgd-at",
      "--set",
      "training.epochs=1",
    ]);
    const { code, stdout } = await place.reat(["report", "runs/tiny", "runs/other", "-o", "both.html"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tiny +reat +synthetic \(synthetic\) +finished +2\/2/);
    expect(stdout).toMatch(/other +pgd-at +synthetic \(synthetic\) +finished +1\/1/);
    const page = readFileSync(place.path("both.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain("tiny");
    expect(page).toContain("other");
  });

  it("stops after the running batch on Ctrl-C, and continues to the same weights", async () => {
    const args = ["--set", "training.epochs=3", "--set", "training.milestones=[2]"];
    await place.reat(["train", "tiny.yaml", "--name", "whole", ...args]);
    let sent = false;
    const stopped = await place.reat(["train", "tiny.yaml", "--name", "cut", ...args], (text, child) => {
      if (!sent && /^ +1\/3 /m.test(text)) sent = child.kill("SIGINT");
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain("stopping after this batch…");
    expect(stopped.stderr).toMatch(/Continue with: reat train --resume .*runs\/cut/);
    expect(events("cut").at(-1)?.type).toBe("stopped");
    const resumed = await place.reat(["train", "--resume", "runs/cut"]);
    expect({ code: resumed.code, stderr: resumed.code === 0 ? "" : resumed.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    expect(
      events("cut")
        .filter(({ type }) => type === "epoch")
        .map(({ epoch }) => epoch),
    ).toEqual([1, 2, 3]);
    const model = (file: Buffer) => modelTensors(file);
    expect(model(weights("cut"))).toEqual(model(weights("whole")));
  });

  it("continues only what is the same, but for more epochs if wanted", async () => {
    const refused = await place.reat(["train", "--resume", "runs/other", "--set", "training.batchSize=8"]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("training.batchSize was 32 and is 8");
    expect(parse(readFileSync(place.path("runs/other/config.yaml"), "utf8")).training.batchSize).toBe(32);
    const longer = await place.reat(["train", "--resume", "runs/other", "--set", "training.epochs=2"]);
    expect(longer.code).toBe(0);
    expect(longer.stderr).toContain("continuing with epoch 2");
    expect(parse(readFileSync(place.path("runs/other/config.yaml"), "utf8")).training.epochs).toBe(2);
  });

  it("prints events as lines of JSON", async () => {
    const args = ["train", "tiny.yaml", "--name", "json", "--set", "training.epochs=1", "--json"];
    const { code, stdout } = await place.reat(args);
    expect(code).toBe(0);
    const types = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).type);
    expect(types[0]).toBe("start");
    expect(types).toContain("epoch");
    expect(types.at(-1)).toBe("end");
  });
});

it("reat quickstart compares both methods in a table and a page", async () => {
  const settings = [
    "data.source=tiny.reatpack",
    "data.subset={profile: exponential, imbalance: 4}",
    "model.architecture=smallcnn",
    "training.epochs=1",
    "training.milestones=[]",
    "training.evaluationImages=10",
    "evaluation.images=20",
  ];
  const { code, stdout, stderr } = await place.reat([
    "quickstart",
    ...["--threads", "1", "--runs", "quick"],
    ...settings.flatMap((setting) => ["--set", setting]),
  ]);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  for (const method of ["PGD-AT", "REAT"]) {
    expect(stdout).toMatch(new RegExp(`^${method} +last \\(epoch 1\\) +clean( +\\d+\\.\\d){5}$`, "m"));
    expect(stdout).toMatch(new RegExp(`^${method} +last \\(epoch 1\\) +pgd-20( +\\d+\\.\\d){5}$`, "m"));
  }
  expect(stdout).toContain("These images are synthetic, drawn by a program");
  const page = /^report: (.+quickstart\.html)/m.exec(stdout)?.[1];
  expect(page).toBe(place.path("quick", "quickstart.html"));
  expect(readFileSync(page!, "utf8")).toContain("quickstart-pgd-at");
});

/** The bytes of each tensor of the model, by name, read by the file format's own rules. */
function modelTensors(file: Buffer): Record<string, string> {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const tensors = Object.entries(header).filter(([name]) => name.startsWith("model."));
  expect(tensors.length).toBeGreaterThan(5);
  return Object.fromEntries(
    tensors.map(
      ([
        name,
        {
          data_offsets: [from, to],
        },
      ]) => [name, file.toString("base64", 8 + length + from, 8 + length + to)],
    ),
  );
}
