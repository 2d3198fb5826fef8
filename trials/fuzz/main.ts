// npm run fuzz: damaged, hostile and oddly spelt files of every kind that reat reads, each given to its reader.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { provenance } from "../provenance.js";
import { type Limits, limits } from "./case.js";
import { formatNamed, formats } from "./formats/index.js";
import type { Order } from "./messages.js";
import { Supervisor } from "./supervisor.js";
import { Tally } from "./tally.js";

const usage = `Usage: npm run fuzz -- [options]

Each case is a file that somebody might have. It must be read right or end in one sentence, within ${limits.processorSeconds} s of
processor time and ${limits.bytes / 2 ** 20} MiB of memory, without running anything. What does not is copied into --found.

  --cases N        how many; default 1000
  --seed S         of the choices; the same seed gives the same cases; default 1
  --format NAME    of one kind alone: ${formats.map(({ name }) => name).join(", ")}
  --only N         the case of that number alone
  --kept FOLDER    the cases in that folder instead of new ones
  --workers N      processes; default 2
  --seconds N      of processor time that a case may take
  --memory MIB     that a case may take
  --found FOLDER   default build/fuzz
  --record FILE    write the counts there, as JSON
  --help           show this text`;

const options = {
  cases: { type: "string", default: "1000" },
  seed: { type: "string", default: "1" },
  format: { type: "string" },
  only: { type: "string" },
  kept: { type: "string" },
  workers: { type: "string", default: "2" },
  seconds: { type: "string", default: String(limits.processorSeconds) },
  memory: { type: "string", default: String(limits.bytes / 2 ** 20) },
  found: { type: "string", default: "build/fuzz" },
  record: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

interface Numbered {
  readonly number: number;
  readonly order: Extract<Order, { format: string }>;
}

const say = (text: string) => process.stdout.write(`${text}\n`);

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} takes a whole number, got "${text}"`);
  return value;
}

function orders(given: ReturnType<typeof parse>): Numbered[] {
  if (given.kept !== undefined) {
    const root = resolve(given.kept);
    return readdirSync(root).map((name, number) => {
      const path = join(root, name);
      const { format } = JSON.parse(readFileSync(join(path, "case.json"), "utf8")) as { format: string };
      return { number, order: { type: "kept", format: formatNamed(format).name, path } };
    });
  }
  const seed = wholeNumber("seed", given.seed);
  const only = given.only === undefined ? null : wholeNumber("only", given.only);
  const format = given.format === undefined ? null : formatNamed(given.format);
  const numbers =
    only === null ? Array.from({ length: wholeNumber("cases", given.cases) }, (_, i) => i) : [only];
  return numbers.map((number) => ({
    number,
    order: { type: "case", format: (format ?? formats[number % formats.length]!).name, seed, number },
  }));
}

const parse = () => parseArgs({ options }).values;

async function main(): Promise<void> {
  const given = parse();
  if (given.help) {
    say(usage);
    return;
  }
  const all = orders(given);
  const names = [...new Set(all.map(({ order }) => order.format))];
  const root = mkdtempSync(join(tmpdir(), "reat-fuzz-"));
  const allowed: Limits = {
    ...limits,
    processorSeconds: wholeNumber("seconds", given.seconds),
    bytes: wholeNumber("memory", given.memory) * 2 ** 20,
  };
  const origin = provenance(`npm run fuzz -- --cases ${all.length} --seed ${given.seed}`);
  const tally = new Tally();
  const began = performance.now();
  let next = 0;
  const work = async (place: number) => {
    const supervisor = new Supervisor(join(root, String(place)), names, allowed);
    try {
      for (let one = all[next++]; one; one = all[next++]) {
        const ended = await supervisor.run(one.order);
        tally.add(one.number, one.order.format, ended);
        if (ended.outcome.verdict !== "found") continue;
        const copy = join(
          given.found,
          `${one.order.format}-${given.seed}-${one.number}`.replace(/[ .]/g, "-"),
        );
        keep(supervisor.folder, copy);
        say(
          `case ${one.number}, ${one.order.format}, ${ended.what}: ${ended.outcome.fault}: ${ended.outcome.message.slice(0, 400)}\n  → ${copy}`,
        );
      }
    } finally {
      supervisor.close();
    }
  };
  try {
    await Promise.all(
      Array.from({ length: wholeNumber("workers", given.workers) }, (_, place) => work(place)),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  say(tally.table());
  const seconds = (performance.now() - began) / 1000;
  say(`${all.length} cases, ${tally.found.length} found, ${seconds.toFixed(0)} s`);
  if (given.record !== undefined) {
    const counts = Object.fromEntries(tally.formats);
    const record = {
      ...origin,
      ...{
        limits: allowed,
        seconds,
        cases: all.length,
        seed: Number(given.seed),
        formats: counts,
        faults: tally.byFault(),
        found: tally.found,
      },
    };
    writeFileSync(given.record, `${JSON.stringify(record, null, 2)}\n`);
  }
  process.exitCode = tally.found.length > 0 ? 1 : 0;
}

function keep(folder: string, copy: string): void {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  cpSync(folder, join(copy, "files"), { recursive: true });
}

await main();
