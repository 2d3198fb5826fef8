// Logs for other programs: what is in them, read back by the format's checksums, and by TensorBoard's own reader where it is.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig, resumeExperiment, runExperiment, writePastLogs } from "../../src/experiments/index.js";
import { EventSchema } from "../../src/export/logs/event-schema.js";
import { crc32c } from "../../src/export/logs/record-file.js";
import { readRunEvents } from "../../src/training/index.js";
import { needing } from "../skipped.js";
import { TinyExperiments } from "./tiny-experiment.js";

let tiny: TinyExperiments;
let run: string;

function config(name: string, epochs: number) {
  return parseConfig({
    name,
    data: { source: tiny.data, subset: { profile: "exponential", imbalance: 2 } },
    model: { architecture: "smallcnn" },
    method: { name: "reat", attack: { steps: 1 } },
    training: {
      ...{ epochs, batchSize: 8, learningRate: 1e-4, milestones: [], select: "last", logEvery: 2 },
      ...{ evaluationAttack: "pgd-1", evaluationImages: 10 },
    },
    evaluation: { attacks: ["pgd-1"], images: 10 },
    logging: ["tensorboard", "csv"],
    threads: 1,
  });
}

beforeAll(async () => {
  tiny = new TinyExperiments();
  const started = await runExperiment(config("logged", 1), { runsFolder: join(tiny.folder, "runs") });
  run = started.run.path;
  await resumeExperiment(run, ["training.epochs=2"]);
}, 60_000);
afterAll(() => tiny.dispose());

/** The events of the one event file in a folder; every length and checksum is checked. */
function events(folder: string) {
  const names = readdirSync(folder).filter((name) => name.startsWith("events.out.tfevents."));
  expect(names).toHaveLength(1);
  const bytes = readFileSync(join(folder, names[0]!));
  const masked = (part: Buffer) => {
    const crc = crc32c(part);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data));
    found.push(fromBinary(EventSchema, data));
    at += 16 + length;
  }
  return found;
}

/** Values by "tag@step"; a value that is there twice is an error. */
function valuesOf(folder: string) {
  const values = new Map<string, unknown>();
  for (const { step, what } of events(folder)) {
    if (what.case !== "summary") continue;
    for (const { tag, value } of what.value.value) {
      const key = `${tag}@${step}`;
      expect(values.has(key), key).toBe(false);
      values.set(key, value.value);
    }
  }
  return values;
}

describe("a run with logging: [tensorboard, csv], continued once", () => {
  it("has checksums that are Castagnoli's", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  });

  it("shows every number of its log once, at its step", () => {
    const logged = readRunEvents(join(run, "metrics.jsonl"));
    const values = valuesOf(join(run, "tensorboard"));
    const near = (key: string, wanted: number) => expect(values.get(key), key).toBeCloseTo(wanted, 5);
    let evaluations = 0;
    for (const event of logged) {
      if (event.type === "batch") near(`batch/loss@${event.step}`, event.loss);
      if (event.type === "epoch") {
        near(`epoch/loss@${event.epoch}`, event.loss);
        for (const [name, value] of Object.entries(event.terms))
          near(`epoch/terms/${name}@${event.epoch}`, value);
      }
      if (event.type !== "evaluation") continue;
      evaluations += 1;
      near(`test/clean/accuracy@${event.epoch}`, event.clean.accuracy);
      near(`test/pgd-1/balanced accuracy@${event.epoch}`, event.robust.balanced);
      const tags = [...values.keys()].filter((key) => key.startsWith("test/pgd-1/class/"));
      expect(tags).toHaveLength(10 * 2);
    }
    expect(evaluations).toBe(2);
    expect(values.has("last/test/pgd-1/accuracy@2")).toBe(true);
  });

  it("has histograms of the predicted classes, a bucket a class", () => {
    const values = valuesOf(join(run, "tensorboard"));
    const epoch = readRunEvents(join(run, "metrics.jsonl")).findLast((event) => event.type === "epoch");
    const counts = epoch?.type === "epoch" ? epoch.predictedCounts! : [];
    expect(values.get("epoch/predicted classes of adversarial examples@2")).toMatchObject({
      num: counts.reduce((sum, count) => sum + count, 0),
      bucket: [0, ...counts],
      bucketLimit: [-0.5, ...counts.map((_, id) => id + 0.5)],
    });
  });

  it("has pictures: training images, and test images beside their adversarial examples", async () => {
    const values = valuesOf(join(run, "tensorboard"));
    for (const key of ["examples/training images@0", "examples/clean, pgd-1, difference@2"]) {
      const image = values.get(key) as { width: number; height: number; encodedImageString: Uint8Array };
      const { width, height } = await sharp(image.encodedImageString).metadata();
      expect({ width, height }).toEqual({ width: image.width, height: image.height });
    }
  });

  it("is written in the order of time, which begins with the run", () => {
    const times = events(join(run, "tensorboard")).map(({ wallTime }) => wallTime);
    const start = readRunEvents(join(run, "metrics.jsonl"))[0];
    expect(times[0]).toBeCloseTo(start?.type === "start" ? Date.parse(start.time) / 1000 : 0, 3);
    const training = times.slice(0, -3);
    expect([...training].sort((a, b) => a - b)).toEqual(training);
  });

  it("has tables with a line for each batch event, epoch, measurement and class", () => {
    const rows = (name: string) =>
      readFileSync(join(run, "csv", name), "utf8")
        .trimEnd()
        .split("\r\n")
        .map((line) => line.split(","));
    const logged = readRunEvents(join(run, "metrics.jsonl"));
    const batches = logged.filter((event) => event.type === "batch");
    expect(rows("batches.csv")).toHaveLength(1 + batches.length);
    const [header, first] = rows("batches.csv") as [string[], string[]];
    expect(Number(first[header.indexOf("loss")])).toBe(batches[0]?.loss);
    expect(rows("epochs.csv")).toHaveLength(3);
    // Clean and attacked: after two epochs, and of the last checkpoint.
    expect(rows("evaluations.csv")).toHaveLength(1 + 2 * 3);
    expect(rows("classes.csv")).toHaveLength(1 + 10 * 2 * 3);
    for (const table of ["batches.csv", "epochs.csv", "evaluations.csv", "classes.csv"].map(rows)) {
      expect(new Set(table.map((row) => row.length)).size).toBe(1);
    }
  });

  it("gives the same from its folder alone, later", async () => {
    const live = valuesOf(join(run, "tensorboard"));
    const tables = readFileSync(join(run, "csv", "classes.csv"), "utf8");
    for (const name of ["tensorboard", "csv"]) rmSync(join(run, name), { recursive: true });
    const { notes, folders } = await writePastLogs(run, ["tensorboard", "csv"]);
    expect({ notes, count: folders.length }).toEqual({ notes: [], count: 2 });
    const past = valuesOf(join(run, "tensorboard"));
    live.delete("examples/clean, pgd-1, difference@2");
    expect(past).toEqual(live);
    expect(readFileSync(join(run, "csv", "classes.csv"), "utf8")).toBe(tables);
  });
});

const reader = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
log = EventAccumulator(sys.argv[1], size_guidance={"images": 0, "scalars": 0, "histograms": 0})
log.Reload()
tags = log.Tags()
print(json.dumps({
    "scalars": {tag: [[each.step, each.value] for each in log.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: log.Histograms(tag)[-1].histogram_value.bucket for tag in tags["histograms"]},
    "images": {tag: [log.Images(tag)[0].width, log.Images(tag)[0].height] for tag in tags["images"]},
}))`;

function pythonWithTensorBoard(): string | null {
  for (const python of [process.env.REAT_PYTHON, "python3"]) {
    if (python && spawnSync(python, ["-c", "import tensorboard"]).status === 0) return python;
  }
  console.warn("skipped: neither REAT_PYTHON nor python3 has tensorboard, so its own reader is not asked");
  return null;
}
const python = pythonWithTensorBoard();

const title = needing(
  python !== null,
  "TensorBoard's own reader gives the numbers, histograms and pictures",
  "no Python here has tensorboard",
);
it.skipIf(python === null)(title, { timeout: 60_000 }, () => {
  const folder = join(run, "tensorboard");
  const { stdout } = spawnSync(python!, ["-c", reader, folder], { encoding: "utf8", maxBuffer: 1 << 26 });
  const read = JSON.parse(stdout);
  const own = valuesOf(folder);
  let scalars = 0;
  for (const [tag, points] of Object.entries(read.scalars as Record<string, [number, number][]>)) {
    for (const [step, value] of points) {
      scalars += 1;
      expect(own.get(`${tag}@${step}`), tag).toBeCloseTo(value, 6);
    }
  }
  expect(scalars).toBe([...own.values()].filter((value) => typeof value === "number").length);
  const { bucket } = own.get("epoch/predicted classes of adversarial examples@2") as { bucket: number[] };
  expect(read.histograms["epoch/predicted classes of adversarial examples"]).toEqual(bucket);
  expect(Object.keys(read.images)).toContain("examples/training images");
});
