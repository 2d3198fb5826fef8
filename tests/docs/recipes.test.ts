// The ablation that docs/recipes.md describes: every command is one that the program takes, and wrong options are told.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import { loadConfig } from "../../src/experiments/index.js";
import { problemOf } from "./command-check.js";

function ablation(...words: string[]) {
  const script = join(packageRoot, "docs", "recipes", "ablation.mjs");
  return spawnSync(process.execPath, [script, ...words], { encoding: "utf8" });
}

it("prints commands that the program takes, with configurations that are possible", () => {
  const { stdout, status } = ablation("--data", "cifar-10-binary.tar.gz", "--epochs", "12", "--seeds", "7");
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  const commands = lines.flatMap((line) =>
    [...line.matchAll(/reat (?:train|eval|report) [^;]+/g)].map(([text]) => text),
  );
  expect(commands.length).toBeGreaterThan(30);
  // What is asked of the program differs in names alone but for the configurations, which are loaded below.
  const forms = new Map(
    commands.map((text) => [text.replace(/ (--set \S+|--name \S+|runs\/\S+)/g, ""), text]),
  );
  expect(forms.size).toBeGreaterThan(2);
  expect([...forms.values()].map((text) => problemOf(text)).filter(Boolean)).toEqual([]);
  const trainings = commands.filter((text) => text.includes("--name"));
  for (const text of trainings) {
    const sets = [...text.matchAll(/--set ('[^']*'|\S+)/g)].map(([, set = ""]) => set.replaceAll("'", ""));
    expect(() => loadConfig("cifar10-lt-ur50-laptop", sets), text).not.toThrow();
  }
  expect(new Set(trainings.map((text) => /--name (\S+)/.exec(text)![1])).size).toBe(trainings.length);
});

it("says which options are wrong", () => {
  expect(ablation("--seeds", "1,x")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--seeds is 1,x"),
  });
  expect(ablation("--epochs", "0")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--epochs is 0"),
  });
});
