// `reat audit` from the command line: the table, the files, JSON, wrong usage.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildModel } from "../../src/nn/index.js";
import { Generator } from "../../src/tensor/index.js";
import { encodeSafetensors, storeTensor } from "../../src/training/index.js";
import { ScratchFolder } from "./command-line.js";

let place: ScratchFolder;
beforeAll(async () => {
  place = new ScratchFolder();
  writeFileSync(
    place.path("tiny.yaml"),
    `name: tiny
data: { source: tiny.reatpack, subset: { profile: natural } }
model: { architecture: smallcnn }
method: { name: pgd-at, attack: { steps: 1 } }
training: { epochs: 1, batchSize: 60, learningRate: 0.01, milestones: [], evaluationAttack: pgd-1, evaluationImages: 10 }
evaluation: { attacks: [pgd-1], images: 10 }
threads: 1
`,
  );
  const trained = await place.reat(["train", "tiny.yaml"]);
  expect(trained.code, trained.stderr).toBe(0);
  const model = buildModel("smallcnn", { classes: 10, generator: new Generator(1) });
  const tensors = new Map([...model.stateDict()].map(([name, value]) => [name, storeTensor(value)]));
  writeFileSync(place.path("cnn.safetensors"), Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
}, 120_000);
afterAll(() => place.dispose());

const few = ["--images", "10", "--check", "zero-gradients,single-step,transfer"];

describe("reat audit", () => {
  it("of a run prints a row for each check and writes page and record into the run", async () => {
    const { code, stdout, stderr } = await place.reat(["audit", "runs/tiny", ...few]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("tiny, best checkpoint: ");
    expect(stdout).toContain("on 10 test images of synthetic (synthetic, drawn by a program");
    expect(stdout).toMatch(/^[✓✗–] +zero-gradients +(pass|fail) +gradients are not zero$/m);
    expect(stdout).toMatch(/^– +transfer +inconclusive +examples made on another model are weaker$/m);
    expect(stdout).toMatch(/^verdict: (pass|fail|inconclusive)\. /m);
    expect(stderr).toMatch(/report: .*runs\/tiny\/audits\/best\.html/);
    const record = JSON.parse(readFileSync(place.path("runs/tiny/audits/best.json"), "utf8"));
    expect(record).toMatchObject({ images: 10, synthetic: true, budget: { norm: "linf" }, surrogate: null });
    const page = readFileSync(place.path("runs/tiny/audits/best.html"), "utf8");
    expect(page).toContain(`<h1>Audit of tiny, best checkpoint: ${record.verdict}</h1>`);
    expect(page).not.toContain("<script");
  });

  it("transfers from another checkpoint, and prints JSON", async () => {
    const args = ["audit", "runs/tiny", "--checkpoint", "last", "--surrogate", "runs/tiny", "--json"];
    const { code, stdout, stderr } = await place.reat([...args, "--images", "10", "--check", "transfer"]);
    expect(code, stderr).toBe(0);
    const { rows, surrogate } = JSON.parse(stdout);
    expect(surrogate).toBe("tiny, best checkpoint");
    // The same weights on both sides: the transferred attack is the attack itself.
    expect(rows[0].measured).toMatchObject({ gain: 0, standardError: 0 });
  });

  it("of weights from elsewhere writes where it is told to", async () => {
    const args = [
      "audit",
      "cnn.safetensors",
      "--architecture",
      "smallcnn",
      "--data",
      "tiny.reatpack",
      "--threads",
      "1",
    ];
    const { code, stderr } = await place.reat([
      ...args,
      ...few.slice(0, 3),
      "loss-surface",
      "-o",
      "cnn.html",
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^The names of the classes are not known for cnn\.safetensors: [^\n]+\nreport: cnn\.html\n$/,
    );
    const page = readFileSync(place.path("cnn.html"), "utf8");
    expect(page.match(/<svg class="chart"/g)).toHaveLength(4);
    expect(existsSync(place.path("cnn.json"))).toBe(true);
  });

  it.each([
    [
      ["audit", "runs/tiny", "--check", "magic"],
      2,
      'There is no check "magic"; accepted are zero-gradients, loss-surface,',
    ],
    [
      ["audit", "runs/tiny", "--check", "transfer", "--queries", "9"],
      2,
      "--queries is for the check black-box",
    ],
    [["audit", "nowhere"], 2, "There is no run or checkpoint nowhere"],
    [["audit", "runs/tiny", "-o", "page.pdf"], 2, "It takes a file that ends in .html."],
  ])("%j ends with %i", async (args, code, message) => {
    const ended = await place.call(args);
    expect(ended.stderr).toContain(message);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
  });
});
