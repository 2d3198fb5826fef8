// `reat eval` on runs: attacks and budgets by flags, several runs, curves, going on after Ctrl-C, and what it refuses.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EvaluationResult } from "../../src/evaluation/index.js";
import { buildModel } from "../../src/nn/index.js";
import { Generator } from "../../src/tensor/index.js";
import { decodeSafetensors, encodeSafetensors, storeTensor } from "../../src/training/index.js";
import { ScratchFolder } from "./command-line.js";

let place: ScratchFolder;

const tinyConfig = `
data: { source: tiny.reatpack, subset: { profile: exponential, imbalance: 4, maxPerClass: 8 } }
model: { architecture: smallcnn }
method: { name: pgd-at, attack: { steps: 1 } }
training: { epochs: 1, batchSize: 16, milestones: [], evaluationAttack: pgd-1, evaluationImages: 10, select: last }
evaluation: { attacks: [pgd-1], images: 20, batchSize: 5 }
threads: 1
`;

beforeAll(async () => {
  place = new ScratchFolder();
  writeFileSync(place.path("tiny.yaml"), tinyConfig);
  for (const [name, seed] of [
    ["a", 1],
    ["b", 2],
  ] as const) {
    const { code, stderr } = await place.reat([
      ...["train", "tiny.yaml", "--name", name, "--set", `seeds.initialisation=${seed}`],
    ]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  }
}, 120_000);
afterAll(() => place.dispose());

const evaluate = (...args: string[]) => place.reat(["eval", ...args, "--checkpoint", "last"]);
const files = (run: string) =>
  readdirSync(place.path("runs", run, "evaluations")).map((name) => name.replace(/-[0-9a-f]{8}\.json$/, ""));

describe("reat eval", () => {
  it("takes attacks, norm and radius by flags, and keeps each budget's result", async () => {
    const { code, stdout, stderr } = await evaluate(
      ...["runs/a", "--attack", "pgd-2,apgd-ce,mim-2,fgsm", "--norm", "l2", "--eps", "0.5", "--images", "10"],
    );
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["pgd-2", "apgd-ce", "mim-2", "fgsm"]) {
      expect(stdout).toMatch(new RegExp(`^last \\(epoch 1\\) +${name} l2 ε=0\\.5( +[\\d.]+){5}$`, "m"));
      expect(files("a")).toContain(`last-${name}-l2-0.5`);
    }
    expect(stdout).toContain("on 10 test images of synthetic, l2 budget 0.5.");
    await evaluate("runs/a", "--attack", "pgd-2", "--eps", "4/255", "--restarts", "2", "--logit-scale", "10");
    const json = await evaluate(
      ...["runs/a", "--attack", "pgd-2", "--eps", "4/255", "--batch-size", "7", "--seed", "9", "--json"],
    );
    const [result] = JSON.parse(json.stdout) as EvaluationResult[];
    expect(result).toMatchObject({ batchSize: 7, seeds: { evaluation: 9 } });
    // The step keeps its proportion to the radius.
    expect(result!.attack.constants).toMatchObject({ epsilon: 4 / 255, stepSize: 1 / 255, restarts: 1 });
    expect(files("a").filter((name) => name === "last-pgd-2-linf-4of255")).toHaveLength(2);
  });

  it("runs AutoAttack, says what each attack left, and prints the hash of its constants beside the number", async () => {
    const args = ["runs/a", "--attack", "autoattack:apgd-ce+apgd-dlr", "--images", "10"];
    const { code, stdout, stderr } = await evaluate(
      ...[...args, "--save-adversarial", "images.safetensors", "--embedding", "2"],
    );
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const hash = /autoattack:apgd-ce\+apgd-dlr \[([0-9a-f]{12})\]( +[\d.]+){5}$/m.exec(stdout)?.[1];
    expect(hash).toBeDefined();
    expect(stdout).toMatch(/^ {2}after apgd-ce: [\d.]+ % stand \(\d+ of \d+ fell, /m);
    expect(stdout).toContain("verified: all images are in the ball and in [0, 1]");
    const bytes = readFileSync(place.path("images.safetensors"));
    const { tensors } = decodeSafetensors(bytes, "images");
    const label = `autoattack:apgd-ce+apgd-dlr [${hash}]`;
    expect(tensors.get(`adversarial.${label}`)!.shape).toEqual([10, 3, 32, 32]);
    expect(tensors.get(`features.${label}`)!.shape[0]).toBe(10);
    expect(tensors.get(`embedding.${label}`)!.shape).toEqual([10, 2]);
    const [result] = JSON.parse((await evaluate(...args, "--json")).stdout) as EvaluationResult[];
    expect(result!.ensemble).toMatchObject({ version: "custom", verification: { agrees: true } });
    expect(result!.ensemble!.constantsHash.slice(0, 12)).toBe(hash);
    const page = readFileSync(place.path("runs/a/report.html"), "utf8");
    expect(page).toContain(hash);
  });

  it("measures several runs, and groups those that differ in seeds", async () => {
    const args = ["runs/a", "runs/b", "--attack", "pgd-1", "--images", "20"];
    const { stdout } = await evaluate(...args);
    expect(stdout).toMatch(/^a +last \(epoch 1\) +pgd-1( +[\d.]+){5}$/m);
    expect(stdout).toMatch(/^b +last \(epoch 1\) +pgd-1( +[\d.]+){5}$/m);
    expect(stdout).toMatch(/^a and 1 more +2 +last +pgd-1( +[\d.]+ ± [\d.]+){5}$/m);
    const { results, groups } = JSON.parse((await evaluate(...args, "--json")).stdout);
    const [first, second] = (results as EvaluationResult[]).map(({ robust }) => robust.accuracy);
    const row = groups[0].rows.find(({ measured }: { measured: string }) => measured === "pgd-1");
    expect(groups[0]).toMatchObject({ runs: ["a", "b"] });
    expect(row.figures.all.mean).toBeCloseTo((first! + second!) / 2, 12);
    expect(row.figures.all.standardError).toBeCloseTo(Math.abs(first! - second!) / 2, 12);
  });

  it("measures curves, whose points are ordinary results", async () => {
    const args = ["runs/b", "--steps", "1,2,3", "--eps-sweep", "0,2/255,8/255", "--attack", "pgd-2"];
    const { code, stdout } = await evaluate(...args, "--images", "10");
    expect(code).toBe(0);
    for (const label of ["pgd-1", "pgd-2", "pgd-3", "pgd-2 ε=0", "pgd-2 ε=2/255"]) {
      expect(stdout).toMatch(new RegExp(`^last \\(epoch 1\\) +${label}( +[\\d.]+){5}$`, "m"));
    }
    // The sweep's point at 8/255 is the curve's of two steps: once.
    expect(stdout.match(/ pgd-2 {2,}/g)).toHaveLength(1);
    const clean = /^last \(epoch 1\) +clean +([\d.]+)/m.exec(stdout)?.[1];
    expect(/^last \(epoch 1\) +pgd-2 ε=0 +([\d.]+)/m.exec(stdout)?.[1]).toBe(clean);
    const page = readFileSync(place.path("runs/b/report.html"), "utf8");
    expect(page).toContain("Robust accuracy against the number of steps");
    expect(page).toContain("Robust accuracy against ε");
  });

  it("says on Ctrl-C how to go on", async () => {
    const args = ["eval", "runs/a", "--attack", "square", "--checkpoint", "last", "--batch-size", "2"];
    let sent = false;
    const stopped = await place.reat(
      args,
      () => {},
      (child) => {
        const partial = () =>
          readdirSync(place.path("runs/a/evaluations")).some((name) => /square.*\.partial$/.test(name));
        const timer = setInterval(() => {
          if (!sent && partial()) sent = child.kill("SIGINT");
          if (sent) clearInterval(timer);
        }, 10);
      },
    );
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain("stopping after this batch; what is measured is kept…");
    expect(stopped.stderr).toContain(`repeats nothing that is finished:\n  reat ${args.join(" ")}`);
  });
});

describe("bad input ends with one clear sentence", () => {
  it.each([
    [["--eps", "2"], 2, "PGD's epsilon for linf must be from 0 to 1 (8/255 is 8 of 255 grey levels), got 2"],
    [["--eps", "-1/255"], 2, "It takes a number of at least 0, or a fraction such as 8/255."],
    [["--attack", "pgd-2", "--norm", "l1"], 2, 'norm of attack pgd-2 must be linf or l2, got "l1"'],
    [["--norm", "l7"], 2, "Allowed choices are linf, l2, l1."],
    [["--images", "0"], 2, "It takes a whole number of at least 1."],
    [["--preset", "torchattacks-3.5", "--attack", "pgd-2"], 2, "--preset torchattacks-3.5 is for autoattack"],
    [["--embedding"], 2, "--embedding needs --save-adversarial, the file that it is written to."],
    [
      ["--save-adversarial", "few.safetensors", "--embedding", "20", "--images", "20"],
      2,
      "The perplexity is 20; with 20 points it is at least 1 and below 20. --images chooses how many.",
    ],
    [["--eps-sweep", "0,many"], 2, "It takes a number of at least 0, or a fraction such as 8/255."],
    [
      ["--set", "model.architecture=small-resnet"],
      1,
      "is of a smallcnn with 10 classes; a small-resnet with 10 classes is needed.",
    ],
  ])("%j", async (args, code, message) => {
    const ended = await place.call(["eval", "runs/a", ...args, "--checkpoint", "last"]);
    expect(ended.stderr).toContain(message);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
    expect(ended.stderr.match(/^reat: /gm)).toHaveLength(1);
    expect(ended.stderr).not.toMatch(/^ +at /m);
  });

  it("weights whose logits are infinite", async () => {
    const model = buildModel("smallcnn", { classes: 10, generator: new Generator(1) });
    const tensors = new Map(
      [...model.stateDict()].map(([name, t]) => [name, storeTensor(t.mul(1e30))] as const),
    );
    writeFileSync(
      place.path("huge.safetensors"),
      Buffer.concat(encodeSafetensors({ tensors, metadata: {} })),
    );
    const ended = await place.call([
      ...[
        "eval",
        "huge.safetensors",
        "--architecture",
        "smallcnn",
        "--data",
        "tiny.reatpack",
        "--threads",
        "1",
      ],
    ]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/reat: The model gave \d+ logits that are NaN or infinite \(clean\)/);
  });
});
