// The benchmark program: npm run bench [-- PATTERN... --repeats N --quick --json FILE].
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { systemInfo } from "reat/tensor";
import type { BenchCase, CaseSide } from "./case.js";
import { attackCases } from "./cases/attack.js";
import { dataCases } from "./cases/data.js";
import { evaluationCases } from "./cases/evaluation.js";
import { gpuCases } from "./cases/gpu.js";
import { profileCases } from "./cases/profile.js";
import { scalingCases } from "./cases/scaling.js";
import { trainingCases, wholeTrainingCases } from "./cases/training.js";
import { machineRecord } from "./machine.js";
import { measureCase, needsPython } from "./measure.js";
import { baselineProgram, findPython, ourProgram } from "./programs.js";
import { type BenchRecord, benchRecord } from "./record.js";
import { selectCases, UnknownCaseError } from "./select.js";
import { SideError } from "./side.js";
import { summary } from "./summary.js";

interface Options {
  readonly repeats?: number;
  readonly quick?: true;
  readonly json?: string;
  readonly list?: true;
  readonly data?: string;
  readonly images?: number;
  readonly weights?: string;
}

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError(`It must be a whole number of at least 1, got "${text}".`);
  }
  return value;
};

// Files that take time to make are kept for later runs.
const folder = fileURLToPath(new URL("../bench-files", import.meta.url));

function casesFor({ data, images, weights, quick }: Options): BenchCase[] {
  return [
    ...trainingCases,
    ...wholeTrainingCases(data),
    ...gpuCases(systemInfo().cudaDeviceCount > 0),
    ...evaluationCases({ images, weights, data }, quick ? 128 : 1000, folder),
    ...attackCases,
    ...profileCases,
    ...scalingCases,
    ...dataCases(data, folder),
  ];
}

const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

async function bench(patterns: readonly string[], options: Options): Promise<void> {
  const chosen = selectCases(casesFor(options), patterns);
  if (options.list) {
    for (const { name, about } of chosen) console.log(`${name}\n    ${about}`);
    return;
  }
  mkdirSync(folder, { recursive: true });
  const machine = machineRecord();
  const python = chosen.some(needsPython) ? findPython() : undefined;
  const program = ({ runs, environment = {} }: CaseSide) =>
    runs === "pytorch" && python && "python" in python
      ? baselineProgram(python.python, environment)
      : ourProgram(environment);
  const record: BenchRecord = {
    version: 1,
    command: ["npm run bench --", ...process.argv.slice(2).map(shortened)].join(" "),
    quick: options.quick ?? false,
    machine,
    cases: [],
    skipped: [],
  };
  for (const one of chosen) {
    const reason =
      one.lacks ?? (needsPython(one) && python && "reason" in python ? python.reason : undefined);
    if (reason !== undefined) {
      record.skipped.push({ name: one.name, reason });
      continue;
    }
    const repeats = options.repeats ?? (options.quick ? 2 : 7);
    record.cases.push(await measureCase(one, { repeats, program, onProgress: progress }));
    progress("");
    // Written after each case, so that a long run that is stopped early keeps what it has measured.
    if (options.json) writeRecord(options.json, record);
  }
  console.log(summary(record));
  if (options.json) writeRecord(options.json, record);
}

/** The arguments with paths shortened to file names; patterns of cases stay as they are. */
function shortened(argument: string): string {
  return isAbsolute(argument) ? basename(argument) : argument;
}

function writeRecord(file: string, record: BenchRecord): void {
  writeFileSync(file, `${JSON.stringify(benchRecord.parse(record), null, 1)}\n`);
}

const program = new Command("npm run bench --")
  .description("Measures reat beside the same work in plain PyTorch, in turns, and holds it to its targets.")
  .argument("[patterns...]", "cases, as parts of their names, * for anything; all by default")
  .option("--repeats <n>", "measured repetitions of each side (default: 7, with --quick 2)", count)
  .option("--quick", "few repetitions and a small evaluation: to see that everything runs")
  .option("--json <file>", "write everything measured")
  .option("--list", "name the cases and measure nothing")
  .option("--data <archive>", "images of CIFAR-10, for the cases that read them")
  .option(
    "--images <n>",
    "images of the evaluations (default: 1000, with --quick 128, and 100 of AutoAttack's)",
    count,
  )
  .option("--weights <file>", "evaluate these weights of a ResNet-18 on --data")
  .action(bench);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UnknownCaseError || error instanceof SideError)) throw error;
  progress("");
  console.error(error.message);
  process.exitCode = 1;
}
