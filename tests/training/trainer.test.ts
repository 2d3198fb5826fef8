// The loop from outside: what it reports, that it stops and goes on exactly, what it selects, that it leaks nothing.
import { existsSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import type { AccuracyReport } from "../../src/evaluation/index.js";
import { Generator, liveTensors } from "../../src/tensor/index.js";
import { loadWeights, type RunEvent, train, weightsEpoch } from "../../src/training/index.js";
import {
  classCounts,
  eventsOf,
  TinyModel,
  temporaryRuns,
  tinyMethod,
  tinyOptions,
  weightsOf,
} from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);

const ofType = <T extends RunEvent["type"]>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);

describe("a run", () => {
  it("reports each event once, in order, to the log and to the reporter", async () => {
    const run = await runs.create("events");
    const reported: RunEvent[] = [];
    const outcome = await train(tinyOptions(run, { reporter: (event) => reported.push(event) }));
    const events = eventsOf(run);
    expect(events).toEqual(JSON.parse(JSON.stringify(reported)));
    const epoch = ["batch", "batch", "batch", "epoch", "evaluation"];
    // Whether the second epoch is the better one is another test's business.
    const types = events.map(({ type }) => type).filter((type) => type !== "best");
    expect(types).toEqual(["start", ...epoch, ...epoch, "end"]);
    expect(ofType(events, "batch").map(({ epoch: e, batch, step }) => [e, batch, step])).toEqual([
      [1, 2, 2],
      [1, 4, 4],
      [1, 6, 6],
      [2, 2, 8],
      [2, 4, 10],
      [2, 6, 12],
    ]);
    expect(outcome).toMatchObject({ stopped: false, epoch: 2, batch: 6 });
  });

  it.each(["weight", "logit"])(
    "holds no more tensors after later epochs than after the first, RBL in its %s form",
    async (form) => {
      const run = await runs.create(`tensors-${form}`);
      const held: number[] = [];
      const method = tinyMethod("reat", { rbl: { form } });
      const reporter = ({ type }: RunEvent) => void (type === "epoch" && held.push(liveTensors()));
      await train(tinyOptions(run, { method, epochs: 4, reporter }));
      // The collector may free what earlier tests left behind, so fewer are no surprise.
      expect(Math.max(...held)).toBe(held[0]);
      expect(held).toHaveLength(4);
    },
  );

  it("logs means that add up: batches to the epoch, predictions to the images", async () => {
    const run = await runs.create("means");
    await train(tinyOptions(run));
    const events = eventsOf(run);
    const [first] = ofType(events, "epoch");
    const batches = ofType(events, "batch").filter(({ epoch }) => epoch === 1);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(batches.map(({ loss }) => loss))).toBeCloseTo(first!.loss, 10);
    expect(mean(batches.map((event) => event.adversarialAccuracy!))).toBeCloseTo(
      first!.adversarialAccuracy!,
      10,
    );
    expect(first!.terms.recognition! + first!.terms.tail!).toBeCloseTo(first!.loss, 5);
    expect(first!.predictedCounts!.reduce((sum, count) => sum + count, 0)).toBe(48);
    expect(first!.method).toMatchObject({ predictedCounts: classCounts });
    // What was predicted in the first epoch re-balances the second.
    expect(ofType(events, "epoch")[1]!.method).toMatchObject({ predictedCounts: first!.predictedCounts });
  });

  it("with the same seeds gives the same weights, with another attack seed others", async () => {
    const final = async (name: string, attackSeed: number) => {
      const options = tinyOptions(await runs.create(name), { attackGenerator: new Generator(attackSeed) });
      await train(options);
      return weightsOf(options.model);
    };
    const first = await final("seed-a", 3);
    expect(await final("seed-b", 3)).toEqual(first);
    expect(await final("seed-c", 4)).not.toEqual(first);
  });

  it("tells its progress after each batch, and the time left once it is known", async () => {
    const seen: (number | null)[][] = [];
    const stages = new Set<string>();
    const run = await runs.create("progress");
    await train(
      tinyOptions(run, {
        onProgress: ({ epoch, batch, secondsLeft, evaluation }) => {
          if (evaluation) stages.add(evaluation.stage);
          else seen.push([epoch, batch, secondsLeft]);
        },
      }),
    );
    expect(seen.map(([epoch, batch]) => (epoch! - 1) * 6 + batch!)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
    expect(seen.every(([, , left]) => left !== null && left! >= 0)).toBe(true);
    expect([...stages]).toEqual(["clean", "pgd-2"]);
  });
});

describe("stopping", () => {
  /** Runs to the end with a stop wherever `stopAt` says, and returns the weights and events. */
  async function withStops(name: string, stopAt: (progress: { batch: number; stage?: string }) => boolean) {
    const run = await runs.create(name);
    let resume = false;
    for (;;) {
      const controller = new AbortController();
      let armed = !resume;
      const options = tinyOptions(run, {
        resume,
        signal: controller.signal,
        checkpointEvery: { epochs: 100 },
        onProgress: ({ batch, evaluation }) => {
          if (armed && stopAt(evaluation ? { batch, stage: evaluation.stage } : { batch })) {
            armed = false;
            controller.abort(new Error("Ctrl-C"));
          }
        },
      });
      const outcome = await train(options);
      if (!outcome.stopped) return { outcome, weights: weightsOf(options.model), events: eventsOf(run) };
      expect(ofType(eventsOf(run), "stopped").at(-1)).toMatchObject({
        ...position(outcome),
        reason: "Ctrl-C",
      });
      resume = true;
    }
  }
  const position = ({ epoch, batch }: { epoch: number; batch: number }) => ({ epoch, batch });
  const timeless = (events: RunEvent[]) =>
    events
      .filter((event) => event.type !== "start")
      .map((event) => ({ ...event, seconds: 0, imagesPerSecond: 0 }));

  it.each<[string, (progress: { batch: number; stage?: string }) => boolean]>([
    ["in the middle of an epoch", ({ batch }) => batch === 3],
    ["after an epoch's last batch", ({ batch, stage }) => batch === 6 && !stage],
    ["while measuring", ({ stage }) => stage === "pgd-2"],
  ])("%s and going on changes nothing", async (name, stopAt) => {
    const unbroken = await withStops(`unbroken ${name}`, () => false);
    const broken = await withStops(`broken ${name}`, stopAt);
    expect(broken.weights).toEqual(unbroken.weights);
    expect(timeless(broken.events)).toEqual(timeless(unbroken.events));
    expect(broken.outcome.best).toEqual(unbroken.outcome.best);
    expect(ofType(broken.events, "start").map(({ resumedFrom }) => resumedFrom !== null)).toEqual([
      false,
      true,
    ]);
  });

  it("before the first batch leaves a run that begins there", async () => {
    const run = await runs.create("at once");
    const outcome = await train(tinyOptions(run, { signal: AbortSignal.abort("too early") }));
    expect(outcome).toMatchObject({ stopped: true, epoch: 1, batch: 0 });
    const options = tinyOptions(run, { resume: true });
    expect(await train(options)).toMatchObject({ stopped: false });
    expect(eventsOf(run).map(({ type }) => type)).not.toContain("stopped");
  });

  it("lets a finished run be prolonged", async () => {
    const run = await runs.create("longer");
    await train(tinyOptions(run, { epochs: 1 }));
    const longer = tinyOptions(run, { epochs: 2, resume: true });
    await train(longer);
    const whole = tinyOptions(await runs.create("whole"), { epochs: 2 });
    await train(whole);
    expect(weightsOf(longer.model)).toEqual(weightsOf(whole.model));
    expect(ofType(eventsOf(run), "epoch")).toHaveLength(2);
    expect(ofType(eventsOf(run), "end")).toHaveLength(1);
  });

  it("is the only way to have a checkpoint overwritten by a run that does not continue it", async () => {
    const run = await runs.create("guarded");
    await train(tinyOptions(run, { epochs: 1 }));
    await expect(train(tinyOptions(run))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/already holds a checkpoint/),
    });
  });
});

describe("the best epoch", () => {
  const report = (accuracy: number): AccuracyReport => ({
    total: 100,
    correct: 100 * accuracy,
    accuracy,
    perClass: [],
    groups: { head: null, body: null, tail: null },
    balanced: accuracy,
    predicted: [],
  });
  const measuring = (accuracies: number[], everyEpochs = 1) => ({
    split: "validation" as const,
    attack: "pgd-20",
    everyEpochs,
    run: ({ epoch }: { epoch: number }) =>
      Promise.resolve({ clean: report(0.9), robust: report(accuracies[epoch - 1]!) }),
  });

  it("is the first with the highest robust accuracy, and its weights are kept", async () => {
    const run = await runs.create("best");
    const kept: ReturnType<typeof weightsOf>[] = [];
    const options = tinyOptions(run, {
      epochs: 4,
      evaluation: measuring([0.2, 0.5, 0.5, 0.3]),
      reporter: ({ type }) => type === "epoch" && kept.push(weightsOf(options.model)),
    });
    const outcome = await train(options);
    expect(outcome.best).toEqual({ epoch: 2, robust: 0.5 });
    expect(outcome.last).toEqual({ epoch: 4, robust: 0.3 });
    expect(ofType(eventsOf(run), "best").map(({ epoch }) => epoch)).toEqual([1, 2]);
    const best = new TinyModel(99);
    expect(weightsEpoch((await loadWeights(run.bestCheckpoint, best)).progress)).toBe(2);
    expect(weightsOf(best)).toEqual(kept[1]);
    const last = new TinyModel(99);
    expect(weightsEpoch((await loadWeights(run.lastCheckpoint, last)).progress)).toBe(4);
    expect(weightsOf(last)).toEqual(kept[3]);
  });

  it("is measured every so many epochs and after the last", async () => {
    const run = await runs.create("interval");
    await train(tinyOptions(run, { epochs: 5, evaluation: measuring([0, 0.1, 0, 0.2, 0.3], 2) }));
    expect(ofType(eventsOf(run), "evaluation").map(({ epoch }) => epoch)).toEqual([2, 4, 5]);
  });

  it("is the last one where that is selected", async () => {
    const run = await runs.create("last");
    const outcome = await train(
      tinyOptions(run, { select: "last", evaluation: measuring([0.5, 0.2]), epochs: 2 }),
    );
    expect([outcome.best, outcome.last]).toEqual([null, { epoch: 2, robust: 0.2 }]);
    expect(existsSync(run.bestCheckpoint)).toBe(false);
  });

  it("cannot be selected on what is not measured", async () => {
    const run = await runs.create("unmeasured");
    await expect(
      train(tinyOptions(run, { select: "test", evaluation: measuring([0.1, 0.1]) })),
    ).rejects.toThrow(/selected on the test split, but the measurements are on the validation split/);
    await expect(train(tinyOptions(run, { select: "test", evaluation: null }))).rejects.toThrow(
      /selected on the test split, but nothing is measured/,
    );
  });
});

describe("impossible options", () => {
  it.each([
    [{ epochs: 0 }, "epochs must be a whole number of at least 1, got 0."],
    [{ logEvery: 1.5 }, "logEvery must be a whole number of at least 1, got 1.5."],
    [{ checkpointEvery: { batches: -1 } }, "checkpointEvery.batches must be a whole number"],
    [{ checkpointEvery: { seconds: 0 } }, "checkpointEvery.seconds must be above 0, got 0."],
    [{ batchesPerEpoch: 5 }, "Epoch 1 has 6 batches, but every epoch must have 5."],
  ])("%j are refused", async (changes, message) => {
    const run = await runs.create(`options ${JSON.stringify(changes).replaceAll(/\W/g, "")}`);
    await expect(train(tinyOptions(run, changes))).rejects.toThrow(message);
  });

  it("that others already act on are refused too: a run that is being trained", async () => {
    const run = await runs.create("busy");
    const options = tinyOptions(run);
    const first = train(options);
    await expect(train(tinyOptions(run))).rejects.toThrow(/is being trained by process/);
    await first;
    writeFileSync(run.lockFile, "left over");
    expect(await train(tinyOptions(run, { resume: true }))).toMatchObject({ stopped: false });
  });
});

describe("memory", () => {
  it.each(["pgd-at", "reat"] as const)("does not grow from step 2 to step 50 with %s", async (name) => {
    const live: number[] = [];
    const options = tinyOptions(await runs.create(`leak ${name}`), { method: tinyMethod(name), epochs: 1 });
    await train({
      ...options,
      batchesPerEpoch: 54,
      batches: (epoch) => ({ count: 54, batch: (b) => options.batches(epoch).batch(b % 6) }),
      checkpointEvery: { batches: 3 },
      onProgress: ({ evaluation }) => {
        if (!evaluation) live.push(liveTensors());
      },
    });
    expect(live).toHaveLength(54);
    expect(live[49]).toBe(live[1]);
    expect(new Set(live.slice(1)).size).toBe(1);
  });

  it("is given back after a run", async () => {
    const options = tinyOptions(await runs.create("given back"), { method: tinyMethod("pgd-at"), epochs: 3 });
    const before = liveTensors();
    await train(options);
    expect(liveTensors()).toBe(before);
  });
});
