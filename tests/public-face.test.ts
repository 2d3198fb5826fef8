// What the package offers by name: a short list at its root, the rest by floor, every name documented.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../scripts/places.mjs";
import { publicMethods, publicTensors } from "./public-members.js";

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

interface DocumentedFunction {
  readonly floor: string;
  readonly name: string;
  readonly comment: string;
  readonly body: string;
}

/** The exported functions of a floor that have a comment. */
function documentedFunctions(floor: string): DocumentedFunction[] {
  const parameters = /\((?:[^()]|\([^()]*\))*\)/.source;
  const pattern = `(/\\*\\*(?:[^*]|\\*(?!/))*\\*/)\nexport (?:async )?function\\*? (\\w+)[^({]*${parameters}`;
  return readdirSync(join(packageRoot, "src", floor), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const text = source(join(floor, path));
      return [...text.matchAll(new RegExp(pattern, "g"))].map((found) => {
        const [all, comment = "", name = ""] = found;
        const start = found.index + all.length;
        return { floor, name, comment, body: text.slice(start, text.indexOf("\n}\n", start)) };
      });
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

  const functions = floors.flatMap((floor) => {
    const names = new Set(exportedNames(`${floor}/index.ts`).map(({ declared }) => declared));
    return documentedFunctions(floor).filter(({ name }) => names.has(name));
  });

  it("says of every function that throws what it throws", () => {
    expect(functions.length).toBeGreaterThan(200);
    const silent = functions.filter(
      ({ comment, body }) => /\bthrow new /.test(body) && !/throws/i.test(comment),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it("says of every method and constructor that throws what it throws", () => {
    const methods = floors.flatMap((floor) =>
      publicMethods(floor, new Set(exportedNames(`${floor}/index.ts`).map((one) => one.declared))),
    );
    expect(methods.length).toBeGreaterThan(60);
    const silent = methods.filter(
      ({ comment, body }) => /\bthrow new /.test(body) && !/throws/i.test(comment),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it("says of everything that takes or gives tensors what shape they have", () => {
    // The floor of tensors has operators for tensors of any shape.
    const withTensors = floors
      .filter((floor) => floor !== "tensor")
      .flatMap((floor) =>
        publicTensors(floor, new Set(exportedNames(`${floor}/index.ts`).map((one) => one.declared))),
      );
    expect(withTensors.length).toBeGreaterThan(60);
    const silent = withTensors.filter(({ comment }) => !/\[[^\]]*[a-zA-Z][^\]]*\]|\[\]|shape/.test(comment));
    expect(silent.map(({ floor, name }) => `${floor}: ${name}`)).toEqual([]);
  });
});
