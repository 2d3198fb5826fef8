// Measures training by one process with two threads beside two processes with one thread each, in turns, and what the processes send.
//
// Usage, after `npm run setup`, on a machine that does nothing else: node docs/scaling/measure.mjs [rounds]. Writes processes.json beside
// this file; `node docs/scaling/page.mjs` fills docs/scaling.md from it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { trainingBatches } from "reat/data";
import { createMethod, methodOptions } from "reat/methods";
import { buildModel } from "reat/nn";
import { SGD } from "reat/optim";
import {
  Generator,
  ProcessGroup,
  ProcessTeam,
  rand,
  randint,
  setThreads,
  systemInfo,
  zeros,
} from "reat/tensor";
import { currentEnvironment, RunFolder, train } from "reat/training";

const self = fileURLToPath(import.meta.url);
const classCounts = [5000, 3237, 2096, 1357, 878, 568, 368, 238, 154, 100];
const networks = [
  { architecture: "small-resnet", batchSize: 128, warmUp: 2, steps: 6 },
  { architecture: "resnet18", batchSize: 64, warmUp: 1, steps: 3 },
];
const arrangements = [
  { name: "one process, two threads", processes: 1, threads: 2, shards: 1, reduction: "ordered" },
  { name: "one process, two threads, two parts", processes: 1, threads: 2, shards: 2, reduction: "ordered" },
  { name: "two processes, ordered", processes: 2, threads: 1, shards: 2, reduction: "ordered" },
  { name: "two processes, fast", processes: 2, threads: 1, shards: 2, reduction: "fast" },
];

async function worker({ rank, port, folder, arrangement, network }) {
  const { processes, threads, shards, reduction } = arrangement;
  const { architecture, batchSize, warmUp, steps } = network;
  setThreads(threads);
  const group =
    processes === 1 ? null : await ProcessGroup.open({ rank, size: processes, port, host: "127.0.0.1" });
  const count = batchSize * (warmUp + steps);
  const data = new Generator(7);
  const split = {
    images: rand([count, 3, 32, 32], data).mul(255).to("uint8"),
    labels: randint(0, classCounts.length, [count], data),
    count,
  };
  const model = buildModel(architecture, { classes: classCounts.length, generator: new Generator(1) });
  const environment = currentEnvironment("cpu");
  const times = [];
  await train({
    ...{ model, epochs: 1, batchesPerEpoch: warmUp + steps },
    method: createMethod(methodOptions.parse({ name: "reat" }), { classCounts, device: "cpu" }),
    optimizer: new SGD(model.namedParameters(), { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 }),
    run:
      rank === 0
        ? await RunFolder.create(folder, "name: scaling\n", environment)
        : RunFolder.ofAnother(folder),
    team: group && new ProcessTeam(group),
    learningRate: () => 0.1,
    batches: (epoch) => trainingBatches(split, { batchSize, seed: 2, epoch: epoch - 1 }),
    attackGenerator: new Generator(3),
    shards: { count: shards, reduction, seed: 3 },
    ...{ seeds: { order: 2, attack: 3, evaluation: 4 }, settings: {}, logEvery: 1000 },
    onProgress: () => times.push(performance.now()),
  });
  const seconds = times.slice(warmUp).map((time, i) => (time - times[warmUp + i - 1]) / 1000);
  // What a step sends: gradients, running statistics, loss, terms and logits of one part, as float32.
  const buffers = [...model.namedBuffers().values()].filter(({ dtype }) => dtype.includes("float"));
  const numbers = [...model.parameters(), ...buffers].reduce((sum, { size }) => sum + size, 0);
  const row = zeros([numbers + batchSize * classCounts.length]);
  const exchange = group ? await timeExchange(group, row, reduction) : null;
  await group?.close();
  return { seconds, rowBytes: 4 * row.size, exchange };
}

async function timeExchange(group, row, reduction) {
  const taken = [];
  for (let i = 0; i < 7; i++) {
    await group.barrier();
    const began = performance.now();
    if (reduction === "fast") await group.allReduce(row);
    else (await group.allGather(row)).dispose();
    taken.push((performance.now() - began) / 1000);
  }
  return taken.slice(2);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** One run of an arrangement: what its first process measured. */
async function measure(arrangement, network) {
  const folder = mkdtempSync(join(tmpdir(), "reat-scaling-"));
  const port = await freePort();
  const said = await Promise.all(
    Array.from({ length: arrangement.processes }, async (_, rank) => {
      const work = { rank, port, folder: join(folder, "run"), arrangement, network };
      const child = spawn(process.execPath, [self, "--worker", JSON.stringify(work)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
      });
      const [code] = await once(child, "close");
      if (code !== 0) throw new Error(`${arrangement.name} ended with ${code}`);
      return JSON.parse(text);
    }),
  );
  rmSync(folder, { recursive: true });
  return said[0];
}

if (process.argv[2] === "--worker") {
  process.stdout.write(JSON.stringify(await worker(JSON.parse(process.argv[3]))));
  process.exit();
}

const rounds = Number(process.argv[2] ?? 3);
const { revision, reat, node, platform, cpu, cores } = currentEnvironment("cpu");
const load = loadavg()[0];
const results = [];
for (const network of networks) {
  const measured = new Map(
    arrangements.map(({ name }) => [name, { seconds: [], exchange: [], rowBytes: 0 }]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const arrangement of arrangements) {
      const { seconds, exchange, rowBytes } = await measure(arrangement, network);
      const sum = measured.get(arrangement.name);
      sum.seconds.push(...seconds);
      sum.exchange.push(...(exchange ?? []));
      sum.rowBytes = rowBytes;
    }
    process.stderr.write(`${network.architecture}: round ${round + 1} of ${rounds}\n`);
  }
  const rows = arrangements.map((arrangement) => ({ ...arrangement, ...measured.get(arrangement.name) }));
  results.push({ network: network.architecture, batchSize: network.batchSize, arrangements: rows });
}
const record = {
  command: `node docs/scaling/measure.mjs ${rounds}`,
  machine: {
    ...{
      time: new Date().toISOString(),
      cpu,
      cores,
      platform,
      node,
      reat,
      libtorch: systemInfo().torchVersion,
    },
    ...{ commit: revision?.commit ?? null, modified: revision?.modified ?? false, loadBefore: load },
  },
  results,
};
writeFileSync(join(dirname(self), "processes.json"), `${JSON.stringify(record, null, 1)}\n`);
