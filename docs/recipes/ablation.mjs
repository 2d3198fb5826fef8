// Prints the commands that take a preset's parts away one at a time, with three seeds each, and measure what is left.
// `node docs/recipes/ablation.mjs --data cifar-10-binary.tar.gz` prints a line for each run; `… | sh` runs them one after another, and a run that is there is continued.
// With `--threads 1` two of them at a time keep two cores busier than one with two threads does: `… | tr '\n' '\0' | xargs -0 -n 1 -P 2 sh -c`.
import { parseArgs } from "node:util";

const options = {
  data: { type: "string" },
  preset: { type: "string", default: "cifar10-lt-ur50-laptop" },
  epochs: { type: "string", default: "60" },
  seeds: { type: "string", default: "1,2,3" },
  runs: { type: "string", default: "runs/ablation" },
  arms: { type: "string" },
  threads: { type: "string" },
};
const { values } = parseArgs({ options });

const epochs = Number(values.epochs);
if (!(Number.isInteger(epochs) && epochs >= 4)) {
  console.error(`--epochs is ${values.epochs}; accepted: a whole number of at least 4.`);
  process.exit(2);
}
// ReBAT and DAFA begin when half of the training is over. CFA follows the classes' robust accuracy from early on: its authors begin after ten of 200 epochs.
const half = Math.floor(epochs / 2) + 1;
const early = Math.max(2, Math.round(epochs / 20));

/** What an arm changes in the preset. "base" is the preset itself; the others take a part away, or put one in. */
const arms = {
  base: [],
  // A preset whose method gets another name begins with that method's defaults, so the base's loss and growing attack are said again.
  reat: ["method.name=reat", "method.loss=bsl", "method.attackRamp={}"],
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
  cfa: [`method.cfa={from: ${early}}`],
  dafa: [`method.dafa={from: ${half}}`],
  gkl: ["method.gkl={}"],
  rebat: [`method.rebat={from: ${half}}`],
};

/** Seeds that a trained network depends on; the subset and the evaluation's attacks stay the same. */
const seedKeys = ["initialisation", "order", "attack"];

const quoted = (word) => (/^[\w./=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

const reat = ["reat", ...(values.threads ? ["--threads", values.threads] : [])];

/** One line: trains the run and measures its last epoch, or continues where a run of that name is. The test images choose nothing. */
function lineOf(name, changes, seed) {
  const run = `${values.runs}/${name}-${seed}`;
  const sets = [
    ...changes,
    `training.epochs=${values.epochs}`,
    "training.select=last",
    "training.evaluationImages=50",
    ...seedKeys.map((key, i) => `seeds.${key}=${100 * Number(seed) + i}`),
    "evaluation.attacks=[pgd-20]",
  ];
  const train = [
    ...[...reat, "train", values.preset, "--name", `${name}-${seed}`, "--runs", values.runs],
    ...(values.data ? ["--data", values.data] : []),
    ...sets.flatMap((set) => ["--set", set]),
  ];
  const resume = [...reat, "train", "--resume", run];
  const measure = [...reat, "eval", run, "--attack", "autoattack", "--images", "500", "--batch-size", "500"];
  const shell = (words) => words.map(quoted).join(" ");
  return `if [ -d ${quoted(run)} ]; then ${shell(resume)}; else ${shell(train)}; fi && ${shell(measure)}`;
}

const seeds = values.seeds.split(",");
if (!seeds.every((seed) => /^[1-9]\d{0,3}$/.test(seed))) {
  console.error(`--seeds is ${values.seeds}; accepted: whole numbers from 1 to 9999, separated by commas.`);
  process.exit(2);
}
const chosen = values.arms?.split(",") ?? Object.keys(arms);
const unknown = chosen.filter((name) => !Object.hasOwn(arms, name));
if (unknown.length > 0) {
  console.error(
    `--arms has ${unknown.join(", ")}; accepted: ${Object.keys(arms).join(", ")}, separated by commas.`,
  );
  process.exit(2);
}
for (const seed of seeds) {
  for (const name of chosen) console.log(lineOf(name, arms[name], seed));
}
