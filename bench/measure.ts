// Measures one case. Both sides are warmed up and then timed in turns, so that other work on the machine slows both.
import { loadavg } from "node:os";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchCase, CaseSide, Program } from "./case.js";
import type { MeasuredCase, MeasuredSide } from "./record.js";
import { Side } from "./side.js";
import { median, pairedRatio, spread } from "./statistics.js";
import type { Repetition } from "./work.js";

/** A pause in which the threads of the side that has just finished stop spinning. */
const betweenTurns = 25;

export interface MeasureOptions {
  readonly repeats: number;
  readonly program: Program;
  readonly onProgress?: (text: string) => void;
}

/** @throws SideError if a side cannot do its work */
export async function measureCase(bench: BenchCase, options: MeasureOptions): Promise<MeasuredCase> {
  const { program, onProgress } = options;
  const { threads = 2, warmUp = 1, mostRepeats = Number.POSITIVE_INFINITY } = bench;
  const repeats = Math.min(options.repeats, mostRepeats);
  await bench.prepare?.((text) => onProgress?.(`${bench.name}: ${text}`));
  const loadBefore = loadavg()[0]!;
  const sides = bench.baseline ? [bench.ours, bench.baseline] : [bench.ours];
  using running = disposables(sides.map((side) => new Side(program(side))));
  const versions: string[] = [];
  for (const [index, side] of running.values.entries()) {
    onProgress?.(`${bench.name}: ${sides[index]!.label} prepares`);
    versions.push((await side.prepare(sides[index]!.work, threads, sides[index]!.levers)).version);
  }
  const measured: Repetition[][] = sides.map(() => []);
  for (let turn = -warmUp; turn < repeats; turn++) {
    for (const [index, side] of running.values.entries()) {
      const which = turn < 0 ? "warm-up" : `${turn + 1} of ${repeats}`;
      onProgress?.(`${bench.name}: ${sides[index]!.label}, ${which}`);
      if (sides.length > 1) await sleep(betweenTurns);
      const repetition = await side.run();
      if (turn >= 0) measured[index]!.push(repetition);
    }
  }
  const parts: MeasuredSide[] = [];
  for (const [index, side] of running.values.entries()) {
    const repetitions = measured[index]!;
    const seconds = repetitions.map((repetition) => repetition.seconds);
    parts.push({
      label: sides[index]!.label,
      version: versions[index]!,
      seconds,
      spread: spread(seconds),
      values: medians(repetitions),
      peakBytes: bench.memory ? await side.peakBytes() : null,
    });
  }
  const [ours, baseline = null] = parts as [MeasuredSide, MeasuredSide?];
  const ratio = baseline && bench.compares !== false ? pairedRatio(baseline.seconds, ours.seconds) : null;
  const numbers = {
    ...(ratio && { ratio: ratio.median }),
    ...(baseline?.peakBytes && ours.peakBytes && { memoryShare: ours.peakBytes / baseline.peakBytes }),
    ...bench.numbers?.(measured[0]!, measured[1] ?? []),
  };
  return {
    ...{ name: bench.name, about: bench.about, threads, ours, baseline, ratio, numbers },
    targets: judged(bench, numbers),
    work: withoutFolders(bench.ours.work),
    sweep: bench.sweep ?? null,
    loadBefore,
    loadAfter: loadavg()[0]!,
  };
}

/** Paths are shortened to names, because they mean nothing on another machine. */
function withoutFolders(work: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(work).map(([key, value]) => [key, isPath(value) ? basename(value) : value]),
  );
}

const isPath = (value: unknown): value is string => typeof value === "string" && value.includes("/");

/** The targets, each with the number that was measured. */
export function judged(
  { targets = {} }: Pick<BenchCase, "targets">,
  numbers: Readonly<Record<string, number>>,
): MeasuredCase["targets"] {
  return Object.entries(targets).map(([number, { text, atLeast = -Infinity, atMost = Infinity }]) => {
    const measured = numbers[number] ?? null;
    return { number, text, measured, met: measured !== null && measured >= atLeast && measured <= atMost };
  });
}

function medians(repetitions: readonly Repetition[]): Record<string, number> {
  const names = Object.keys(repetitions[0]?.values ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(repetitions.map(({ values }) => values[name] ?? 0))]),
  );
}

function disposables<T extends Disposable>(values: readonly T[]) {
  return {
    values,
    [Symbol.dispose]() {
      for (const value of values) value[Symbol.dispose]();
    },
  };
}

/** Whether a side needs the baseline's Python. */
export function needsPython({ ours, baseline }: Pick<BenchCase, "ours" | "baseline">): boolean {
  return [ours, baseline].some((side: CaseSide | undefined) => side?.runs === "pytorch");
}
