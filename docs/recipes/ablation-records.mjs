// Reads the records of the ablation beside this file: what each run measured, arm by arm and seed by seed.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What stands in a row: the groups of classes and all of them. */
export const groupNames = ["all", "head", "body", "tail"];
/** What was measured, under its title. Clean accuracy is that on the images of PGD-20, which are all. */
export const measured = { clean: "clean", "pgd-20": "PGD-20", autoattack: "AutoAttack" };

const json = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));

function figuresOf(folder) {
  const stored = readdirSync(join(folder, "evaluations")).map((file) => json(folder, "evaluations", file));
  const of = (attack) => {
    const found = stored.filter(
      ({ attack: { name }, checkpoint }) => name === attack && checkpoint === "last",
    );
    if (found.length !== 1)
      throw new Error(`${folder} has ${found.length} evaluations under ${attack}, not 1`);
    return found[0];
  };
  const report = ({ total, accuracy, groups }) => ({ images: total, all: accuracy, ...groups });
  const [pgd, ensemble] = [of("pgd-20"), of("autoattack")];
  return {
    figures: { clean: report(pgd.clean), "pgd-20": report(pgd.robust), autoattack: report(ensemble.robust) },
    evaluations: [pgd, ensemble],
  };
}

/**
 * The runs below a folder. Each lies in a folder named by its arm and its seed, such as `base-1`.
 * @returns by arm, by seed: accuracies as fractions, the seconds of one thread that training and measuring took, and where that was
 */
export function readAblation(runs) {
  const arms = new Map();
  for (const name of readdirSync(runs).sort()) {
    const [, arm, seed] = /^(.+)-(\d+)$/.exec(name) ?? [];
    if (arm === undefined) throw new Error(`${name} in ${runs} is not named by an arm and a seed`);
    const folder = join(runs, name);
    const { figures, evaluations } = figuresOf(folder);
    const events = readFileSync(join(folder, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const seconds = [events.findLast(({ type }) => type === "end"), ...evaluations].reduce(
      (sum, part) => sum + part.seconds,
      0,
    );
    const environment = json(folder, "environment.json");
    const run = {
      figures,
      seconds,
      environment,
      epochs: events.findLast(({ type }) => type === "epoch").epoch,
    };
    arms.set(arm, (arms.get(arm) ?? new Map()).set(Number(seed), run));
  }
  return arms;
}
