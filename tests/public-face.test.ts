// What the package offers by name: a short list at its root, the rest by floor, every name documented.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../scripts/places.mjs";

const source = (path: string) => readFileSync(join(packageRoot, "src", path), "utf8");
const { exports: subpaths } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
  exports: Record<string, { types: string; default: string }>;
};
const floors = Object.keys(subpaths)
  .filter((path) => path.startsWith("./") && !path.endsWith(".json"))
  .map((path) => path.slice(2));

interface ExportedName {
  readonly name: string;
  /** What it is called where it is declared. */
  readonly declared: string;
}

/** The names that a face lists. */
function exportedNames(face: string): ExportedName[] {
  return [...source(face).matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, list = ""]) => list.split(","))
    .map((entry) => entry.trim().replace(/^type /, ""))
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [declared = "", name = declared] = entry.split(" as ");
      return { name, declared };
    });
}

/** Adding a name here is a decision: it is what everybody meets first. */
const root = `
  AccuracyReport Attack AttackObjective Classifier Device ErrorCode EvaluateRunOptions EvaluateRunOutcome ExperimentConfig
  ExperimentOptions ExperimentOutcome Generator ImageClassifier ImageDataset Method ReatError RunEvent RunFolder SGD Tensor
  auditModel autoAttack buildModel configToYaml createMethod defineAttack defineMethod drawSubset evaluate evaluateRun
  evaluateWeights evaluationAttack evaluationBatches exportClassifier formatFraction grad loadClassifier loadConfig loadData
  loadWeightsFile methodNames methodOptions modelNames namedAttack noGrad operator parseConfig parseFraction pgd predict
  prepareDataset presetNames rand randn readRun recognitionLoss renderReport resumeExperiment runExperiment scope setThreads
  stepSchedule tailRegulariser tensor train trainingBatches writeReport zeros
`;

describe("the package's face", () => {
  it("has these names at its root and no others", () => {
    const names = exportedNames("index.ts").map(({ name }) => name);
    expect(names.sort()).toEqual(root.trim().split(/\s+/).sort());
    expect(source("index.ts")).not.toContain("export *");
  });

  it("offers every floor of the library by a subpath", () => {
    const inner = ["archives", "cli", "doctor", "pickle", "server"];
    const folders = readdirSync(join(packageRoot, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !inner.includes(entry.name))
      .map((entry) => entry.name);
    expect(floors.sort()).toEqual(folders.sort());
    for (const floor of floors) {
      expect(subpaths[`./${floor}`]).toEqual({
        types: `./dist/${floor}/index.d.ts`,
        default: `./dist/${floor}/index.js`,
      });
      expect(existsSync(join(packageRoot, "src", floor, "index.ts")), floor).toBe(true);
    }
  });

  it("has no name for two things", () => {
    const homes = new Map<string, string[]>();
    for (const floor of floors) {
      for (const { name } of exportedNames(`${floor}/index.ts`)) {
        homes.set(name, [...(homes.get(name) ?? []), floor]);
      }
    }
    expect([...homes].filter(([, at]) => at.length > 1)).toEqual([]);
  });

  it("says of every name what it is", () => {
    const comment = /\/\*\*(?:[^*]|\*(?!\/))*\w(?:[^*]|\*(?!\/))*\*\/\n/.source;
    const declaration = /export (?:async |abstract )?(?:function\*?|const|class|interface|type) (\w+)/.source;
    const silent = floors.flatMap((floor) => {
      const texts = readdirSync(join(packageRoot, "src", floor), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts"))
        .map((path) => source(join(floor, path)));
      const told = new Set(
        texts.flatMap((text) =>
          [...text.matchAll(new RegExp(`${comment}${declaration}`, "g"))].map(([, name]) => name),
        ),
      );
      return exportedNames(`${floor}/index.ts`)
        .filter(({ declared }) => !told.has(declared))
        .map(({ name }) => `${floor}: ${name}`);
    });
    expect(silent).toEqual([]);
  });
});
