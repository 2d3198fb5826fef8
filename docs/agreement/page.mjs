// Fills the generated blocks of docs/agreement.md from the records of `npm run agreement` beside this file, so that no figure in a
// table is typed by hand. The prose around the blocks is the page's own.
//
// Usage: node docs/agreement/page.mjs
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillBlocks } from "../generated-blocks.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const page = join(here, "..", "agreement.md");

function tableOf({ norm, epsilon, tiles, rows, environment }) {
  const { threads } = environment;
  const lines = [
    `| ${norm}, ε = ${epsilon}${tiles ? ", through tiles" : ""} | standing | official | allowed | processor s | wall s (${threads} thread${threads === 1 ? "" : "s"}) | official wall s | image passes a processor s |`,
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const row of rows) {
    lines.push(
      `| ${row.attack} | ${row.standing} | ${row.official} | ±${row.allowed} | ${row.processorSeconds.toFixed(0)} | ${row.seconds.toFixed(0)} | ${row.officialSeconds.toFixed(0)} | ${Math.round(row.passes / row.processorSeconds)} |`,
    );
  }
  return lines.join("\n");
}

/** What a whole ensemble took, where the threads are as many as the official run had. */
function wholeTime({ rows, environment, officialHere }) {
  if (rows.length < 2 || environment.threads !== 2) return "";
  const total = (key) => rows.reduce((sum, row) => sum + row[key], 0);
  const [ours, official] = [total("seconds"), total("officialSeconds")];
  const where = officialHere ? `, on the same machine with PyTorch ${officialHere.torch}` : "";
  return `In all ${ours.toFixed(0)} s, ${(ours / official).toFixed(2)} of the official ${official.toFixed(0)} s${where}. `;
}

function provenance({ constantsHash, flagsDiffer, tiles, time, environment }) {
  const { revision, cpu, cores, libtorch, node } = environment;
  const flags = flagsDiffer === null ? "" : `The two end differently on ${flagsDiffer} of 500 images. `;
  const refused = tiles
    ? `The plain network did not confirm ${tiles.unconfirmed} of the examples that were found through tiles. `
    : "";
  const constants = constantsHash === null ? "" : `constants ${constantsHash.slice(0, 12)}, `;
  return `${flags}${refused}Measured ${time.slice(0, 10)}: ${constants}commit ${revision.commit.slice(0, 10)}, ${cpu}, ${cores} cores, LibTorch ${libtorch}, Node ${node}.`;
}

/** The text of docs/agreement.md: its own prose, and the tables of the records. */
export function agreementPage() {
  const folder = join(here, "records");
  const records = readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
  const tables = (wanted) =>
    records
      .filter((record) => record.case === wanted)
      .map((record) => `${tableOf(record)}\n\n${wholeTime(record)}${provenance(record)}`)
      .join("\n\n");
  const blocks = new Map(["standard", "alone"].map((wanted) => [wanted, tables(wanted)]));
  return fillBlocks(readFileSync(page, "utf8"), blocks);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(page, agreementPage());
  console.log("wrote docs/agreement.md");
}
