// Uses reat as a library: trains a small network with REAT on long-tailed data, and measures how robust it has become.
import { evaluateRun, parseConfig, runExperiment } from "reat";

// Your own images: `source: "photos/"`, one folder per class.
const config = parseConfig({
  name: "library-example",
  data: { source: "synthetic", subset: { imbalance: 10, maxPerClass: 200 } },
  model: { architecture: "small-resnet" },
  method: { name: "reat", attack: { epsilon: "8/255", stepSize: "4/255", steps: 3 } },
  training: { epochs: 3, batchSize: 64, milestones: [2], select: "last", evaluationImages: 200 },
  evaluation: { images: 200 },
});
const { run } = await runExperiment(config, {
  reporter: (event) => event.type === "epoch" && console.log(`epoch ${event.epoch}: loss ${event.loss}`),
});
const { results } = await evaluateRun(run.path, { attacks: ["pgd-20"], checkpoints: ["last"] });
for (const { attack, clean, robust } of results) {
  console.log(
    `clean ${clean.accuracy}, ${attack.name} ${robust.accuracy}, tail classes ${robust.groups.tail}`,
  );
}
