// A process of tiny trainings in parts, alone or in groups, as lines of JSON say, for the tests of training with several processes. It runs from
// dist.
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { namedAttack } from "reat/attacks";
import { classGroups, evaluationBatches, trainingBatches } from "reat/data";
import { evaluate } from "reat/evaluation";
import { createMethod, methodOptions } from "reat/methods";
import { BatchNorm, Conv2d, ImageClassifier, Linear, VisionTransformer } from "reat/nn";
import { SGD } from "reat/optim";
import { Generator, ProcessGroup, ProcessTeam, rand, randint, setThreads } from "reat/tensor";
import { currentEnvironment, RunFolder, train } from "reat/training";

setThreads(1);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
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

/** Half of the last of three blocks' branches, and a quarter of those before them, are left out. */
function shallowTransformer(generator) {
  const sizes = { architecture: "tiny-vit", patch: 4, width: 8, blocks: 3, heads: 2 };
  const dropPath = { rate: 0.5, generator };
  const side = { height: 8, width: 8 };
  return new VisionTransformer(sizes, classCounts.length, new Generator(1), "linear", side, dropPath);
}

async function run(given) {
  const {
    rank,
    size,
    port,
    folder,
    epochs = 2,
    stopAt,
    pause,
    timeout = 20,
    reduction = "ordered",
    shards = 3,
    recipe = { name: "reat" },
    tailOver = "part",
    batchNorm = "part",
    cutMix = null,
    device = "cpu",
    stochasticDepth = false,
  } = given;
  const data = new Generator(7);
  const split = {
    images: rand([48, 3, 8, 8], data).mul(255).to("uint8").to(device),
    labels: randint(0, 4, [48], data).to(device),
    count: 48,
  };
  const attackGenerator = new Generator(3, device);
  const model = stochasticDepth ? shallowTransformer(attackGenerator) : new TinyModel(new Generator(1));
  model.to(device);
  const method = createMethod(methodOptions.parse({ attack: { steps: 2, batchNorm: "batch" }, ...recipe }), {
    ...{ classCounts, device },
  });
  const optimizer = new SGD(model.namedParameters(), { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 });
  const own = new AbortController();

  let group = null;
  try {
    if (size > 1) group = await ProcessGroup.open({ rank, size, port, host: "127.0.0.1", timeout });
    const team = group && new ProcessTeam(group, own.signal);
    const environment = currentEnvironment(device);
    const leads = rank === 0;
    const run = !leads
      ? RunFolder.ofAnother(folder)
      : existsSync(folder)
        ? RunFolder.open(folder, environment)
        : await RunFolder.create(folder, "name: tiny\n", environment);
    const outcome = await train({
      ...{ model, method, optimizer, epochs, run, team, signal: own.signal },
      learningRate: () => 0.1,
      batchesPerEpoch: 4,
      batches: (epoch) =>
        trainingBatches(split, {
          batchSize: 13,
          seed: 2,
          epoch: epoch - 1,
          augmentation: { padding: 1 },
          cutMix,
        }),
      attackGenerator,
      shards: { count: shards, reduction, seed: 3, tailOver, batchNorm },
      seeds: { order: 2, attack: 3, evaluation: 4 },
      settings: { batchSize: 13 },
      resume: true,
      evaluation: {
        ...{ split: "test", attack: "pgd-2", everyEpochs: 1 },
        run: async ({ signal }) => {
          const batches = evaluationBatches(split, 10);
          const groups = classGroups(classCounts);
          const attacks = [namedAttack("pgd-2")];
          const { clean, attacks: measured } = await evaluate({
            ...{ model, batches, groups, attacks, seed: 4, team, signal },
          });
          return { clean, robust: measured[0].report };
        },
      },
      logEvery: 1,
      onProgress: ({ epoch, batch, evaluation }) => {
        if (evaluation) return;
        if (stopAt && stopAt.rank === rank && epoch === stopAt.epoch && batch === stopAt.batch)
          own.abort(new Error("asked"));
        if (pause && pause.rank === rank && epoch === pause.epoch && batch === pause.batch) {
          say("here");
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        }
      },
    });
    say({ stopped: outcome.stopped, epoch: outcome.epoch, batch: outcome.batch });
    await group?.close();
  } catch (error) {
    say({ error: error.message, code: error.code });
  }
}

for await (const line of createInterface({ input: process.stdin })) await run(JSON.parse(line));
process.exit();
