// A process for the tests of process groups: joins the groups that lines of JSON name, does what they say, and prints what it found as a line.
import { createInterface } from "node:readline";
import { grad, ProcessGroup, setThreads, tensor } from "reat/tensor";

setThreads(1);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
let ticks = 0;
setInterval(() => ticks++, 10).unref();

const f64 = (values, shape) => tensor(Float64Array.from(values), { shape, dtype: "float64" });

/** Batch normalisation of this process's `rank + 1` images of 2 channels and 1×2 pixels. */
function normalised(group, meanLoss) {
  const images = group.rank + 1;
  const values = Array.from({ length: 4 * images }, (_, at) => Math.sin(7 * at + 3 * group.rank));
  const input = f64(values, [images, 2, 1, 2]).requiresGrad_();
  const [weight, bias] = [f64([2, 0.5], [2]).requiresGrad_(), f64([0.1, -1], [2]).requiresGrad_()];
  const [runningMean, runningVar] = [f64([0, 1], [2]), f64([1, 3], [2])];
  const state = { weight, bias, runningMean, runningVar, momentum: 0.1, eps: 1e-5, meanLoss };
  const output = group.batchNorm(input, state);
  const cubes = output.mul(output).mul(output);
  const gradients = grad(meanLoss ? cubes.mean() : cubes.sum(), [input, weight, bias]);
  return [output, ...gradients, runningMean, runningVar].map((each) => each.toArray());
}

const works = {
  async all(group) {
    const own = () => tensor([1.5, 2.5].map((value) => value * 10 ** group.rank));
    const sum = own();
    await group.allReduce(sum);
    const gathered = await group.allGather(own().reshape([1, 2]));
    const shared = own();
    await group.broadcast(shared, group.size - 1);
    await group.barrier();
    const told = {
      sum: sum.toArray(),
      gathered: [gathered.shape, gathered.toArray()],
      shared: shared.toArray(),
    };
    say({ ...told, normalised: [true, false].map((meanLoss) => normalised(group, meanLoss)) });
  },
  /** The last process comes late; the others' JavaScript goes on. */
  async late(group) {
    const before = ticks;
    if (group.rank === group.size - 1) await new Promise((resolve) => setTimeout(resolve, 600));
    await group.barrier();
    say({ ticks: ticks - before });
  },
  /** Waits for ever, until somebody is killed. */
  async forever(group) {
    say("ready");
    for (;;) {
      await group.allReduce(tensor([1]));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
  /** As for ever, but the last one computes for longer than a roll call listens. */
  async busy(group) {
    say("ready");
    // Its JavaScript does nothing else meanwhile.
    if (group.rank === group.size - 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
    for (;;) await group.allReduce(tensor([1]));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { rank, size, port, work, timeout = 20 } = JSON.parse(line);
  let group;
  try {
    group = await ProcessGroup.open({ rank, size, port, host: "127.0.0.1", timeout });
    await works[work](group);
  } catch (error) {
    say({ error: error.message, code: error.code });
  }
  await group?.close();
}
process.exit();
