// A whole tiny run in a process of its own, which kills itself with SIGKILL at the moment that KILL_AT names.
// It runs from dist, which the test command's set-up has just compiled.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
const [moment, nth] = (process.env.KILL_AT ?? "never:0").split(":");
let seen = 0;
const reached = (name) => name === moment && ++seen === Number(nth);
const die = () => {
  process.kill(process.pid, "SIGKILL");
  // The signal may take a moment to arrive; nothing may happen in it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

// The moments inside of writing: half of a checkpoint, before and after the rename, half of a line of the log.
const { writeSync } = fs;
const { rename, open } = fs.promises;
fs.promises.open = async (path, flags) => {
  const handle = await open(path, flags);
  const write = handle.write.bind(handle);
  if (String(path).endsWith(".safetensors.tmp")) {
    handle.write = async (bytes, offset, length) => {
      if (!reached("half-checkpoint")) return write(bytes, offset, length);
      await write(bytes, offset, length >> 1);
      return die();
    };
  }
  return handle;
};
fs.promises.rename = async (from, to) => {
  if (reached("before-rename")) die();
  await rename(from, to);
  if (reached("after-rename")) die();
};
fs.writeSync = (file, bytes, offset, length, position) => {
  if (position === undefined || !reached("half-line"))
    return writeSync(file, bytes, offset, length, position);
  writeSync(file, bytes, offset, length >> 1, position);
  return die();
};
syncBuiltinESMExports();

const from = (name) => import(new URL(`../../dist/${name}/index.js`, import.meta.url).href);
const { BatchNorm, Conv2d, ImageClassifier, Linear } = await from("nn");
const { Generator, rand, randint, setThreads } = await from("tensor");
const { classGroups, evaluationBatches, trainingBatches } = await from("data");
const { createMethod, methodOptions } = await from("methods");
const { SGD, stepSchedule } = await from("optim");
const { namedAttack } = await from("attacks");
const { evaluate } = await from("evaluation");
const { currentEnvironment, RunFolder, train } = await from("training");

setThreads(1);
const classCounts = [24, 12, 8, 4];

class TinyModel extends ImageClassifier {
  architecture = "tiny";
  classes = classCounts.length;
  featureSize = 6;

  constructor(generator) {
    super();
    this.conv = this.child("conv", new Conv2d(3, 6, generator));
    this.norm = this.child("norm", new BatchNorm(6));
    this.head = this.child("head", new Linear(6, this.classes, generator));
  }

  features(images) {
    return this.norm.forward(this.conv.forward(images)).relu().mean([2, 3]);
  }

  classify(features) {
    return this.head.forward(features);
  }
}

const data = new Generator(7);
const images = rand([48, 3, 8, 8], data).mul(255).to("uint8");
const labels = randint(0, 4, [48], data);
const split = { images, labels, count: 48 };
const model = new TinyModel(new Generator(1));
const method = createMethod(
  methodOptions.parse({ name: "reat", attack: { steps: 2, batchNorm: "batch" }, tail: { form: "paper" } }),
  { classCounts, device: "cpu" },
);
const optimizer = new SGD(model.namedParameters(), { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 });
const environment = currentEnvironment("cpu");
const run = RunFolder.isRun(folder)
  ? RunFolder.open(folder, environment)
  : await RunFolder.create(folder, "name: tiny\n", environment);

await train({
  model,
  method,
  optimizer,
  learningRate: stepSchedule({ base: 0.1, milestones: [2], factor: 0.1 }),
  epochs: 4,
  batchesPerEpoch: 6,
  batches: (epoch) =>
    trainingBatches(split, { batchSize: 8, seed: 2, epoch: epoch - 1, augmentation: { padding: 1 } }),
  attackGenerator: new Generator(3),
  run,
  seeds: { order: 2, attack: 3, evaluation: 4 },
  settings: { batchSize: 8 },
  resume: true,
  evaluation: {
    split: "test",
    attack: "pgd-2",
    everyEpochs: 1,
    run: async ({ signal }) => {
      if (reached("measuring")) die();
      const attacks = [namedAttack("pgd-2")];
      const batches = evaluationBatches(split, 24);
      const groups = classGroups(classCounts);
      const { clean, attacks: measured } = await evaluate({
        model,
        batches,
        groups,
        attacks,
        seed: 4,
        signal,
      });
      return { clean, robust: measured[0].report };
    },
  },
  checkpointEvery: { batches: 4 },
  logEvery: 2,
  onProgress: () => {
    if (reached("batch")) die();
  },
});
fs.writeFileSync(join(folder, "done"), "");
