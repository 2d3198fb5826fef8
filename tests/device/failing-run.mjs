// A tiny run in a process of its own on the device named first, in the folder named second: a label that no class has makes the
// GPU fail in epoch 2, unless a third argument "mended" is given. It runs from dist.
const room = (name) => import(new URL(`../../dist/${name}/index.js`, import.meta.url).href);
const { Generator, rand, randint, tensor } = await room("tensor");
const { buildModel } = await room("nn");
const { createMethod, methodOptions } = await room("methods");
const { SGD } = await room("optim");
const { currentEnvironment, RunFolder, train } = await room("training");

const [device, folder, mended] = process.argv.slice(2);
const classCounts = [24, 12, 8, 4];
const data = new Generator(7);
const images = rand([48, 3, 32, 32], data).to(device);
const labels = randint(0, classCounts.length, [48], data).to(device);
const model = buildModel("smallcnn", { classes: classCounts.length, generator: new Generator(1) });
model.to(device);
const method = createMethod(methodOptions.parse({ name: "pgd-at", attack: { steps: 2 } }), {
  classCounts,
  device,
});
const environment = currentEnvironment(device);
const run = RunFolder.isRun(folder)
  ? RunFolder.open(folder, environment)
  : await RunFolder.create(folder, "name: failing\n", environment);

try {
  const { epoch } = await train({
    model,
    method,
    optimizer: new SGD(model.namedParameters(), { learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 }),
    learningRate: () => 0.01,
    epochs: 3,
    batchesPerEpoch: 6,
    batches: (epoch) => ({
      count: 6,
      batch: (b) => {
        const spoiled = epoch === 2 && b === 3 && mended !== "mended";
        const own = labels.slice(0, 8 * b, 8 * b + 8);
        return {
          images: images.slice(0, 8 * b, 8 * b + 8),
          labels: spoiled ? own.add(tensor([1000], { dtype: "int64", device })) : own,
        };
      },
    }),
    attackGenerator: new Generator(3, device),
    run,
    seeds: { attack: 3 },
    settings: { batchSize: 8 },
    resume: true,
    logEvery: 2,
  });
  console.log(`done after epoch ${epoch}`);
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
