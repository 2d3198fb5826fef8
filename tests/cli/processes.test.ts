// `reat eval` by several processes: the batches are shared, and the numbers, flags and images are those of one process.

import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { evaluateRun } from "../../src/experiments/index.js";
import { decodeSafetensors } from "../../src/training/index.js";
import { type Ended, ScratchFolder } from "./command-line.js";

let place: ScratchFolder;

const tinyConfig = `
name: a
data: { source: tiny.reatpack, subset: { profile: exponential, imbalance: 4, maxPerClass: 8 } }
model: { architecture: smallcnn }
method: { name: plain }
training: { epochs: 6, batchSize: 8, learningRate: 0.02, milestones: [], evaluateEvery: 6, evaluationAttack: pgd-1, evaluationImages: 10, select: last }
evaluation: { attacks: [pgd-1], images: 10, batchSize: 10 }
threads: 1
`;
// Five batches, so that two processes have a round that is not full.
const attacks = "pgd-2,autoattack:apgd-ce+apgd-dlr";
const asked = ["--attack", attacks, "--eps", "2/255", "--images", "15", "--batch-size", "3"];

beforeAll(async () => {
  place = new ScratchFolder();
  writeFileSync(place.path("tiny.yaml"), tinyConfig);
  const { code, stderr } = await place.call([
    "train",
    place.path("tiny.yaml"),
    "--runs",
    place.path("runs"),
    "--data",
    place.data,
  ]);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}, 60_000);
afterAll(() => place.dispose());

/** Runs a command by so many processes. */
async function together(size: number, args: readonly string[]): Promise<Ended[]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  const common = { WORLD_SIZE: String(size), MASTER_ADDR: "127.0.0.1", MASTER_PORT: String(port) };
  // A process of its own proves nothing more.
  if (size === 1) return [await place.call(args)];
  return Promise.all(
    Array.from({ length: size }, (_, rank) =>
      place.reat(args, undefined, undefined, { ...common, RANK: String(rank), LOCAL_RANK: String(rank) }),
    ),
  );
}

/** A copy of the run, evaluated, without what tells of time. */
async function evaluated(folder: string, size: number) {
  if (!readdirSync(place.folder).includes(folder))
    cpSync(place.path("runs"), place.path(folder), { recursive: true });
  const images = `${folder}.safetensors`;
  const ended = await together(size, ["eval", `${folder}/a`, ...asked, "--save-adversarial", images]);
  for (const { code, stderr } of ended)
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  // The first process alone prints.
  expect(ended.map(({ stdout }) => stdout.includes("autoattack"))).toEqual(
    ended.map((_, rank) => rank === 0),
  );
  return { results: resultsIn(folder), tensors: tensorsOf(images) };
}

function resultsIn(folder: string) {
  const at = place.path(folder, "a", "evaluations");
  return Object.fromEntries(
    readdirSync(at)
      .filter((name) => !name.includes("pgd-1-"))
      .map((name) => {
        // What remains of a measurement would be a folder, which cannot be read.
        const text = readFileSync(`${at}/${name}`, "utf8");
        return [
          name,
          JSON.parse(text, (key, value) =>
            ["seconds", "time", "environment"].includes(key) ? undefined : value,
          ),
        ];
      }),
  );
}

function tensorsOf(file: string) {
  const { tensors } = decodeSafetensors(readFileSync(place.path(file)), file);
  return Object.fromEntries(
    [...tensors].map(([name, { bytes }]) => [name, Buffer.from(bytes).toString("base64")]),
  );
}

it("a training that needs a process for each part starts those that no launcher started", async () => {
  const settings = [
    "training.epochs=1",
    "training.shards=2",
    "training.batchNorm=batch",
    "model.architecture=small-resnet",
  ];
  const args = ["train", "tiny.yaml", "--name", "synchronised", "--data", place.data];
  const { code, stderr } = await place.reat([...args, ...settings.flatMap((setting) => ["--set", setting])]);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expect(stderr).toContain(
    "Each of 2 parts needs a process: those that were not started are started here.\n",
  );
  const log = readFileSync(place.path("runs", "synchronised", "metrics.jsonl"), "utf8");
  expect(log).toContain('"type":"end"');
}, 60_000);

describe("an evaluation by several processes", () => {
  let wanted: Awaited<ReturnType<typeof evaluated>>;
  beforeAll(async () => {
    wanted = await evaluated("alone", 1);
    expect(Object.keys(wanted.results)).toHaveLength(2);
    expect(Object.keys(wanted.tensors)).toHaveLength(4);
    const { robust } = Object.values(wanted.results).find(({ ensemble }) => ensemble).ensemble;
    expect(robust).toMatch(/1.*0.*1|0.*1.*0/);
  }, 60_000);

  it("by two goes on where one was stopped, and has the numbers, the flags and the images of one", async () => {
    cpSync(place.path("runs"), place.path("stopped"), { recursive: true });
    const stop = new AbortController();
    const options = {
      ...{
        attacks: attacks.split(","),
        budget: { epsilon: 2 / 255 },
        images: 15,
        batchSize: 3,
        signal: stop.signal,
      },
      ...{ checkpoints: ["last"] as const, saveAdversarial: place.path("stopped.safetensors") },
      overrides: [`data.source=${JSON.stringify(place.data)}`],
    };
    const stopped = evaluateRun(place.path("stopped", "a"), {
      ...options,
      onProgress: (_, { stage, done }) => {
        if (stage.startsWith("autoattack") && done > 0) stop.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(
      readdirSync(place.path("stopped", "a", "evaluations")).filter((name) => name.endsWith(".partial")),
    ).not.toEqual([]);
    expect(await evaluated("stopped", 2)).toEqual(wanted);
  }, 60_000);

  it("of one file of weights by two has the numbers of one process", async () => {
    const weights = [
      "eval",
      "runs/a/checkpoints/last.safetensors",
      "--architecture",
      "smallcnn",
      "--data",
      "tiny.reatpack",
    ];
    const texts: unknown[] = [];
    for (const size of [1, 2]) {
      const out = `weights-${size}.json`;
      const ended = await together(size, [...weights, ...asked.slice(4), "--attack", "pgd-2", "--out", out]);
      expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 0));
      texts.push(
        JSON.parse(readFileSync(place.path(out), "utf8"), (key, value) =>
          ["seconds", "time", "environment"].includes(key) ? undefined : value,
        ),
      );
    }
    expect(texts[1]).toEqual(texts[0]);
  }, 60_000);

  it("is for what is shared: other work is refused in a sentence", async () => {
    for (const [name, value] of [
      ["RANK", "0"],
      ["WORLD_SIZE", "2"],
      ["MASTER_ADDR", "127.0.0.1"],
    ] as const) {
      vi.stubEnv(name, value);
    }
    for (const args of [["audit", "runs/a"], ["sweep", "steps.yaml"], ["quickstart"]]) {
      expect(await place.call(args)).toMatchObject({
        ...{ code: 2, stdout: "" },
        stderr: `reat: The command reat ${args[0]} works with one process, and torchrun started 2; accepted with several: reat train and reat eval.\n`,
      });
    }
    vi.unstubAllEnvs();
  });
});
