// npm run kills: kills every kind of work at random moments, lets it go on, and compares its end with one that nobody killed.
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { provenance } from "../provenance.js";
import { Random } from "../random.js";
import { type Place, type Stage, stages } from "./stages.js";
import { halfWritten, leftOvers, stateOf } from "./state.js";

const usage = `Usage: npm run kills -- [options]

Ends data preparation, training, evaluation, AutoAttack, an audit and the writing of a report with SIGKILL at random
moments, and lets each go on until it is done. What it leaves must be bit by bit what the same work leaves that nobody
killed, times aside; at no moment may a file be half written; nothing may be left over. Ends with 1 where that fails.

  --count N        kills; default 100
  --seed S         of the moments; default 1
  --record FILE    write the counts, as JSON
  --help           show this text`;

const options = {
  count: { type: "string", default: "100" },
  seed: { type: "string", default: "1" },
  record: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/** So many kills of one stage before it may come to its end. */
const mostInARow = 4;

const victim = fileURLToPath(new URL("victim.js", import.meta.url));

interface Ended {
  readonly killed: boolean;
  /** From its beginning, without the loading of the program. */
  readonly milliseconds: number;
  readonly complaint: string;
}

/** Runs a stage to its end, or kills it so long after it began. */
function runStage(stage: Stage, { images, work }: Place, killAfter?: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = fork(victim, [stage, images, work], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    let complaint = "";
    let began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    child.stderr!.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on("message", () => {
      began = performance.now();
      if (killAfter !== undefined) timer = setTimeout(() => child.kill("SIGKILL"), killAfter);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const killed = signal === "SIGKILL";
      resolve({
        killed,
        milliseconds: performance.now() - began,
        complaint: killed || code === 0 ? "" : `${stage} ended with ${code ?? signal}: ${complaint.trim()}`,
      });
    });
  });
}

/** Twelve images of noise for each of three classes. */
async function makeImages(folder: string, random: Random): Promise<void> {
  for (const name of ["ant", "bee", "cat"]) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < 12; i++) {
      const raw = { width: 32, height: 32, channels: 3 } as const;
      await sharp(random.bytes(32 * 32 * 3), { raw })
        .png()
        .toFile(join(folder, name, `${i}.png`));
    }
  }
}

interface Tally {
  kills: number;
  /** Times that the stage came to its end and was compared. */
  ends: number;
}

/** Kills until `count` is reached. @returns what was wrong */
async function trial(
  place: Place,
  count: number,
  random: Random,
  tally: Record<Stage, Tally>,
): Promise<string[]> {
  const faults: string[] = [];
  const usual = {} as Record<Stage, number>;
  const expected = {} as Record<Stage, Record<string, string>>;
  for (const stage of stages) {
    const { milliseconds, complaint } = await runStage(stage, place);
    if (complaint !== "") throw new Error(`without any kill, ${complaint}`);
    usual[stage] = milliseconds;
    expected[stage] = await stateOf(place.work);
  }
  for (let kills = 0; kills < count && faults.length === 0; ) {
    rmSync(place.work, { recursive: true, force: true });
    for (const stage of stages) {
      let inARow = 0;
      for (let ended = false; !ended; ) {
        const spared = kills === count || inARow === mostInARow;
        const moment = spared ? undefined : random.fraction() * usual[stage];
        const result = await runStage(stage, place, moment);
        if (result.complaint !== "") return [...faults, result.complaint];
        for (const path of await halfWritten(place.work)) faults.push(`${stage}: ${path} is half written`);
        ended = !result.killed;
        if (ended) continue;
        kills += 1;
        inARow += 1;
        tally[stage].kills += 1;
      }
      tally[stage].ends += 1;
      for (const path of leftOvers(place.work)) faults.push(`${stage}: ${path} is left over`);
      faults.push(...differences(stage, expected[stage], await stateOf(place.work)));
      const end = faults.length === 0 ? "its end is the same" : "its end differs";
      process.stdout.write(`${kills} of ${count}: ${stage} killed ${inARow} times, ${end}\n`);
    }
  }
  return faults;
}

function differences(
  stage: Stage,
  expected: Record<string, string>,
  found: Record<string, string>,
): string[] {
  const paths = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return paths
    .filter((path) => expected[path] !== found[path])
    .map((path) => {
      const how = !(path in found) ? "is missing" : path in expected ? "differs" : "should not be there";
      return `${stage}: ${path} ${how}`;
    });
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name} takes a whole number of at least ${least}, got "${text}"`);
}

async function main(): Promise<void> {
  const given = parseArgs({ options }).values;
  if (given.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const count = wholeNumber("count", given.count, 1);
  const seed = wholeNumber("seed", given.seed, 0);
  const folder = mkdtempSync(join(tmpdir(), "reat-kills-"));
  const place = { images: join(folder, "images"), work: join(folder, "work") };
  // A run's data goes by way of the cache: it is part of what is compared.
  process.env.REAT_CACHE = join(place.work, "cache");
  const tally = Object.fromEntries(stages.map((stage) => [stage, { kills: 0, ends: 0 }])) as Record<
    Stage,
    Tally
  >;
  const began = performance.now();
  let faults: string[];
  try {
    await makeImages(place.images, new Random(seed, 1));
    faults = await trial(place, count, new Random(seed, 2), tally);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = (performance.now() - began) / 1000;
  for (const [stage, { kills, ends }] of Object.entries(tally)) {
    process.stdout.write(`${stage}: ${kills} kills, ${ends} ends compared\n`);
  }
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.stdout.write(faults.length === 0 ? "every end is the same\n" : `${faults.length} faults\n`);
  if (given.record !== undefined) {
    const command = `npm run kills -- --count ${count} --seed ${seed}`;
    const record = { ...provenance(command), count, seed, seconds, stages: tally, faults };
    writeFileSync(given.record, `${JSON.stringify(record, null, 1)}\n`);
  }
  process.exitCode = faults.length === 0 ? 0 : 1;
}

await main();
