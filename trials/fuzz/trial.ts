// One case in this process: files written, the reader let loose on them, its end judged.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Files, Format, Outcome, Sample } from "./case.js";
import { codeWasRun, startedProcesses } from "./guard.js";
import { wrongWith } from "./sentence.js";

/** What a case cost. */
export interface Cost {
  readonly processorSeconds: number;
  /** Resident memory at its highest beyond that before the case; null where the system does not tell. */
  readonly bytes: number | null;
}

/** Writes the files, in place of whatever the folder held. */
export function layOut(folder: string, files: Files): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

const warnings: string[] = [];

/** From here on a warning that Node would print counts as a case's fault. */
export function watchWarnings(): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning) => warnings.push(warning.message));
}

const found = (fault: NonNullable<Outcome["fault"]>, message: string): Outcome => ({
  verdict: "found",
  fault,
  message,
});

/** Reads what lies in the folder. @param expected what must be read; undefined where anything may */
export async function readAndJudge(
  format: Format,
  folder: string,
  expects: Sample["expects"],
  expected: string | undefined,
): Promise<Outcome> {
  let outcome: Outcome;
  try {
    const read = await format.read(folder);
    outcome =
      expected === undefined || read === expected
        ? { verdict: "read", message: "" }
        : found("read wrong", `${shortened(read)} was read and ${shortened(expected)} is right`);
  } catch (error) {
    const wrong = wrongWith(error);
    const message = (error as Error).message;
    if (wrong !== null) outcome = found("no sentence", `${wrong}\n${(error as Error).stack ?? ""}`);
    else if (expects === "same") outcome = found("refused though valid", message);
    else outcome = { verdict: "refused", message };
  }
  // Warnings are told in the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  const started = startedProcesses();
  const said = warnings.splice(0);
  if (codeWasRun()) return found("ran code", "what the file brings was run");
  if (started.length > 0) return found("started a process", started.join(", "));
  if (said.length > 0) return found("no sentence", `Node warns: ${said.join("; ")}`);
  return outcome;
}

const shortened = (text: string): string => (text.length > 400 ? `${text.slice(0, 400)}…` : text);

/** Runs a body. @returns what it gives, and what it cost */
export async function costOf<T>(body: () => Promise<T>): Promise<readonly [T, Cost]> {
  const before = residentBytes("VmRSS");
  forgetPeak();
  const began = process.cpuUsage();
  const value = await body();
  const { user, system } = process.cpuUsage(began);
  const peak = residentBytes("VmHWM");
  const bytes = before === null || peak === null ? null : Math.max(0, peak - before);
  return [value, { processorSeconds: (user + system) / 1e6, bytes }];
}

function residentBytes(line: "VmRSS" | "VmHWM"): number | null {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(status)![1]) * 1024;
  } catch {
    return null;
  }
}

// Linux begins the highest resident memory anew when 5 is written there.
function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {}
}
