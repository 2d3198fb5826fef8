// A folder of many runs that are like real ones: one is trained, the others are it with other settings and longer logs.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";

const program = fileURLToPath(new URL("../../bin/reat.js", import.meta.url));
const epochs = 80;

const training = `
name: template
data: { source: synthetic, subset: { profile: exponential, imbalance: 10, maxPerClass: 20 } }
model: { architecture: smallcnn }
method: { name: reat, attack: { steps: 1 } }
training: { epochs: 1, batchSize: 32, milestones: [], evaluationAttack: pgd-1, evaluationImages: 100, logEvery: 1 }
evaluation: { attacks: [pgd-1], images: 100 }
threads: 1
`;

interface Event extends Record<string, unknown> {
  readonly type: string;
}

/** Runs with every default in their configurations and 80 epochs in their logs, in threes of other seeds. */
export function writeManyRuns(folder: string, count: number): void {
  const template = trained(join(folder, "..", "template"));
  const config = parse(readFileSync(join(template, "config.yaml"), "utf8"));
  const environment = readFileSync(join(template, "environment.json"), "utf8");
  const events = readFileSync(join(template, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
  const of = (type: string) => events.filter((event) => event.type === type);
  const [start, end] = [of("start")[0]!, of("end")[0]!];
  for (let i = 0; i < count; i++) {
    const [seed, variant] = [i % 3, Math.floor(i / 3)];
    const method = ["reat", "pgd-at", "trades", "mart"][variant % 4]!;
    const learningRate = [0.1, 0.05, 0.02, 0.01][Math.floor(variant / 4) % 4]!;
    const weightDecay = (1 + Math.floor(variant / 16)) * 1e-4;
    const name = `${method}-lr${learningRate}-wd${weightDecay.toFixed(4)}-seed${seed}`;
    const run = join(folder, `${String(variant).padStart(3, "0")}-${name}`);
    mkdirSync(join(run, "evaluations"), { recursive: true });
    const own = {
      ...{ ...config, name, method: { ...config.method, name: method } },
      training: { ...config.training, epochs, learningRate, weightDecay },
      seeds: { ...config.seeds, initialisation: seed, order: seed },
    };
    writeFileSync(join(run, "config.yaml"), stringify(own));
    writeFileSync(join(run, "environment.json"), environment);
    const log: Event[] = [{ ...start, epochs }];
    for (let epoch = 1; epoch <= epochs; epoch++) {
      for (const type of ["batch", "epoch", "evaluation"]) {
        for (const event of of(type)) log.push({ ...event, epoch, loss: 2.3 / (1 + epoch / 20 + seed / 50) });
      }
    }
    log.push(end);
    writeFileSync(join(run, "metrics.jsonl"), log.map((event) => `${JSON.stringify(event)}\n`).join(""));
  }
}

function trained(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "template.yaml");
  writeFileSync(file, training);
  const options = { cwd: folder, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync(process.execPath, [program, "train", file], options);
  if (status !== 0) throw new Error(`The training of the template failed: ${stderr}`);
  return join(folder, "runs", "template");
}
