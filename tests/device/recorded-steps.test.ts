// Training steps that are recorded and repeated, as on a GPU, against the same steps run one by one: same log, near weights.
import { afterAll, expect, it } from "vitest";
import { createMethod, methodNames, methodOptions } from "../../src/methods/index.js";
import { setLevers } from "../../src/nn/index.js";
import { SGD } from "../../src/optim/index.js";
import { train } from "../../src/training/index.js";
import { describeOnDevice, testDevice } from "../test-device.js";
import { classCounts, eventsOf, TinyModel, temporaryRuns, weightsOf } from "../training/tiny-run.js";
import { deviceOptions, largestDifference, logTolerance } from "./device-run.js";

/** A model whose last layer alone moves in the first epoch. */
function learnerAtRest() {
  const model = new TinyModel();
  model.to(testDevice);
  const settingsOf = (name: string) => (name.startsWith("head.") ? {} : { frozenEpochs: 1 });
  const rates = { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 };
  return { model, optimizer: new SGD(model.namedParameters(), { ...rates, settingsOf }) };
}

describeOnDevice("recorded training steps", () => {
  const runs = temporaryRuns();
  afterAll(runs.remove);

  const cases = [...methodNames.map((name) => [name, false] as const), ["pgd-at", true] as const];
  it.each(cases)("%s, its backbone at rest in the first epoch: %s", async (name, rests) => {
    const trained = async (recordedSteps: boolean) => {
      const run = await runs.create(`${name} ${rests} ${recordedSteps}`);
      const options = methodOptions.parse({ name, ...(name !== "plain" && { attack: { steps: 2 } }) });
      const settings = deviceOptions(run, {
        method: createMethod(options, { classCounts, device: testDevice, epochs: 2 }),
        evaluation: null,
        ...(rests && learnerAtRest()),
      });
      const restore = setLevers({ recordedSteps });
      try {
        await train(settings);
      } finally {
        restore();
      }
      const events = eventsOf(run);
      const losses = events.flatMap((event) => (event.type === "batch" ? [event.loss] : []));
      return { events, losses, weights: weightsOf(settings.model), state: settings.attackGenerator.state() };
    };
    const [recorded, alone] = [await trained(true), await trained(false)];
    const warnings = recorded.events.filter(({ type }) => type === "warning");
    expect(warnings.filter((event) => "name" in event && event.name === "steps-not-recorded")).toEqual([]);
    expect(recorded.losses).toHaveLength(6);
    const losses = largestDifference(recorded.losses, alone.losses);
    const weights = largestDifference(recorded.weights, alone.weights);
    console.log(`${name}: recorded or one by one, losses differ by ${losses} at most, weights by ${weights}`);
    expect(losses).toBeLessThanOrEqual(logTolerance);
    expect(recorded.state).toEqual(alone.state);
  });
});
