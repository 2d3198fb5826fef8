// The tests in tiers by cost: `unit` is quick and starts no process, `long` computes for seconds, `end-to-end` runs the program.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { packageRoot } from "../scripts/places.mjs";

export type Tier = "unit" | "long" | "end-to-end";

/**
 * Files that start no process but take more than about three seconds: they train, or compare at length. A file that
 * starts one is recognised by its imports and needs no entry.
 */
export const longEntries: readonly string[] = [
  "tests/attacks/ensemble-attacks.test.ts",
  "tests/data/class-layout.test.ts",
  "tests/data/packed.test.ts",
  "tests/data/synthetic.test.ts",
  "tests/doctor/diagnose.test.ts",
  "tests/evaluation/audit/audit.test.ts",
  "tests/experiments/assemble.test.ts",
  "tests/experiments/audit.test.ts",
  "tests/experiments/class-names.test.ts",
  "tests/experiments/content.test.ts",
  "tests/experiments/data.test.ts",
  "tests/experiments/damaged-run.test.ts",
  "tests/experiments/data-path.test.ts",
  "tests/experiments/evaluation-refusals.test.ts",
  "tests/experiments/reproduction-queue.test.ts",
  "tests/experiments/resumable-evaluation.test.ts",
  "tests/experiments/risk-and-pictures.test.ts",
  "tests/experiments/small-data.test.ts",
  "tests/experiments/using",
  "tests/export",
  "tests/golden",
  "tests/methods/every-method.test.ts",
  "tests/methods/learning.test.ts",
  "tests/methods/long-tail.test.ts",
  "tests/methods/reat.test.ts",
  "tests/nn/activated-convolution.test.ts",
  "tests/nn/fast.test.ts",
  "tests/nn/frozen.test.ts",
  "tests/nn/models.test.ts",
  "tests/report/report-in-browser.test.ts",
  "tests/report/reproduction-in-browser.test.ts",
  "tests/training/learning.test.ts",
  "tests/training/trainer.test.ts",
  "tests/training/weight-average.test.ts",
];

const startsProcess = /from "node:(child_process|worker_threads|cluster)"/;

/** Whether a file of tests/, or one there that it imports, starts a process. */
function runsPrograms(path: string, seen = new Set<string>()): boolean {
  if (seen.has(path)) return false;
  seen.add(path);
  const text = readFileSync(join(packageRoot, path), "utf8");
  const imported = [...text.matchAll(/from "(\.{1,2}\/[^"]+)\.js"/g)]
    .map(([, specifier = ""]) => `${normalize(join(dirname(path), specifier))}.ts`)
    .filter((found) => found.startsWith("tests/"));
  return startsProcess.test(text) || imported.some((found) => runsPrograms(found, seen));
}

/** @param path from the root of the package */
export function tierOf(path: string): Tier {
  if (runsPrograms(path)) return "end-to-end";
  return longEntries.some((entry) => path === entry || path.startsWith(`${entry}/`)) ? "long" : "unit";
}

/** All files of a tier, as paths from the root of the package. */
export function filesOfTier(tier: Tier): string[] {
  return readdirSync(join(packageRoot, "tests"), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => relative(packageRoot, join(entry.parentPath, entry.name)))
    .filter((path) => tierOf(path) === tier)
    .sort();
}
