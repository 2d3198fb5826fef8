// Keeps what a comparison measured as JSON that docs/agreement.md is written from, with all that decided it.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { currentEnvironment } from "../src/training/index.js";

/** One attack: images of 500 that stand after it, here and in the official implementation, and what it cost. */
export interface AgreementRow {
  readonly attack: string;
  readonly standing: number;
  readonly official: number;
  /** Largest difference that the comparison accepts. */
  allowed: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  /** With two threads. */
  readonly officialSeconds: number;
  /** Steps times images still in work. */
  readonly passes: number;
}

export interface AgreementRecord {
  readonly case: "standard" | "alone";
  readonly norm: string;
  readonly epsilon: string;
  /** Of the ensemble; null for attacks outside it. */
  readonly constantsHash: string | null;
  /** Images on which the two implementations end differently; null where the official flags were not compared. */
  readonly flagsDiffer: number | null;
  readonly rows: readonly AgreementRow[];
}

const folder = new URL("../docs/agreement/records/", import.meta.url);

/** Whether anything but these records differs from the commit: one comparison must not spoil the next one's. */
function sourcesModified(): boolean {
  const options = { cwd: fileURLToPath(new URL("..", import.meta.url)), encoding: "utf8" } as const;
  const others = ["status", "--porcelain", "--", ".", ":(exclude)docs/agreement/records"];
  return execFileSync("git", others, options) !== "";
}

/** Writes docs/agreement/records/<name>.json. */
export function record(name: string, measured: AgreementRecord): void {
  mkdirSync(folder, { recursive: true });
  const environment = currentEnvironment("cpu");
  const revision = environment.revision && { ...environment.revision, modified: sourcesModified() };
  const whole = { ...measured, time: new Date().toISOString(), environment: { ...environment, revision } };
  writeFileSync(fileURLToPath(new URL(`${name}.json`, folder)), `${JSON.stringify(whole, null, 2)}\n`);
}
