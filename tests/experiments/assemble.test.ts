// What a configuration puts together: the network with its normalisation, the averaged weights, through a whole run.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { assembleLearner, assembleModel, assembleNetwork } from "../../src/experiments/assemble.js";
import { parseConfig } from "../../src/experiments/config/config.js";
import { loadData } from "../../src/experiments/data.js";
import { runExperiment } from "../../src/experiments/index.js";
import { decidingSettings } from "../../src/experiments/run-record.js";
import { Generator, noGrad, rand, scope, setThreads, tensor } from "../../src/tensor/index.js";

setThreads(1);
const root = mkdtempSync(join(tmpdir(), "reat-assemble-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const tiny = {
  data: { subset: { imbalance: 2, maxPerClass: 12 } },
  model: { architecture: "smallcnn", normalise: { mean: [0.5, 0.4, 0.3], std: [0.5, 0.25, 0.2] } },
  method: { name: "pgd-at", attack: { steps: 1 } },
  training: {
    epochs: 2,
    batchSize: 32,
    milestones: [],
    evaluationAttack: "pgd-1",
    evaluationImages: 20,
    weightAverage: { decay: 0.5 },
  },
  evaluation: { attacks: ["pgd-1"], images: 20 },
};

it("normalises images inside the network, from the same initial weights", async () => {
  const config = parseConfig(tiny);
  const data = await loadData(config);
  const [model, network] = [assembleModel(config, data, "cpu"), assembleNetwork(config, data, "cpu")];
  for (const module of [model, network]) module.setMode("eval");
  expect([...model.stateDict().keys()].slice(0, 2)).toEqual(["mean", "deviation"]);
  scope(() => {
    const images = rand([2, 3, 32, 32], new Generator(1));
    const by = (values: number[]) => tensor(values, { shape: [1, 3, 1, 1] });
    const normalised = images.sub(by([0.5, 0.4, 0.3])).div(by([0.5, 0.25, 0.2]));
    expect(model.logits(images).toArray()).toEqual(network.logits(normalised).toArray());
  });
  for (const module of [model, network]) module.dispose();
});

it("knows the statistics of data sets by name", async () => {
  const config = parseConfig({ ...tiny, model: { ...tiny.model, normalise: "cifar10" } });
  const model = assembleModel(config, await loadData(config), "cpu");
  expect(model.stateDict().get("mean")!.toArray()[0]).toBeCloseTo(0.4914, 6);
  model.dispose();
});

it("draws stochastic depth from the attack's stream, in training alone", async () => {
  const model = { ...tiny.model, architecture: "vit-s16", dropPath: 0.5 };
  const config = parseConfig({ ...tiny, model });
  const data = await loadData(config);
  using learner = assembleLearner(config, data, "cpu");
  const images = rand([2, 3, 32, 32], new Generator(1));
  const begin = learner.attackGenerator.state();
  const logits = (mode: "train" | "eval") =>
    scope(() => noGrad(() => learner.model.withMode(mode, () => learner.model.logits(images).toArray())));
  expect(logits("eval")).toEqual(logits("eval"));
  expect(learner.attackGenerator.state()).toEqual(begin);
  const first = logits("train");
  expect(logits("train")).not.toEqual(first);
  learner.attackGenerator.restore(begin);
  expect(logits("train")).toEqual(first);
  images.dispose();
  const settings = decidingSettings(config, data) as { model: object };
  expect(settings.model).toMatchObject({ dropPath: 0.5 });
  // A run from before the key existed goes on.
  expect((decidingSettings(parseConfig(tiny), data) as { model: object }).model).not.toHaveProperty(
    "dropPath",
  );
});

it("trains, averages, measures the average, and says so in the results", async () => {
  const config = parseConfig({ ...tiny, name: "averaged" });
  const { results, run } = await runExperiment(config, { runsFolder: root });
  expect(results.map(({ checkpoint, weights }) => [checkpoint, weights])).toEqual([
    ["last", "averaged"],
    ["best", "averaged"],
  ]);
  for (const file of readdirSync(run.evaluationsFolder)) {
    expect(JSON.parse(readFileSync(join(run.evaluationsFolder, file), "utf8"))).toMatchObject({
      weights: "averaged",
    });
  }
  expect(readFileSync(run.configFile, "utf8")).toContain("decay: 0.5");
});
