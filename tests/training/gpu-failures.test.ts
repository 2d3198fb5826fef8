// Memory that runs out and a GPU that fails in the middle of a run, as LibTorch words them: the checkpoint survives both.
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import type { Method } from "../../src/methods/index.js";
import { asTensorError } from "../../src/tensor/errors.js";
import { train } from "../../src/training/index.js";
import { temporaryRuns, tinyMethod, tinyOptions, weightsOf } from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);

/** REAT, whose step number `step` ends with a message of LibTorch. */
function failing(step: number, message: string): Method {
  const method = tinyMethod("reat");
  let steps = 0;
  return {
    name: method.name,
    warnings: [],
    beginEpoch: (epoch) => method.beginEpoch(epoch),
    step: (batch, context) => {
      steps += 1;
      if (steps < step) return method.step(batch, context);
      return asTensorError(() => {
        throw new Error(message);
      });
    },
    state: () => method.state(),
    restore: (state) => method.restore(state),
    dispose: () => method.dispose(),
  };
}

const outOfMemory =
  "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB of which 1.00 GiB is free. Of the allocated memory 6.00 GiB is allocated by PyTorch, and 0 bytes is reserved by PyTorch but unallocated.";

it.each([
  [
    "memory",
    outOfMemory,
    "In epoch 1, batch 5 of 6: memory ran out with batches of 8 images (2.0 GiB more did not fit into the 8.0 GiB of cuda:0, of which 1.0 GiB were free); batches of 4 would probably fit; the last checkpoint is kept.",
  ],
  [
    "device",
    "CUDA error: an illegal memory access was encountered CUDA kernel errors might be asynchronously reported at some other API call",
    "In epoch 1, batch 5 of 6: the GPU failed (CUDA error: an illegal memory access was encountered); the last checkpoint is kept, and a new process can continue from it.",
  ],
])(
  "%s: the run ends with one sentence and is continued to the same weights",
  async (code, said, sentence) => {
    const run = await runs.create(`failed ${code}`);
    let checkpoint: Buffer | undefined;
    const failed = train(
      tinyOptions(run, {
        method: failing(5, said),
        checkpointEvery: { batches: 3 },
        onProgress: ({ batch }) => {
          if (batch === 4) checkpoint = readFileSync(run.lastCheckpoint);
        },
      }),
    );
    await expect(failed).rejects.toMatchObject({ code, message: sentence });
    expect(checkpoint?.equals(readFileSync(run.lastCheckpoint))).toBe(true);

    const again = tinyOptions(run, { resume: true });
    expect(await train(again)).toMatchObject({ stopped: false });
    const whole = tinyOptions(await runs.create(`never ${code}`));
    await train(whole);
    expect(weightsOf(again.model)).toEqual(weightsOf(whole.model));
  },
);

it("a failure that shows only when something is read is told with the batches done, and nothing is lost", async () => {
  const run = await runs.create("failed late");
  const fails = () =>
    asTensorError((): never => {
      throw new Error("CUDA error: device-side assert triggered");
    });
  const evaluation = { ...tinyOptions(run).evaluation!, run: async () => fails() };
  await expect(train(tinyOptions(run, { evaluation }))).rejects.toMatchObject({
    code: "device",
    message:
      "In epoch 1, after batch 6 of 6: the GPU failed (CUDA error: device-side assert triggered); the last checkpoint is kept, and a new process can continue from it.",
  });
  const again = tinyOptions(run, { resume: true });
  await train(again);
  const whole = tinyOptions(await runs.create("never failed late"));
  await train(whole);
  expect(weightsOf(again.model)).toEqual(weightsOf(whole.model));
});
