// Writes a comparison's measurements and their conditions as JSON, from which docs/agreement.md is filled.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { currentEnvironment } from "../src/training/index.js";

/** One attack: how many of 500 images are still classified correctly after it, here and in the official implementation, and its cost. */
export interface AgreementRow {
  readonly attack: string;
  readonly standing: number;
  readonly official: number;
  /** The largest difference between the two counts that is accepted. */
  allowed: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  /** Wall time with two threads. */
  readonly officialSeconds: number;
  /** The sum over all steps of the images that were passed through the network. */
  readonly passes: number;
}

export interface AgreementRecord {
  readonly case: "standard" | "alone";
  readonly norm: string;
  readonly epsilon: string;
  /** Hash of the ensemble's constants; null for attacks outside an ensemble. */
  readonly constantsHash: string | null;
  /** Images on which the two implementations end differently; null where the official flags were not compared. */
  readonly flagsDiffer: number | null;
  /** Where examples were looked for through convolutions in tiles: how many of them the plain network did not confirm. */
  readonly tiles?: { readonly unconfirmed: number };
  /** Where the official implementation was run on the same machine, for its times: on which PyTorch. */
  readonly officialHere?: { readonly torch: string };
  readonly rows: readonly AgreementRow[];
}

const folder = new URL("../docs/agreement/records/", import.meta.url);

/** Whether anything but these records differs from the commit. The records do not count, so that one comparison does not mark the next as modified. */
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
