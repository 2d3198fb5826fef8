// Run folders: events, environment and results whose values do not belong, torn lines; read and made a report of.
import { readRun, renderReport } from "reat";
import type { Random } from "../../random.js";
import { mutateBytes } from "../bytes.js";
import type { Files, Format, Sample } from "../case.js";
import { mutateJson } from "../json.js";
import { prepareTinyRun, tinyRunFiles } from "./tiny-run.js";

const log = "metrics.jsonl";

const whole = (changed: Files): Files => ({ ...Object.fromEntries(tinyRunFiles()), ...changed });
const text = (path: string): string => tinyRunFiles().get(path)!.toString();
const resultFile = (): string => [...tinyRunFiles().keys()].find((path) => path.startsWith("evaluations/"))!;

function mutatedLog(random: Random): { text: string; what: string } {
  const lines = text(log).trimEnd().split("\n");
  const place = random.below(lines.length);
  switch (random.below(5)) {
    case 0:
      return { text: `${random.shuffled(lines).join("\n")}\n`, what: "lines in another order" };
    case 1:
      return { text: `${lines.toSpliced(place, 1).join("\n")}\n`, what: `line ${place} left out` };
    case 2:
      return {
        text: `${lines.toSpliced(place, 0, lines[place]!).join("\n")}\n`,
        what: `line ${place} twice`,
      };
    case 3: {
      const torn = lines.join("\n");
      return { text: torn.slice(0, random.below(torn.length)), what: "cut" };
    }
    default: {
      const { value, what } = mutateJson(JSON.parse(lines[place]!), random);
      return {
        text: `${lines.toSpliced(place, 1, JSON.stringify(value)).join("\n")}\n`,
        what: `line ${place}: ${what}`,
      };
    }
  }
}

/** Run folders. */
export const run: Format = {
  name: "run folder",
  prepare: prepareTinyRun,

  make(random): Sample {
    const kind = random.below(8);
    if (kind === 0) {
      const reference = whole({});
      const files = whole({ [log]: `${text(log)}{"type":"epoch","ep` });
      return { files, what: "a last line that a kill cut off", expects: "same", reference };
    }
    if (kind < 4) {
      const { text: mutated, what } = mutatedLog(random);
      return { files: whole({ [log]: mutated }), what: `${log}: ${what}`, expects: "any" };
    }
    const path = kind < 6 ? resultFile() : random.pick(["environment.json", log, "config.yaml"]);
    if (path.endsWith(".json") && random.chance(0.7)) {
      const { value, what } = mutateJson(JSON.parse(text(path)), random);
      return { files: whole({ [path]: JSON.stringify(value) }), what: `${path}: ${what}`, expects: "any" };
    }
    const { bytes, what } = mutateBytes(Buffer.from(text(path)), random);
    return { files: whole({ [path]: bytes }), what: `${path}: ${what}`, expects: "any" };
  },

  async read(folder) {
    const record = await readRun(folder);
    const page = renderReport([record]);
    if (!page.includes("</html>")) throw new Error("the report has no end");
    const { epochs, evaluations, best, stored } = record;
    return JSON.stringify({ epochs, evaluations, best, stored: stored.map(({ robust }) => robust) });
  },
};
