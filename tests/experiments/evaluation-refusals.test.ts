// What an evaluation cannot do is said in one sentence, before any image is attacked; and which attacks a plan holds.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type EvaluateRunOptions,
  evaluateRun,
  groupBySeeds,
  parseConfig,
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
    [{ attacks: ["pdg-20"] }, "config", "attack must be pgd-<steps>"],
    [{ attacks: [] }, "usage", "No attack was named; one at least is needed, such as pgd-20."],
    [{ split: "validation" }, "data", '"synthetic" has no validation images to measure on.'],
    [{ images: 0 }, "data", "no test images to measure on: 0 were asked for, and one at least is needed."],
    [
      { overrides: ["evaluation.epsilon=3"] },
      "config",
      'evaluation.attacks[0] is "pgd-1", but PGD\'s epsilon for linf',
    ],
  ])("%j", async (options, code, message) => {
    const failed = evaluateRun(run, options);
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
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
