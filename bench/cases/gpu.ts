// Training steps on a GPU, beside eager PyTorch with its defaults on the same GPU.
import type { Precision } from "reat/nn";
import type { BenchCase } from "../case.js";
import { median, secondsOf } from "../statistics.js";
import type { Repetition, TrainStepWork } from "../work.js";
import { counts10 } from "./counts.js";
import { reatStep } from "./training.js";

/** Steps in one repetition, because one step lasts only milliseconds. */
const steps = 10;
const onGpu: TrainStepWork = { ...reatStep, device: "cuda:0", steps };
const batchesOfEpoch = Math.ceil(counts10.reduce((sum, count) => sum + count, 0) / onGpu.batchSize);

/** Seconds of an epoch, from the time of a step. */
function epochSeconds(repetitions: readonly Repetition[]): number {
  return (median(secondsOf(repetitions)) / steps) * batchesOfEpoch;
}

function gpuCase(name: string, work: TrainStepWork, precision: Precision, least?: number): BenchCase {
  const { method, model, batchSize, attackSteps, tail = "loop" } = work;
  const baseline = tail === "vectorised" ? ", TAIL without a loop over samples" : "";
  return {
    name: `gpu/${name}-${precision}`,
    about: `${steps} training steps of ${method === "reat" ? "REAT" : "PGD-AT"} on CIFAR-10-LT, ${model}, batch ${batchSize}, PGD-${attackSteps}, ${precision}; baseline: eager PyTorch, its defaults${baseline}`,
    ours: { label: "reat", runs: "reat", work: { ...work, precision } },
    baseline: { label: "PyTorch", runs: "pytorch", work },
    threads: 4,
    warmUp: 2,
    numbers: (ours, eager) => ({
      epochSeconds: epochSeconds(ours),
      baselineEpochSeconds: epochSeconds(eager),
    }),
    ...(least !== undefined && {
      targets: {
        ratio: { text: `at least ${least} × faster than the baseline`, atLeast: least },
        ...(model === "resnet18" && {
          epochSeconds: { text: "an epoch in at most 3 s", atMost: 3 },
        }),
      },
    }),
  };
}

const precisions = ["bfloat16", "tf32", "float32"] as const satisfies readonly Precision[];

/** @param usable whether there is a CUDA device */
export function gpuCases(usable: boolean): BenchCase[] {
  // Only the fastest precision has targets; the others are for comparison.
  const target = (precision: Precision, least: number) => (precision === "bfloat16" ? least : undefined);
  const wide: TrainStepWork = { ...onGpu, model: "wrn28_10" };
  const cases = [
    ...precisions.map((precision) => gpuCase("reat", onGpu, precision, target(precision, 5))),
    gpuCase("reat-vectorised-tail", { ...onGpu, tail: "vectorised" }, "bfloat16", 5),
    ...precisions.map((precision) => gpuCase("pgd-at", { ...onGpu, method: "pgd-at" }, precision)),
    ...precisions.map((precision) => ({
      ...gpuCase("reat-wrn28-10", wide, precision, target(precision, 3)),
      mostRepeats: 3,
      warmUp: 1,
    })),
  ];
  return cases.map((one) => ({ ...one, ...(!usable && { lacks: "it needs a CUDA device" }) }));
}
