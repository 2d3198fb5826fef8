// Groups of two and three processes on this machine: what they compute together, and what becomes of the others when one fails.
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import {
  batchNorm,
  grad,
  ProcessGroup,
  type ProcessGroupOptions,
  scope,
  tensor,
} from "../../src/tensor/index.js";
import { gpuKey } from "../../src/tensor/process-group.js";
import { Crew, freePort, type Member } from "../crew.js";

// The fourth takes the place of the first one that is killed.
const crew = new Crew(fileURLToPath(new URL("group-member.mjs", import.meta.url)), 4);
afterAll(() => crew.dispose());
const group = (size: number, work: string, timeout?: number) => crew.together(size, { work, timeout });

interface Told extends Record<string, unknown> {
  readonly error?: string;
}
const told = async ({ said }: Member) => (await said()) as Told;

const channels = 2;

/** The normalisation of "group-member.mjs" by one process, of all images. */
function wholeBatchNorm(size: number, meanLoss: boolean): number[][] {
  return scope(() => {
    const ofRank = (rank: number) =>
      Array.from({ length: 4 * (rank + 1) }, (_, at) => Math.sin(7 * at + 3 * rank));
    const f64 = (values: readonly number[], shape = [values.length]) =>
      tensor(Float64Array.from(values), { shape, dtype: "float64" });
    const values = [...Array(size).keys()].flatMap(ofRank);
    const input = f64(values, [values.length / 4, channels, 1, 2]).requiresGrad_();
    const [weight, bias] = [f64([2, 0.5]).requiresGrad_(), f64([0.1, -1]).requiresGrad_()];
    const [runningMean, runningVar] = [f64([0, 1]), f64([1, 3])];
    const state = { weight, bias, runningMean, runningVar, momentum: 0.1, eps: 1e-5 };
    const output = batchNorm(input, { ...state, training: true });
    const cubes = output.mul(output).mul(output);
    const gradients = grad(meanLoss ? cubes.mean() : cubes.sum(), [input, weight, bias]);
    return [output, ...gradients, runningMean, runningVar].map((each) => each.toArray());
  });
}

/** What processes computed of their images, as one would tell it: a mean's gradients count by each process's share of the images. */
function joined(ofEach: readonly number[][][], size: number, meanLoss: boolean): number[][] {
  const images = (size * (size + 1)) / 2;
  const share = (rank: number) => (meanLoss ? (rank + 1) / images : 1);
  const [outputs, inputs] = [0, 1].map((at) =>
    ofEach.flatMap((own, rank) => own[at]!.map((value) => value * (at === 1 ? share(rank) : 1))),
  );
  const sums = [2, 3].map((at) =>
    [...Array(channels).keys()].map((c) =>
      ofEach.reduce((sum, own, rank) => sum + own[at]![c]! * share(rank), 0),
    ),
  );
  return [outputs!, inputs!, ...sums, ...ofEach[0]!.slice(4)];
}

function expectNear(found: readonly number[][], wanted: readonly number[][]): void {
  expect(found.map(({ length }) => length)).toEqual(wanted.map(({ length }) => length));
  const apart = found.flatMap((values, at) => values.map((value, i) => Math.abs(value - wanted[at]![i]!)));
  expect(Math.max(...apart)).toBeLessThan(1e-12);
}

describe("a group", () => {
  it.each([1, 2, 3])("of %i: all have the sum, everybody's tensor in order, and the root's", async (size) => {
    const ranks = [...Array(size).keys()];
    const own = (rank: number) => [1.5, 2.5].map((value) => value * 10 ** rank);
    const wanted = {
      sum: [0, 1].map((at) => ranks.reduce((sum, rank) => sum + own(rank)[at]!, 0)),
      gathered: [[size, 1, 2], ranks.flatMap(own)],
      shared: own(size - 1),
    };
    const all = await group(size, "all");
    const found = await Promise.all(all.map(told));
    for (const { normalised: _n, ...others } of found) expect(others).toEqual(wanted);
    const normalised = found.map((each) => each.normalised as number[][][]);
    for (const [at, meanLoss] of [true, false].entries()) {
      const ofEach = normalised.map((both) => both[at]!);
      expectNear(joined(ofEach, size, meanLoss), wholeBatchNorm(size, meanLoss));
      for (const own of ofEach) expect(own.slice(4)).toEqual(ofEach[0]!.slice(4));
    }
  });

  it("waits beside JavaScript, whose timers go on", async () => {
    const [first, second] = await Promise.all((await group(2, "late")).map(told));
    expect(first!.ticks).toBeGreaterThan(10);
    expect(second!.ticks).toBeGreaterThan(10);
  });
});

// Those that remain work on in groups of other processes.
describe("a member that fails", () => {
  it("is named where it is the first one, with whom the others met", async () => {
    const all = await group(3, "forever");
    for (const { said } of all) expect(await said()).toBe("ready");
    all[0]!.child.kill("SIGKILL");
    for (const rank of [1, 2]) {
      const { error, code } = await told(all[rank]!);
      expect(error).toMatch(new RegExp(`^Process ${rank} of 3 lost process 0 while adding: .*[^.]\\.$`));
      expect(code).toBe("environment");
    }
  });

  it("by a kill ends the others' call, and does not drag one along that computes for long", async () => {
    const all = await group(3, "busy");
    for (const { said } of all) expect(await said()).toBe("ready");
    all[1]!.child.kill("SIGKILL");
    for (const rank of [0, 2]) {
      const { error } = await told(all[rank]!);
      expect(error).toMatch(new RegExp(`^Process ${rank} of 3 lost process 1 while adding: `));
    }
  });

  it.concurrent("by a stop ends the others' call when their time is over", async () => {
    const [first, second] = await group(2, "forever", 2);
    for (const { said } of [first!, second!]) expect(await said()).toBe("ready");
    const began = Date.now();
    second!.child.kill("SIGSTOP");
    const { error } = await told(first!);
    expect(error).toMatch(/^Process 0 of 2 lost process 1 while adding: .*(time|Timed)/i);
    expect(Date.now() - began).toBeGreaterThan(1500);
  });

  it.concurrent("by never coming is told by those who wait", async () => {
    const alone = ProcessGroup.open({
      rank: 0,
      size: 2,
      host: "127.0.0.1",
      port: await freePort(),
      timeout: 1,
    });
    await expect(alone).rejects.toThrow(
      /^Process 0 of 2 did not meet the others at 127\.0\.0\.1:\d+ within 1 s: .*[^.]\.$/,
    );
  });
});

describe("two processes have the same GPU", () => {
  it.each([
    ["cuda:0", {}, "cuda:0", {}, true],
    ["cuda:0", {}, "cuda:1", {}, false],
    ["cuda:0", { CUDA_VISIBLE_DEVICES: "2,3" }, "cuda:1", { CUDA_VISIBLE_DEVICES: "3, 2" }, true],
    ["cuda:0", { CUDA_VISIBLE_DEVICES: "2" }, "cuda:0", { CUDA_VISIBLE_DEVICES: "3" }, false],
    ["cuda:0", { CUDA_VISIBLE_DEVICES: "1" }, "cuda:1", {}, true],
  ] as const)("%s with %j and %s with %j: %s", (device, env, other, otherEnv, same) => {
    const [ours, theirs] = [gpuKey(device, env), gpuKey(other, otherEnv)];
    expect(Buffer.compare(ours, theirs) === 0).toBe(same);
  });
});

describe("what is refused", () => {
  const options = { rank: 0, size: 2, host: "127.0.0.1", port: 29500 };
  it.each<[Partial<ProcessGroupOptions>, string]>([
    [{ rank: 2 }, "A rank of 2 was given; accepted is from 0 to 1."],
    [{ size: 0, rank: 0 }, "A number of processes of 0 was given; accepted is a whole number of at least 1."],
    [{ port: 0 }, "A port of 0 was given; accepted is from 1 to 65535."],
    [{ timeout: 0 }, "A time limit of 0 seconds was given; it must be above 0."],
  ])("%j", async (wrong, message) => {
    await expect(ProcessGroup.open({ ...options, ...wrong })).rejects.toThrow(message);
  });

  it("a port that is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const taken = ProcessGroup.open({ ...options, port, timeout: 2 });
    await expect(taken).rejects.toThrow(
      /^Process 0 of 2 did not meet the others at 127\.0\.0\.1:\d+ within 2 s: /,
    );
    server.close();
  });

  it("a host that nobody knows", async () => {
    await expect(ProcessGroup.open({ ...options, host: "nowhere.invalid", timeout: 2 })).rejects.toThrow(
      /^Process 0 of 2 did not meet the others at nowhere\.invalid:29500 within 2 s: getaddrinfo/,
    );
  });

  it("a tensor that does not lie in one piece, and a group that was closed", async () => {
    await using alone = await ProcessGroup.open({ ...options, size: 1, port: await freePort() });
    const twisted = tensor([1, 2, 3, 4], { shape: [2, 2] }).transpose(0, 1);
    const refused = /^A tensor that processes share must be contiguous .*got float32\[2,2\]\.$/;
    await expect(alone.allReduce(twisted)).rejects.toThrow(refused);
    await alone.close();
    await expect(alone.barrier()).rejects.toThrow("The group of processes was closed.");
  });
});
