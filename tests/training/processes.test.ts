// Training in parts gives the same bits for any number of processes, and ends cleanly where one is stopped, killed or missing.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/training/checkpoint.js";
import { Crew, type Member } from "../crew.js";

const crew = new Crew(fileURLToPath(new URL("group-run.mjs", import.meta.url)), 3);
const root = mkdtempSync(join(tmpdir(), "reat-processes-"));
afterAll(() => {
  crew.dispose();
  rmSync(root, { recursive: true, force: true });
});

const start = (size: number, options: object) => crew.together(size, options);
/** What each says at the end. */
const results = (members: readonly Member[]) => Promise.all(members.map(({ said }) => said()));

/** Everything that decides how a run goes on, and what it measured. */
async function outcomeOf(folder: string) {
  const { parts, state } = await readCheckpoint(join(folder, "checkpoints", "last.safetensors"));
  const tensors = Object.entries(parts).flatMap(([part, stored]) =>
    [...stored].map(([name, { bytes }]) => [`${part}.${name}`, Buffer.from(bytes).toString("base64")]),
  );
  const events = readFileSync(join(folder, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type === "batch" || type === "epoch" || type === "evaluation")
    .map(({ seconds: _s, imagesPerSecond: _i, ...event }) => event);
  return { tensors: Object.fromEntries(tensors), method: state.method, events };
}

/** The largest difference between the weights and running statistics of two outcomes. */
function apart(ours: Readonly<Record<string, string>>, theirs: Readonly<Record<string, string>>): number {
  const names = Object.keys(theirs).filter((name) => /^model\..*(weight|bias|running_)/.test(name));
  expect(names).toHaveLength(7);
  const floats = (text: string) => new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);
  const each = names.map((name) => {
    const [a, b] = [floats(ours[name]!), floats(theirs[name]!)];
    return Math.max(...b.map((value, at) => Math.abs(value - a[at]!)));
  });
  return Math.max(...each);
}

describe("a training in three parts", () => {
  const alone = join(root, "alone");
  let wanted: Awaited<ReturnType<typeof outcomeOf>>;
  beforeAll(async () => {
    const done = { stopped: false, epoch: 2, batch: 4 };
    expect(await results(await start(1, { folder: alone }))).toEqual([done]);
    wanted = await outcomeOf(alone);
    expect(Object.keys(wanted.tensors)).toContain("model.norm.running_mean");
    expect(wanted.events).toHaveLength(12);
  }, 60_000);

  it("stops everywhere after the same batch when one is asked, goes on with more processes, and has the bits of one process", async () => {
    const folder = join(root, "stopped");
    const stopAt = { rank: 1, epoch: 2, batch: 1 };
    const stopped = { stopped: true, epoch: 2, batch: 2 };
    expect(await results(await start(2, { folder, stopAt }))).toEqual([stopped, stopped]);
    const done = { stopped: false, epoch: 2, batch: 4 };
    expect(await results(await start(3, { folder }))).toEqual([done, done, done]);
    expect(await outcomeOf(folder)).toEqual(wanted);
    expect(readdirSync(folder).sort()).toEqual([
      ...["checkpoints", "config.yaml", "environment.json", "evaluations", "metrics.jsonl"],
    ]);
  }, 60_000);

  it("leaves out the same branches of a network with stochastic depth, for any number of processes and after a stop", async () => {
    // The attack's passes leave some out too with batchNorm batch, which is what group-run.mjs has by default.
    const recipe = { name: "trades" };
    const done = { stopped: false, epoch: 2, batch: 4 };
    const stopAt = { rank: 0, epoch: 2, batch: 1 };
    for (const shards of [1, 3]) {
      const options = { recipe, shards, stochasticDepth: true };
      const [whole, parts] = [join(root, `depth-${shards}`), join(root, `depth-${shards}-stopped`)];
      expect(await results(await start(1, { ...options, folder: whole }))).toEqual([done]);
      const first = await start(1, { ...options, folder: parts, stopAt });
      expect(await results(first)).toMatchObject([{ stopped: true, epoch: 2 }]);
      const more = shards === 1 ? 1 : 3;
      expect(await results(await start(more, { ...options, folder: parts }))).toEqual(
        Array.from({ length: more }, () => done),
      );
      expect(await outcomeOf(parts)).toEqual(await outcomeOf(whole));
    }
  });

  it("moves weights along the whole batch's gradient, and counts classes over all of it", async () => {
    const recipe = { name: "trades", weightPerturbation: { gamma: 0.05 }, gkl: { weights: "class" } };
    const done = { stopped: false, epoch: 2, batch: 4 };
    const [one, two] = [join(root, "moved-1"), join(root, "moved-2")];
    expect(await results(await start(1, { folder: one, recipe }))).toEqual([done]);
    expect(await results(await start(2, { folder: two, recipe }))).toEqual([done, done]);
    expect(await outcomeOf(two)).toEqual(await outcomeOf(one));
  });

  it.each([
    ["CFA", { recipe: { name: "trades", cfa: { from: 2 } } }],
    ["DAFA", { recipe: { name: "trades", dafa: { from: 2, lambda: 1 } } }],
    ["CutMix", { cutMix: { probability: 1, second: "balanced" } }],
  ])("has the same bits with %s", async (name, options) => {
    const done = { stopped: false, epoch: 2, batch: 4 };
    const [one, two] = [join(root, `${name}-1`), join(root, `${name}-2`)];
    expect(await results(await start(1, { folder: one, ...options }))).toEqual([done]);
    expect(await results(await start(2, { folder: two, ...options }))).toEqual([done, done]);
    const alone = await outcomeOf(one);
    expect(await outcomeOf(two)).toEqual(alone);
    expect(alone.tensors).not.toEqual(wanted.tensors);
  });

  it("compares the features of the whole batch where it is asked to, on moved weights too", async () => {
    const options = {
      tailOver: "batch",
      recipe: { name: "reat", weightPerturbation: { gamma: 0.05, from: 2 } },
    };
    const done = { stopped: false, epoch: 2, batch: 4 };
    const [one, two] = [join(root, "compared-1"), join(root, "compared-2")];
    expect(await results(await start(1, { folder: one, ...options }))).toEqual([done]);
    expect(await results(await start(2, { folder: two, ...options }))).toEqual([done, done]);
    expect(await outcomeOf(two)).toEqual(await outcomeOf(one));
    expect((await outcomeOf(one)).tensors).not.toEqual(wanted.tensors);
  });

  it("normalises by the whole batch where it is asked to, and ends near where the whole batch does", async () => {
    const recipe = {
      name: "reat",
      weightPerturbation: { gamma: 0.05 },
      attack: { steps: 1, start: "none", batchNorm: "batch" },
    };
    const done = { stopped: false, epoch: 2, batch: 4 };
    const [one, two] = [join(root, "normalised-1"), join(root, "normalised-2")];
    expect(await results(await start(1, { folder: one, shards: 1, recipe }))).toEqual([done]);
    const options = { folder: two, shards: 2, batchNorm: "batch", tailOver: "batch", recipe };
    expect(await results(await start(2, options))).toEqual([done, done]);
    const [ours, whole] = [await outcomeOf(two), await outcomeOf(one)];
    expect(ours.events.length).toBe(whole.events.length);
    // Unequal parts, of six and seven images; in parts without that, weights end elsewhere.
    expect(apart(ours.tensors, whole.tensors)).toBeLessThan(2e-6);
  });

  it("is refused with more processes than parts", async () => {
    const sentence =
      "2 processes were started, and training.shards is 1: each process needs a part of every batch; accepted: training.shards of at least 2, or fewer processes.";
    const refused = { code: "config", error: sentence };
    expect(await results(await start(2, { folder: join(root, "many"), shards: 1 }))).toEqual([
      refused,
      refused,
    ]);
  });

  it("added fast is near, and the same everywhere", async () => {
    const folder = join(root, "fast");
    const done = { stopped: false, epoch: 2, batch: 4 };
    expect(await results(await start(2, { folder, reduction: "fast" }))).toEqual([done, done]);
    const [first, wantedFirst] = [(await outcomeOf(folder)).events[0]!, wanted.events[0]!];
    expect(Math.abs((first.loss as number) - (wantedFirst.loss as number))).toBeLessThan(1e-5);
  });

  it("ends with a sentence where a process is killed, and is continued from its checkpoint by another number", async () => {
    const folder = join(root, "killed");
    const started = await start(3, { folder, pause: { rank: 1, epoch: 2, batch: 2 } });
    const [first, victim, third] = started as [Member, Member, Member];
    expect(await victim.said()).toBe("here");
    victim.child.kill("SIGKILL");
    for (const [rank, { said }] of [
      [0, first],
      [2, third],
    ] as const) {
      expect(await said()).toEqual({
        code: "environment",
        error: expect.stringMatching(`^Process ${rank} of 3 lost process 1 while collecting: `),
      });
    }
    expect(await results(await start(1, { folder }))).toEqual([{ stopped: false, epoch: 2, batch: 4 }]);
    expect(await outcomeOf(folder)).toEqual(wanted);
  });

  it("ends when the time is over where one process stands still", async () => {
    const folder = join(root, "still");
    // Long enough for them to meet on a busy machine.
    const started = await start(2, { folder, timeout: 3, pause: { rank: 1, epoch: 1, batch: 2 } });
    expect(await started[0]!.said()).toEqual({
      code: "environment",
      error: expect.stringMatching(/^Process 0 of 2 lost process 1 while collecting: .*[Tt]im/),
    });
    started[1]!.child.kill("SIGKILL");
  });
});
