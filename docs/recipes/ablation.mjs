// Prints the commands that take a preset's parts away one at a time, with three seeds each, and measure what is left.
// `node docs/recipes/ablation.mjs --data cifar-10-binary.tar.gz` prints them; `… | sh` runs them one after another, and a run that is there is continued.
import { parseArgs } from "node:util";

const options = {
  data: { type: "string" },
  preset: { type: "string", default: "cifar10-lt-ur50-laptop" },
  epochs: { type: "string", default: "60" },
  seeds: { type: "string", default: "1,2,3" },
  runs: { type: "string", default: "runs/ablation" },
};
const { values } = parseArgs({ options });

const epochs = Number(values.epochs);
if (!(Number.isInteger(epochs) && epochs >= 4)) {
  console.error(`--epochs is ${values.epochs}; accepted: a whole number of at least 4.`);
  process.exit(2);
}
// The arms whose rule looks at the training so far begin when half of it is over.
const half = Math.floor(epochs / 2) + 1;

/** What an arm changes in the preset. "base" is the preset itself; the others take a part away, or put one in. */
const arms = {
  base: [],
  "fixed-epsilon": ["method.attackRamp={over: 0.0001}"],
  "ten-steps": ["method.attack.steps=10", "method.attack.stepSize=2/255"],
  "no-average": ["training.weightAverage.decay=0"],
  "plain-loss": ["method.loss=ce"],
  "idbh-weak": ["training.strongAugmentation=idbh-weak"],
  smoothing: ["method.labelSmoothing=0.1"],
  cutmix: ["training.cutMix={}"],
  "cutmix-balanced": ["training.cutMix={second: balanced}"],
  awp: ["method.weightPerturbation={gamma: 0.005}"],
  robustlt: ["method.classBudget={}"],
  cfa: [`method.cfa={from: ${half}}`],
  dafa: [`method.dafa={from: ${half}}`],
  gkl: ["method.gkl={}"],
  rebat: [`method.rebat={from: ${half}}`],
};

/** Seeds that a trained network depends on; the subset and the evaluation's attacks stay the same. */
const seedKeys = ["initialisation", "order", "attack"];

const quoted = (word) => (/^[\w./=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

function commandsOf(name, changes, seed) {
  const run = `${values.runs}/${name}-${seed}`;
  const sets = [
    ...changes,
    `training.epochs=${values.epochs}`,
    ...seedKeys.map((key, i) => `seeds.${key}=${100 * Number(seed) + i}`),
    "evaluation.attacks=[pgd-20]",
  ];
  const train = [
    ...["reat", "train", values.preset, "--name", `${name}-${seed}`, "--runs", values.runs],
    ...(values.data ? ["--data", values.data] : []),
    ...sets.flatMap((set) => ["--set", set]),
  ].map(quoted);
  const measure = ["reat", "eval", run, "--attack", "autoattack", "--images", "500"].map(quoted);
  return [
    `if [ -d ${quoted(run)} ]; then reat train --resume ${quoted(run)}; else ${train.join(" ")}; fi`,
    measure.join(" "),
  ];
}

const seeds = values.seeds.split(",");
if (!seeds.every((seed) => /^[1-9]\d{0,3}$/.test(seed))) {
  console.error(`--seeds is ${values.seeds}; accepted: whole numbers from 1 to 9999, separated by commas.`);
  process.exit(2);
}
for (const seed of seeds) {
  for (const [name, changes] of Object.entries(arms)) console.log(commandsOf(name, changes, seed).join("\n"));
}
console.log(`reat report ${quoted(values.runs)}/*`);
