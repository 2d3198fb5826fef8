// Fills the generated blocks of docs/recipes.md and draws its picture from the records of the ablation beside this file.
//
// Usage, after `npm run setup`: node docs/recipes/page.mjs
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  differenceVerdict,
  intervalReach,
  meanOfRuns,
  pairedDifference,
} from "../../dist/experiments/index.js";
import { percent, points } from "../../dist/report/numbers.js";
import { fillBlocks } from "../generated-blocks.mjs";
import { ablationChart } from "./ablation-chart.mjs";
import { groupNames, measured, readAblation } from "./ablation-records.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const picture = "recipes/figures/ablation.svg";

/** The arms in the order of the tables, as the page calls them. */
const titles = {
  base: "the preset",
  "plain-loss": "cross entropy instead of balanced softmax",
  "fixed-epsilon": "ε of 8/255 from the start",
  reat: "REAT (RBL, TAIL)",
  "cutmix-balanced": "CutMix, partners of all classes alike",
  robustlt: "RobustLT (less ε for the head)",
  cfa: "CFA (more ε for robust classes)",
};
/** What fits beside a picture. */
const short = {
  "plain-loss": "cross entropy",
  "fixed-epsilon": "ε fixed",
  reat: "REAT",
  "cutmix-balanced": "CutMix, balanced",
  robustlt: "RobustLT",
  cfa: "CFA",
};

const row = (cells) => `| ${cells.join(" | ")} |`;
const table = (head, rows) => [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
const others = Object.keys(titles).filter((arm) => arm !== "base");

/** Fractions by seed. */
const bySeed = (runs, attack, group) =>
  new Map([...runs].map(([seed, { figures }]) => [seed, figures[attack][group]]));

function accuracies(arms) {
  const rows = Object.keys(titles).flatMap((arm) =>
    Object.entries(measured).map(([attack, name], i) => [
      ...[i === 0 ? titles[arm] : "", name],
      ...groupNames.map((group) => {
        const { mean, standardError } = meanOfRuns([...bySeed(arms.get(arm), attack, group).values()]);
        return `${percent(mean)} ± ${percent(standardError)}`;
      }),
    ]),
  );
  return table(["arm", "measured", ...groupNames], rows);
}

/** Every paired difference of an arm from the base, with what it says. */
function differencesOf(arms) {
  return others.flatMap((arm) =>
    Object.keys(measured).flatMap((attack) =>
      groupNames.map((group) => {
        const difference = pairedDifference(
          bySeed(arms.get(arm), attack, group),
          bySeed(arms.get("base"), attack, group),
        );
        return { ...{ arm, attack, group }, ...difference, verdict: differenceVerdict(difference) };
      }),
    ),
  );
}

function differenceTable(differences) {
  const rows = others.flatMap((arm) =>
    Object.entries(measured).map(([attack, name], i) => [
      ...[i === 0 ? titles[arm] : "", name],
      ...groupNames.map((group) => {
        const found = differences.find((d) => d.arm === arm && d.attack === attack && d.group === group);
        const text = `${points(found.mean)} ± ${percent(found.standardError)}`;
        return found.verdict === "none told" ? text : `**${text}**`;
      }),
    ]),
  );
  return table(["arm less the preset", "measured", ...groupNames], rows);
}

/** Which arms the seeds tell apart from the base, for the tail and for all classes. */
const phrases = [
  ["tail", "higher", "Helps the tail under attack"],
  ["tail", "lower", "Harms the tail under attack"],
  ["tail", "none told", "Changes nothing for the tail that these seeds can tell"],
  ["all", "higher", "Helps the mean of all classes under attack"],
  ["all", "lower", "Harms the mean of all classes under attack"],
  ["all", "none told", "Changes nothing for that mean that these seeds can tell"],
];

function verdictLines(differences) {
  const lines = phrases.flatMap(([group, verdict, phrase]) => {
    const found = others.flatMap((arm) => {
      const told = differences.filter(
        (d) => d.arm === arm && d.group === group && d.attack !== "clean" && d.verdict === verdict,
      );
      // "Nothing" is said of an arm only where neither attack tells.
      if (told.length === 0 || (verdict === "none told" && told.length < 2)) return [];
      return [told.length === 2 ? titles[arm] : `${titles[arm]}, by ${measured[told[0].attack]} alone`];
    });
    return found.length > 0 ? [`- ${phrase}: ${found.join("; ")}.`] : [];
  });
  return lines.join("\n");
}

function drawn(differences) {
  const rows = others.map((arm) => ({
    title: short[arm],
    differences: differences
      .filter((d) => d.arm === arm && d.attack !== "clean")
      .map(({ attack, group, mean, standardError, runs, verdict }) => {
        const reach = intervalReach(standardError, runs);
        return {
          ...{ label: measured[attack], panel: group, told: verdict !== "none told" },
          ...{ mean: 100 * mean, low: 100 * (mean - reach), high: 100 * (mean + reach) },
        };
      }),
  }));
  return ablationChart({
    id: "ablation",
    title: "What a part changes in the laptop preset",
    subtitle:
      "robust accuracy, points more or less than the preset; bars: 95 % of the paired difference; filled: 0 lies outside",
    panels: groupNames,
    rows,
  });
}

function madeWith(arms) {
  const runs = [...arms.values()].flatMap((runs) => [...runs.values()]);
  const only = (what, values) => {
    const all = [...new Set(values)];
    if (all.length !== 1) throw new Error(`the runs differ in ${what}: ${all.join(", ")}`);
    return all[0];
  };
  const epochs = only(
    "epochs",
    runs.map((run) => run.epochs),
  );
  const images = Object.keys(measured).map((attack) =>
    only(
      "images",
      runs.map(({ figures }) => figures[attack].images),
    ),
  );
  const made = only(
    "their hardware or commit",
    runs.map(
      ({ environment: { revision, cpu, libtorch, node, threads } }) =>
        `commit ${revision.commit.slice(0, 10)}${revision.modified ? ", modified" : ""}, ${cpu}, ${threads === 1 ? "one thread" : `${threads} threads`} a run, LibTorch ${libtorch}, Node ${node}`,
    ),
  );
  const seeds = only(
    "seeds",
    [...arms.values()].map((runs) => [...runs.keys()].sort().join(",")),
  );
  const threadHours = runs.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  return `${arms.size} arms, seeds ${seeds}, ${epochs} epochs each, the last epoch's averaged weights; PGD-20 and clean accuracy on ${images[1].toLocaleString("en")} test images, AutoAttack standard on
${images[2]}. ${(threadHours / 2).toFixed(1)} hours of two cores in all (${made}).`;
}

/** The page and its picture, by path relative to docs/. */
export function recipesPage() {
  const arms = readAblation(join(here, "runs"));
  const lacking = Object.keys(titles).filter((arm) => !arms.has(arm));
  const untitled = [...arms.keys()].filter((arm) => !(arm in titles));
  if (lacking.length + untitled.length > 0) {
    throw new Error(`arms without a record: ${lacking.join(", ")}; without a title: ${untitled.join(", ")}`);
  }
  const differences = differencesOf(arms);
  const files = new Map([[picture, drawn(differences)]]);
  const blocks = new Map([
    ["ablation-made", madeWith(arms)],
    ["ablation-verdicts", verdictLines(differences)],
    [
      "ablation",
      [
        `![What a part changes in the laptop preset](${picture})`,
        differenceTable(differences),
        accuracies(arms),
      ].join("\n\n"),
    ],
  ]);
  files.set("recipes.md", fillBlocks(readFileSync(join(here, "..", "recipes.md"), "utf8"), blocks));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(here, "figures"), { recursive: true });
  for (const [file, text] of recipesPage()) writeFileSync(join(here, "..", file), text);
}
