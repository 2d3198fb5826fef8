// Writes docs/agreement.md from the records of `npm run agreement` beside this file, so that no figure is typed by hand.
//
// Usage: node docs/agreement/page.mjs
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

const heading = `# Agreement with the official implementations

Written by \`node docs/agreement/page.mjs\` from the records in \`docs/agreement/records/\`, which \`npm run agreement\` writes (a
case alone: \`npm run agreement -- -t "l2 square alone"\`). The network (\`smallcnn.safetensors\`), its 500 CIFAR-10 test images and
the official figures (AutoAttack a392200 on PyTorch 1.13.1) are the reference's; 271 of the images are classified correctly
without an attack. "Standing" counts images that an attack leaves classified correctly. Both sides draw random numbers of
their own, so counts may differ by the allowance. What draws none is compared image by image by \`npm run test:golden\`.

Official seconds are wall time with two threads on another machine of this kind. Of ours, the whole
ensembles with two threads ran on a machine with little or no other work; the others ran beside other work.
`;

function tableOf({ norm, epsilon, rows, environment }) {
  const { threads } = environment;
  const lines = [
    `| ${norm}, ε = ${epsilon} | standing | official | allowed | processor s | wall s (${threads} thread${threads === 1 ? "" : "s"}) | official wall s | image passes a processor s |`,
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
function wholeTime({ rows, environment }) {
  if (rows.length < 2 || environment.threads !== 2) return "";
  const total = (key) => rows.reduce((sum, row) => sum + row[key], 0);
  const [ours, official] = [total("seconds"), total("officialSeconds")];
  return `In all ${ours.toFixed(0)} s, ${(ours / official).toFixed(2)} of the official ${official.toFixed(0)} s. `;
}

function provenance({ constantsHash, flagsDiffer, time, environment }) {
  const { revision, cpu, cores, libtorch, node } = environment;
  const flags = flagsDiffer === null ? "" : `The two end differently on ${flagsDiffer} of 500 images. `;
  const constants = constantsHash === null ? "" : `constants ${constantsHash.slice(0, 12)}, `;
  return `${flags}Measured ${time.slice(0, 10)}: ${constants}commit ${revision.commit.slice(0, 10)}, ${cpu}, ${cores} cores, LibTorch ${libtorch}, Node ${node}.`;
}

/** The text of docs/agreement.md. */
export function agreementPage() {
  const folder = join(here, "records");
  const records = readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
  const sections = [
    ["The standard ensemble, each attack on what the one before left", "standard"],
    ["Attacks alone", "alone"],
  ];
  const parts = sections.flatMap(([title, wanted]) => {
    const chosen = records.filter((record) => record.case === wanted);
    if (chosen.length === 0) return [];
    return [
      `## ${title}\n`,
      ...chosen.map((record) => `${tableOf(record)}\n\n${wholeTime(record)}${provenance(record)}\n`),
    ];
  });
  return [heading, ...parts].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(here, "..", "agreement.md"), agreementPage());
  console.log("wrote docs/agreement.md");
}
