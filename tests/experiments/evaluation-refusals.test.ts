// What an evaluation cannot do is said in one sentence, before data is read where data cannot matter; and which attacks a plan holds.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type EvaluateRunOptions,
  evaluateRun,
  groupBySeeds,
  parseConfig,
  runExperiment,
} from "../../src/experiments/index.js";
import { planAttacks } from "../../src/experiments/measuring/evaluation-plan.js";
import { TinyExperiments } from "./tiny-experiment.js";

let place: TinyExperiments;
let run: string;
beforeAll(async () => {
  place = new TinyExperiments();
  run = await place.train("tiny");
}, 60_000);
afterAll(() => place.dispose());

describe("an evaluation refuses", () => {
  // Data that is not there would be the error, were it looked for first.
  const noData = "data.source=/no/such/data";
  it.each<[EvaluateRunOptions, string, string]>([
    [
      { attacks: ["square"], budget: { epsilon: 1.5 } },
      "config",
      "epsilon of attack square for norm linf must be",
    ],
    [{ attacks: ["pgd-2"], budget: { epsilon: -0.1 } }, "config", "epsilon for linf must be from 0 to 1"],
    [
      { attacks: ["pgd-2"], budget: { norm: "l1" } },
      "config",
      'norm of attack pgd-2 must be linf or l2, got "l1"',
    ],
    [{ attacks: ["cw-l2"] }, "config", 'norm of attack cw-l2 must be l2, got "linf"'],
    [{ attacks: ["pdg-20"] }, "config", "The attack must be pgd-<steps>"],
    [
      { attacks: ["apgd-ce"], budget: { stepSize: 0.01 } },
      "usage",
      "--step-size is taken by none of the attacks (apgd-ce); step sizes are chosen for pgd-<steps>, cw-<steps>, mim-<steps>.",
    ],
    [{ attacks: ["autoattack", "fgsm"], budget: { restarts: 5 } }, "usage", "--restarts is taken by none of"],
    [{ attacks: ["autoattack"], budget: { logitScale: 10 } }, "usage", "--logit-scale is taken by none of"],
    [{ attacks: [] }, "usage", "No attack was named; one at least is needed, such as pgd-20."],
    [
      { overrides: ["evaluation.epsilon=3"] },
      "config",
      'evaluation.attacks[0] is "pgd-1", but PGD\'s epsilon for linf',
    ],
  ])("%j before it looks for data", async (options, code, message) => {
    const failed = evaluateRun(run, { ...options, overrides: [noData, ...(options.overrides ?? [])] });
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("what the data lacks, and data that is not there", async () => {
    const refusal = (options: EvaluateRunOptions) =>
      evaluateRun(run, options).catch((error: Error) => error.message);
    expect(await refusal({ overrides: [noData] })).toContain("/no/such/data");
    expect(await refusal({ split: "validation" })).toContain(
      '"synthetic" has no validation images to measure on.',
    );
    expect(await refusal({ images: 0 })).toContain(
      "no test images to measure on: 0 were asked for, and one at least is needed.",
    );
  });
});

describe("a plan", () => {
  const config = parseConfig({ evaluation: { epsilon: "4/255", stepSize: "1/255" } });
  const constants = (...args: Parameters<typeof planAttacks>) =>
    planAttacks(...args).map(({ spec }) => [
      spec.name,
      spec.constants.norm,
      spec.constants.epsilon,
      spec.constants.stepSize,
    ]);

  it("holds the configured budget, and each attack once", () => {
    expect(constants(config, ["pgd-2", "cw-3", "pgd-2"])).toEqual([
      ["pgd-2", "linf", 4 / 255, 1 / 255],
      ["cw-3", "linf", 4 / 255, 1 / 255],
    ]);
  });

  it("keeps the step's proportion where the radius is another, and takes the norm's own where the norm is", () => {
    expect(constants(config, ["pgd-2"], { epsilon: 8 / 255 })).toEqual([["pgd-2", "linf", 8 / 255, 2 / 255]]);
    expect(constants(config, ["pgd-2"], { norm: "l2" })).toEqual([["pgd-2", "l2", 1, 0.2]]);
    expect(constants(config, ["pgd-2"], { epsilon: 8 / 255, stepSize: 0.1 })).toEqual([
      ["pgd-2", "linf", 8 / 255, 0.1],
    ]);
  });

  it("has the points of a sweep, of which one may be an ordinary result", () => {
    const sweep = [0, 2 / 255, 4 / 255].map((epsilon) => ({ name: "pgd-2", epsilon }));
    expect(constants(config, ["pgd-2", ...sweep])).toEqual([
      ["pgd-2", "linf", 4 / 255, 1 / 255],
      ["pgd-2", "linf", 0, 1 / 255],
      ["pgd-2", "linf", 2 / 255, 0.5 / 255],
    ]);
  });
});

describe("fewer classes than an attack needs", () => {
  const three = (more: object) =>
    parseConfig({
      ...{ name: "three", data: { source: place.dataOf(3), subset: { profile: "natural" } } },
      ...{ model: { architecture: "smallcnn" }, method: { name: "plain" }, threads: 1 },
      ...more,
    });
  const runsFolder = () => join(place.folder, "three");

  it.each<[object, string]>([
    [{ evaluation: { attacks: ["autoattack"] } }, "The attack autoattack needs 4 classes for apgd-t, and"],
    [{ training: { evaluationAttack: "apgd-t" } }, "The attack apgd-t needs 4 classes"],
  ])("are refused before a run is begun: %j", async (more, message) => {
    const begun = runExperiment(three(more), { runsFolder: runsFolder() });
    await expect(begun).rejects.toMatchObject({ code: "config", message: expect.stringContaining(message) });
    expect(existsSync(runsFolder())).toBe(false);
  });

  it("and images of a size that the network does not take", async () => {
    const small = { data: { source: place.dataOf(3, 16), subset: { profile: "natural" } } };
    const begun = runExperiment(three(small), { runsFolder: runsFolder() });
    await expect(begun).rejects.toThrow("smallcnn takes images of 32×32 pixels, got 16×16");
    expect(existsSync(runsFolder())).toBe(false);
  });
});

it("options that some of the attacks have are told", async () => {
  const { notes, results } = await evaluateRun(run, {
    ...{ attacks: ["pgd-1", "fgsm"], budget: { stepSize: 1 / 255 }, checkpoints: ["last"] },
  });
  expect(notes).toEqual(["--step-size holds for the other attacks: fgsm has no step sizes."]);
  expect(results.map(({ attack }) => attack.constants.stepSize)).toEqual([1 / 255, undefined]);
});

it("at radius 0 every attack, AutoAttack too, is the clean accuracy", async () => {
  const attacks = ["pgd-2", "square", "autoattack"].map((name) => ({ name, epsilon: 0 }));
  const { results } = await evaluateRun(run, { attacks, checkpoints: ["last"] });
  expect(results.map(({ attack }) => attack.name)).toEqual(["pgd-2", "square", "autoattack"]);
  for (const { clean, robust, attack } of results) {
    expect(robust).toEqual(clean);
    expect(attack.constants.epsilon).toBe(0);
  }
});

it("a step size that no attack of a configuration takes is refused", () => {
  const evaluation = { attacks: ["autoattack"], stepSize: "2/255" };
  expect(() => parseConfig({ evaluation, training: { evaluationAttack: "fgsm" } })).toThrow(
    /evaluation\.stepSize is .*, but none of autoattack, fgsm takes a step size; accepted with it: pgd-<steps>/,
  );
  expect(parseConfig({ evaluation }).evaluation.stepSize).toBe(2 / 255);
});

it("a configuration that lists an attack without its norm is refused before training", () => {
  expect(() => parseConfig({ evaluation: { attacks: ["cw-l2"] } })).toThrow(
    'evaluation.attacks[0] is "cw-l2", but norm of attack cw-l2 must be l2, got "linf".',
  );
  expect(parseConfig({ evaluation: { attacks: ["autoattack", "square"] } }).evaluation.attacks).toEqual([
    "autoattack",
    "square",
  ]);
});

it("runs of other configurations are no seeds of each other", () => {
  const measured = (name: string, raw: object) => ({ run: { name }, config: parseConfig(raw), results: [] });
  const groups = groupBySeeds([
    measured("a", { name: "a", seeds: { order: 1 } }),
    measured("b", { name: "b", training: { epochs: 3, milestones: [] } }),
    measured("c", { name: "c", seeds: { order: 5 }, threads: 1 }),
  ]);
  expect(groups.map(({ runs }) => runs)).toEqual([["a", "c"]]);
});
