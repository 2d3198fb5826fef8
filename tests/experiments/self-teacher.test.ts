// A student of another run: what it learns from, what it refuses, and that it goes on from another folder.
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { parseConfig, resumeExperiment, runExperiment } from "../../src/experiments/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

const tiny = new TinyExperiments();
afterAll(() => tiny.dispose());

it("learns from a run's predictions, keeps to its weights, and refuses a teacher of other classes", async () => {
  const teacher = await tiny.train("teacher");
  const configured = (name: string, run: string, more: object = {}) =>
    parseConfig({
      name,
      data: { source: tiny.data, subset: { profile: "exponential", imbalance: 2 }, ...more },
      model: { architecture: "smallcnn" },
      method: { name: "pgd-at", attack: { steps: 1 }, selfTeacher: { run } },
      training: {
        ...{ epochs: 2, batchSize: 8, learningRate: 1e-4, milestones: [], select: "last" },
        ...{ evaluationAttack: "pgd-1", evaluationImages: 10, evaluateEvery: 2 },
      },
      ...{ evaluation: { attacks: ["pgd-1"], images: 10 }, threads: 1 },
    });
  const runsFolder = join(tiny.folder, "runs");
  const terms: number[] = [];
  const controller = new AbortController();
  const { run } = await runExperiment(configured("student", teacher), {
    runsFolder,
    signal: controller.signal,
    reporter: (event) => {
      if (event.type !== "epoch") return;
      terms.push(event.terms.selfTeacher!);
      controller.abort(new Error("Ctrl-C"));
    },
  });
  expect(terms[0]).toBeGreaterThan(0);

  // The teacher may move, but not change.
  const moved = join(runsFolder, "moved");
  renameSync(teacher, moved);
  await expect(resumeExperiment(run.path)).rejects.toThrow("There is no run or checkpoint");
  const other = await tiny.train("another", { initialisation: 5 });
  await expect(resumeExperiment(run.path, [`method.selfTeacher.run=${other}`])).rejects.toThrow(
    "method.selfTeacher.run was",
  );
  const { stopped } = await resumeExperiment(run.path, [`method.selfTeacher.run=${moved}`]);
  expect(stopped).toBe(false);

  // Refused before any work: no folder is made.
  const names = join(moved, "environment.json");
  const environment = JSON.parse(
    await import("node:fs").then(({ readFileSync }) => readFileSync(names, "utf8")),
  );
  environment.data.classNames = environment.data.classNames.toReversed();
  writeFileSync(names, JSON.stringify(environment));
  await expect(runExperiment(configured("refused", moved), { runsFolder })).rejects.toThrow(/class/);
  await expect(
    runExperiment(configured("refused", join(tiny.folder, "none")), { runsFolder }),
  ).rejects.toThrow("There is no run or checkpoint");
  expect(existsSync(join(runsFolder, "refused"))).toBe(false);
});
