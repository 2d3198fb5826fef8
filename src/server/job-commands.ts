// What a request of the page becomes on the command line; anything that is not among the choices is refused.
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { mostPoints } from "../analysis/index.js";
import { makeFolder } from "../durable-file.js";
import { ReatError } from "../errors.js";
import { type CheckpointName, checkpointNames } from "../evaluation/index.js";
import type { WatchedRun } from "./run-row.js";
import { liesWithin } from "./within.js";

/** Attacks that the page offers; the command line knows more. */
export const offeredAttacks = ["pgd-20", "pgd-100", "cw-20", "apgd-ce", "autoattack"] as const;

export const jobRequest = z.strictObject({
  kind: z.enum(["eval", "audit", "images"]),
  run: z.string().max(1000),
  checkpoint: z.enum(checkpointNames),
  attack: z.enum(offeredAttacks),
  images: z.int().min(1).max(1_000_000),
});

/** @throws ReatError `usage` where the run has no such checkpoint, or a link takes it out of the runs folder */
export function checkpointFile(
  { folder, root }: Pick<WatchedRun, "folder" | "root">,
  checkpoint: CheckpointName,
): string {
  const file = join(folder, "checkpoints", `${checkpoint}.safetensors`);
  if (!existsSync(file)) {
    throw new ReatError("usage", `The run has no ${checkpoint} checkpoint in its folder yet.`);
  }
  if (liesWithin(root, file)) return file;
  throw new ReatError(
    "usage",
    "The run's checkpoints lie outside the runs folder, where a link leads; the page reads nothing there, but the command line does.",
  );
}

/** Arguments of `reat`. @throws ReatError `usage` where the run has no such checkpoint */
export function jobArguments(
  run: Pick<WatchedRun, "folder" | "root">,
  { kind, checkpoint, attack, images }: z.infer<typeof jobRequest>,
): string[] {
  checkpointFile(run, checkpoint);
  const { folder, root } = run;
  const count = ["--images", String(images)];
  const place = asTyped(folder);
  if (kind === "audit") return ["audit", place, "--checkpoint", checkpoint, ...count];
  const measured = ["eval", place, "--checkpoint", checkpoint, "--attack", attack, ...count];
  if (kind === "eval") return measured;
  makeFolder(imagesFolder(folder));
  if (!liesWithin(root, imagesFolder(folder))) {
    throw new ReatError("usage", "The run's folder of images leads out of the runs folder.");
  }
  return [
    ...measured,
    "--save-adversarial",
    join(imagesFolder(place), `${checkpoint} ${attack}.safetensors`),
    ...(images >= 4 && images <= mostPoints ? ["--embedding"] : []),
  ];
}

/** A path as one would type it where the server runs, which is where its jobs run too. */
function asTyped(path: string): string {
  const within = relative(process.cwd(), path);
  return within === "" || within.startsWith("..") || within.startsWith("-") ? path : within;
}

/** Where images of attacks lie that the page shows. */
export function imagesFolder(run: string): string {
  return join(run, "images");
}

/** Saved images of a run: the checkpoint, the attack, the file. */
export function savedImages({ root, folder }: Pick<WatchedRun, "folder" | "root">) {
  let names: string[];
  try {
    names = readdirSync(imagesFolder(folder));
  } catch {
    return [];
  }
  return names.sort().flatMap((name) => {
    const match = /^(\w+) ([\w-]+)\.safetensors$/.exec(name);
    const file = join(imagesFolder(folder), name);
    const checkpoint = checkpointNames.find((one) => one === match?.[1]);
    if (!match || !checkpoint || !liesWithin(root, file)) return [];
    return [{ name, checkpoint, attack: match[2]!, file }];
  });
}
