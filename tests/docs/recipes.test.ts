// The ablation that docs/recipes.md describes: every command is one that the program takes, wrong options are told, and its figures are the records'.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../../scripts/places.mjs";
import { loadConfig } from "../../src/experiments/index.js";
import { problemOf } from "./command-check.js";

function ablation(...words: string[]) {
  const script = join(packageRoot, "docs", "recipes", "ablation.mjs");
  return spawnSync(process.execPath, [script, ...words], { encoding: "utf8" });
}

it("prints commands that the program takes, with configurations that are possible", () => {
  const { stdout, status } = ablation(
    "--data",
    "cifar-10-binary.tar.gz",
    "--epochs",
    "12",
    "--seeds",
    "7",
    "--threads",
    "1",
  );
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  const commands = lines.flatMap((line) =>
    [...line.matchAll(/reat (?:--threads 1 )?(?:train|eval) [^;&]+/g)].map(([text]) => text),
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
  expect(ablation("--arms", "base,bose")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--arms has bose"),
  });
});

describe("the ablation's records", () => {
  const recipes = join(packageRoot, "docs", "recipes");
  const runs = join(recipes, "runs");
  const names = readdirSync(runs).sort();
  const armOf = (name: string) => name.replace(/-\d+$/, "");
  const read = (...path: string[]) => readFileSync(join(runs, ...path), "utf8");

  /** Right answers on the page's images, by class, as the two evaluations have them. */
  interface Counts {
    readonly perClass: readonly { readonly total: number; readonly correct: number }[];
  }
  interface Stored {
    readonly attack: { readonly name: string };
    readonly content: { readonly images: string };
    readonly clean: Counts;
    readonly robust: Counts;
    readonly ensemble?: { readonly robust: string; readonly warnings: readonly string[] };
  }
  const evaluationsOf = (name: string) =>
    readdirSync(join(runs, name, "evaluations")).map(
      (file) => JSON.parse(read(name, "evaluations", file)) as Stored,
    );
  const under = (name: string, attack: string) =>
    evaluationsOf(name).find((stored) => stored.attack.name === attack)!;

  it("are of three seeds an arm, each trained as the printed commands say", () => {
    const arms = [...new Set(names.map(armOf))];
    expect(arms).toContain("base");
    expect(names).toEqual(arms.flatMap((arm) => ["1", "2", "3"].map((seed) => `${arm}-${seed}`)).sort());
    const { stdout } = ablation("--epochs", "4", "--threads", "1", "--arms", arms.join(","));
    for (const line of stdout.trimEnd().split("\n")) {
      const [, name = ""] = /--name (\S+)/.exec(line)!;
      const sets = [...line.matchAll(/--set ('[^']*'|\S+)/g)].map(([, set = ""]) => set.replaceAll("'", ""));
      const { data, threads: _, ...asked } = loadConfig("cifar10-lt-ur50-laptop", [...sets, `name=${name}`]);
      const { data: measured, threads: __, ...recorded } = loadConfig(join(runs, name, "config.yaml"));
      expect(recorded, name).toEqual(asked);
      expect({ ...measured, source: data.source }, name).toEqual(data);
      expect(parse(read(name, "config.yaml"))).toMatchObject({
        data: { source: "cifar-10.tar.gz" },
        threads: 1,
      });
    }
  });

  it("measure all on the same images, and AutoAttack's count is that of its images", () => {
    for (const attack of ["pgd-20", "autoattack"]) {
      expect(new Set(names.map((name) => under(name, attack).content.images)).size).toBe(1);
    }
    for (const name of names) {
      const { ensemble, robust } = under(name, "autoattack");
      const standing = [...ensemble!.robust].filter((flag) => flag === "1").length;
      expect(
        robust.perClass.reduce((sum, { correct }) => sum + correct, 0),
        name,
      ).toBe(standing);
      expect(ensemble!.robust).toHaveLength(500);
      expect(ensemble!.warnings).toEqual([]);
    }
  });

  it("are what the page and its picture show", async () => {
    const { recipesPage } = (await import(pathToFileURL(join(recipes, "page.mjs")).href)) as {
      recipesPage: () => Map<string, string>;
    };
    const files = recipesPage();
    expect([...files.keys()]).toContain("recipes.md");
    for (const [file, text] of files)
      expect(text).toBe(readFileSync(join(packageRoot, "docs", file), "utf8"));
  });

  it("give the tail's mean and paired difference on the page, counted here once more", () => {
    const page = readFileSync(join(packageRoot, "docs", "recipes.md"), "utf8");
    const cells = page
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.slice(2, -2).split(" | "));
    // The three smallest classes of ten, of one size in the test split.
    const tail = (name: string) => {
      const classes = under(name, "autoattack").robust.perClass.slice(-3);
      const [right, all] = (["correct", "total"] as const).map((key) =>
        classes.reduce((sum, each) => sum + each[key], 0),
      );
      return (100 * right!) / all!;
    };
    const shown = (values: readonly number[], sign: boolean) => {
      const mean = (values[0]! + values[1]! + values[2]!) / 3;
      const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6);
      const plain = Math.abs(mean).toFixed(1);
      const signed = mean < 0 ? `−${plain}` : `+${plain}`;
      return `${sign ? signed : plain} ± ${error.toFixed(1)}`;
    };
    const seeds = [1, 2, 3];
    const base = seeds.map((seed) => tail(`base-${seed}`));
    const loss = seeds.map((seed) => tail(`plain-loss-${seed}`));
    const rowOf = (title: string, table: string) => {
      const start = cells.findIndex((row) => row[0] === table);
      const first = cells.findIndex((row, i) => i > start && row[0] === title);
      return cells.slice(first).find((row) => row[1] === "AutoAttack")!;
    };
    expect(rowOf("the preset", "arm").at(-1)).toBe(shown(base, false));
    const difference = shown(
      loss.map((value, i) => value - base[i]!),
      true,
    );
    expect(
      rowOf("cross entropy instead of balanced softmax", "arm less the preset").at(-1)!.replaceAll("*", ""),
    ).toBe(difference);
  });
});
