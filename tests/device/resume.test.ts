// A run on the device that REAT_TEST_DEVICE names, stopped and continued, ends as one that never was: same log, near weights.
import { afterAll, expect, it } from "vitest";
import { generateSynthetic, syntheticDefaults, trainingBatches, uploadSplit } from "../../src/data/index.js";
import { createMethod, type MethodName, methodOptions } from "../../src/methods/index.js";
import { type Device, scope } from "../../src/tensor/index.js";
import { type RunFolder, type TrainingOptions, train } from "../../src/training/index.js";
import { describeOnDevice, testDevice } from "../test-device.js";
import { classCounts, eventsOf, temporaryRuns, weightsOf } from "../training/tiny-run.js";
import { deviceOptions, largestDifference, logTolerance } from "./device-run.js";

/** The log without what a clock decides and without the lines that tell of stopping and continuing. */
function history(run: RunFolder): unknown[] {
  return (eventsOf(run) as unknown as Record<string, unknown>[])
    .filter(({ type, resumedFrom }) => type !== "stopped" && (type !== "start" || resumedFrom === null))
    .map(({ time: _t, seconds: _s, imagesPerSecond: _i, ...event }) => event);
}

describeOnDevice("a run that is stopped and continued", () => {
  const runs = temporaryRuns();
  afterAll(runs.remove);

  const method = (name: MethodName) =>
    createMethod(methodOptions.parse({ name, attack: { steps: 2 } }), { classCounts, device: testDevice });

  it.each(["reat", "pgd-at"] as const)("%s", async (name) => {
    const wholeRun = await runs.create(`${name} whole`);
    const whole = deviceOptions(wholeRun, { method: method(name) });
    await train(whole);

    const run = await runs.create(`${name} stopped`);
    const stopAfter = async (batches: number) => {
      const stop = new AbortController();
      let seen = 0;
      const changes: Partial<TrainingOptions> = {
        method: method(name),
        resume: true,
        signal: stop.signal,
        onProgress: ({ evaluation }) => {
          if (evaluation === null && ++seen === batches) stop.abort("for the test");
        },
      };
      const options = deviceOptions(run, changes);
      return { options, outcome: await train(options) };
    };
    expect((await stopAfter(2)).outcome).toMatchObject({ stopped: true, epoch: 1, batch: 2 });
    expect((await stopAfter(7)).outcome).toMatchObject({ stopped: true, epoch: 2 });
    const { options, outcome } = await stopAfter(Number.POSITIVE_INFINITY);
    expect(outcome.stopped).toBe(false);

    const [ours, theirs] = [weightsOf(options.model), weightsOf(whole.model)];
    const weights = largestDifference(ours, theirs, "weights");
    const log = largestDifference(history(run), history(wholeRun));
    console.log(`${name}: weights differ by ${weights} at most, the log by ${log}`);
    expect(log).toBeLessThanOrEqual(logTolerance);
    expect(options.attackGenerator.device).toBe(testDevice);
    expect(options.attackGenerator.state()).toEqual(whole.attackGenerator.state());
  });

  it("draws the images in the same order and cut, on every device", () => {
    const { model, batches } = deviceOptions({} as RunFolder);
    expect(model.parameters()[0]!.device).toBe(testDevice);
    const first = batches(1).batch(0).images;
    const onCpu = deviceOptions({} as RunFolder, {}, "cpu")
      .batches(1)
      .batch(0).images;
    expect(first.to("cpu").toArray()).toEqual(onCpu.toArray());
  });

  it.each(["idbh-strong", "autoaugment"] as const)(
    "draws the same images with %s, on every device",
    (strong) => {
      const dataset = generateSynthetic({ ...syntheticDefaults, trainPerClass: 16, testPerClass: 1 });
      const drawn = (device: Device) => {
        using split = uploadSplit(dataset, dataset.train, device);
        return scope(() => {
          const { images } = trainingBatches(split, { batchSize: 64, seed: 1, epoch: 0, strong }).batch(0);
          expect(images.device).toBe(device);
          return images.to("cpu").toArray();
        });
      };
      expect(drawn(testDevice)).toEqual(drawn("cpu"));
    },
  );
});
