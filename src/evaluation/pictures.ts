// Pictures of attacked images on disk: clean, perturbation and adversarial side by side, with both predictions.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../canonical-json.js";
import { makeFolder, writeDurably } from "../durable-file.js";
import { ReatError } from "../errors.js";
import { firstMisfit } from "../schema-misfit.js";
import { attackLabel } from "./attack-label.js";
import { type CheckpointName, checkpointNames } from "./checkpoint-name.js";

/** What a network said of an image. */
export interface PicturedPrediction {
  /** Class id. */
  readonly label: number;
  /** Softmax probability of that class, from 0 to 1. */
  readonly confidence: number;
}

/** One image before and after an attack. */
export interface AttackedPicture {
  /** Class id. */
  readonly label: number;
  /** Position in the split, from 0. */
  readonly index: number;
  readonly clean: PicturedPrediction;
  readonly attacked: PicturedPrediction;
  /** PNG in base64: the clean image, the perturbation, the adversarial image. */
  readonly png: string;
}

/** The same few images of each class under one attack. */
export interface PictureSheet {
  readonly run: string;
  readonly checkpoint: CheckpointName;
  /** Of the checkpoint's weights, from 1. */
  readonly epoch: number;
  readonly split: "test" | "validation";
  readonly dataset: string;
  readonly attack: { readonly name: string; readonly constants: Readonly<Record<string, unknown>> };
  readonly classNames: readonly string[];
  /** Training images by class id. */
  readonly trainCounts: readonly number[];
  /** Pixels of one image. */
  readonly height: number;
  readonly width: number;
  /** Perturbations are drawn around a middle grey, multiplied by this. */
  readonly scale: number;
  /** By class, the smallest first. */
  readonly pictures: readonly AttackedPicture[];
}

const prediction = z.object({ label: z.int().min(0), confidence: z.number().min(0).max(1.000001) });
const schema = z.object({
  run: z.string(),
  checkpoint: z.enum(checkpointNames),
  epoch: z.int(),
  split: z.enum(["test", "validation"]),
  dataset: z.string(),
  attack: z.object({ name: z.string(), constants: z.looseObject({}) }),
  classNames: z.array(z.string()),
  trainCounts: z.array(z.number()),
  height: z.int().min(1),
  width: z.int().min(1),
  scale: z.number().positive(),
  pictures: z.array(
    z.object({
      label: z.int().min(0),
      index: z.int().min(0),
      clean: prediction,
      attacked: prediction,
      png: z.base64(),
    }),
  ),
}) satisfies z.ZodType<PictureSheet>;

/** Writes a sheet into a folder, in place of an earlier one of the same checkpoint and attack. @returns its path @throws ReatError `disk` */
export async function writePictures(folder: string, sheet: PictureSheet): Promise<string> {
  makeFolder(folder);
  const { checkpoint, split, attack } = sheet;
  const digits = createHash("sha256")
    .update(canonicalJson({ checkpoint, split, attack }))
    .digest("hex")
    .slice(0, 8);
  const stem = `${checkpoint}-${attackLabel(attack)}`.replace(/[^\w.+-]+/g, "-").replace(/-+$/, "");
  const file = join(folder, `${stem}-${digits}.json`);
  await writeDurably(file, `${JSON.stringify(sheet)}\n`, { shared: true });
  return file;
}

/** All sheets in a folder, by file name; none where there is no folder. @throws ReatError `data` naming a file that is none */
export function readPictures(folder: string): PictureSheet[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const file = join(folder, name);
      let value: unknown;
      try {
        value = JSON.parse(readFileSync(file, "utf8"));
      } catch (cause) {
        throw new ReatError("data", `${file} is not JSON: delete it and draw the pictures again.`, { cause });
      }
      const read = schema.safeParse(value);
      if (read.success) return read.data;
      throw new ReatError(
        "data",
        `${file} holds no pictures: ${firstMisfit(read.error)}; delete it and draw them again.`,
      );
    });
}
