// A run as a row of the table: state, position, figures, settings.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../canonical-json.js";
import { bestFirst } from "../evaluation/index.js";
import { lockHolder } from "../training/index.js";
import { parseYaml } from "../yaml-text.js";
import { LogTail } from "./log-tail.js";
import type { RunRow, RunState } from "./messages.js";
import { RunProgress } from "./run-progress.js";
import { type Step, StepsOfLog } from "./steps-of-log.js";
import { linkOut } from "./within.js";

type Settings = Readonly<Record<string, unknown>>;

/** What a row is made from. */
const rowFiles = ["config.yaml", "environment.json", "evaluations", "metrics.jsonl"];

/** Keys in which the runs of one experiment may differ. */
const notOfTheExperiment = new Set(["name", "seeds", "device", "threads", "logging"]);

/** The row of a run as its files were at a time; it holds as long as no process trains the run and they are the same. */
export interface KnownRow {
  /** Of the files that the row is made from. */
  readonly stamp: string;
  readonly row: RunRow;
}

/** Follows one run folder. */
export class WatchedRun {
  readonly #tail: LogTail;
  #progress = new RunProgress();
  #steps: StepsOfLog | null = null;
  #read = "";
  #config: Settings = {};
  #environment: Settings = {};
  #problem: string | null = null;
  #row: RunRow | null = null;
  #stamp = "";
  #version = 0;

  constructor(
    readonly root: string,
    readonly folder: string,
    readonly id: string,
  ) {
    this.#tail = new LogTail(join(folder, "metrics.jsonl"));
  }

  /** Steps for the live charts, read when somebody looks at the run; from then on only what came since. */
  get steps(): readonly Step[] {
    this.#steps ??= new StepsOfLog(join(this.folder, "metrics.jsonl"));
    return this.#steps.look();
  }

  get row(): RunRow | null {
    return this.#row;
  }

  /** What need not be read again as long as the files are the same; null while the run goes on. */
  get known(): KnownRow | null {
    return this.#row && this.#stamp !== "" ? { stamp: this.#stamp, row: this.#row } : null;
  }

  /**
   * Looks at the folder again.
   * @param known what an earlier server found there
   * @returns the row where it is another one than before
   */
  look(known?: KnownRow): RunRow | null {
    const outside = linkOut(this.root, this.folder);
    if (outside !== null) {
      this.#stamp = "";
      return this.#keep(this.#refused(outside));
    }
    const running = lockHolder(join(this.folder, "lock")) !== null;
    const stamp = running ? "" : rowFiles.map((name) => stateOf(join(this.folder, name))).join();
    // With a thousand runs nearly all rest: their files are not read again, nor are their rows compared.
    if (this.#row && stamp !== "" && stamp === this.#stamp) return null;
    this.#stamp = stamp;
    if (!this.#row && stamp !== "" && known?.stamp === stamp) return this.#keep(known.row);
    this.#readSettings();
    this.#readLog();
    return this.#keep(this.#describe(running));
  }

  #readLog(): void {
    const { lines, restarted } = this.#tail.look();
    if (restarted) this.#progress = new RunProgress();
    for (const line of lines) this.#progress.add(line);
  }

  #keep(row: RunRow): RunRow | null {
    // Rows are put together in one order of keys, so equal ones are the same text.
    const { version: _before, ...old } = this.#row ?? { version: 0 };
    const { version: _now, ...fresh } = row;
    if (this.#row && JSON.stringify(old) === JSON.stringify(fresh)) return null;
    this.#version += 1;
    this.#row = { ...row, version: this.#version };
    return this.#row;
  }

  #refused(outside: string): RunRow {
    return {
      ...emptyRow(this.id),
      state: "unreadable",
      sentence: `${outside} leads out of the runs folder and is not read.`,
    };
  }

  /** Configuration, environment and stored results change seldom: they are read again only then. */
  #readSettings(): void {
    const files = ["config.yaml", "environment.json"].map((name) => join(this.folder, name));
    const state = [...files, join(this.folder, "evaluations")].map(stateOf).join();
    if (state === this.#read) return;
    this.#read = state;
    this.#problem = null;
    try {
      const config = parseYaml(readFileSync(files[0]!, "utf8"));
      this.#config = isSettings(config) ? config : {};
    } catch (error) {
      this.#config = {};
      this.#problem = `config.yaml cannot be read: ${(error as Error).message.split("\n")[0]}.`;
    }
    this.#environment = readJson(files[1]!);
  }

  #describe(running: boolean): RunRow {
    const progress = this.#progress;
    const { start, epoch, best, last } = progress;
    const data = isSettings(this.#environment.data) ? this.#environment.data : {};
    const { name, seeds, ...rest } = this.#config;
    const experiment = Object.fromEntries(
      Object.entries(rest).filter(([key]) => !notOfTheExperiment.has(key)),
    );
    const [state, sentence] = this.#state(running);
    return {
      ...emptyRow(this.id),
      name: typeof name === "string" ? name : this.id,
      state,
      sentence,
      epoch: epoch?.epoch ?? 0,
      epochs: start?.epochs ?? null,
      within:
        progress.batch && start && progress.batch.epoch > (epoch?.epoch ?? 0)
          ? progress.batch.batch / start.batchesPerEpoch
          : 0,
      secondsLeft: state === "running" ? rounded(progress.secondsLeft) : null,
      imagesPerSecond: state === "running" ? (progress.batch?.imagesPerSecond ?? null) : null,
      started: start?.time ?? null,
      dataset: typeof data.name === "string" ? data.name : null,
      synthetic: data.synthetic === true,
      best: best && { epoch: best.epoch, robust: best.robust.accuracy, clean: best.clean.accuracy },
      last: last && { epoch: last.epoch, robust: last.robust.accuracy, clean: last.clean.accuracy },
      tail: last?.robust.groups.tail ?? null,
      loss: epoch?.loss ?? null,
      measured: storedFigures(join(this.folder, "evaluations")),
      experiment: createHash("sha256").update(canonicalJson(experiment)).digest("base64url").slice(0, 22),
      settings: flat({ ...experiment, ...(isSettings(seeds) ? { seeds } : {}) }),
      live: progress.batch?.step ?? 0,
    };
  }

  #state(running: boolean): [RunState, string | null] {
    const { start, epoch, batch, stopped, end, lastWarning, damaged } = this.#progress;
    const problem =
      this.#problem ??
      (damaged === 0
        ? null
        : `${damaged === 1 ? "One line" : `${damaged} lines`} of metrics.jsonl cannot be read as events.`);
    if (running) return ["running", problem ?? lastWarning];
    if (problem !== null) return ["unreadable", problem];
    if (end) return ["finished", lastWarning];
    const place = batch
      ? `epoch ${batch.epoch}, batch ${batch.batch}`
      : epoch
        ? `epoch ${epoch.epoch}`
        : null;
    if (stopped) {
      return ["stopped", `Stopped in ${place ?? "its beginning"}: ${stopped.reason}. --resume continues it.`];
    }
    if (!start) return ["failed", "Ended before its training began."];
    return ["failed", `Ended without a word${place ? ` after ${place}` : ""}; --resume continues it.`];
  }
}

function emptyRow(id: string): RunRow {
  return {
    ...{ id, name: id, version: 0, state: "failed", sentence: null, epoch: 0, epochs: null, within: 0 },
    ...{ secondsLeft: null, imagesPerSecond: null, started: null, dataset: null, synthetic: false },
    ...{ best: null, last: null, tail: null, loss: null, measured: {}, experiment: "", settings: {} },
    live: 0,
  } as RunRow;
}

/** Robust accuracy under each stored attack, of the best checkpoint where it was measured, else of the last. */
function storedFigures(folder: string): Record<string, number> {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return {};
  }
  const figures: Record<string, number> = {};
  const results = names.map((name) => stored(join(folder, name)));
  for (const checkpoint of [...bestFirst].reverse()) {
    for (const result of results) {
      if (result.checkpoint !== checkpoint || result.split === "validation") continue;
      const { attack, robust, clean } = result as { attack?: Settings; robust?: Settings; clean?: Settings };
      if (typeof attack?.name !== "string" || typeof robust?.accuracy !== "number") continue;
      figures[attack.name] = robust.accuracy;
      if (typeof clean?.accuracy === "number") figures.clean = clean.accuracy;
    }
  }
  return figures;
}

/** Results never change under their name without a change of size or time. */
const knownResults = new Map<string, { state: string; result: Settings }>();

function stored(file: string): Settings {
  const state = stateOf(file);
  const known = knownResults.get(file);
  if (known?.state === state) return known.result;
  const { checkpoint, split, attack, robust, clean } = readJson(file);
  const accuracy = (report: unknown) => (isSettings(report) ? { accuracy: report.accuracy } : undefined);
  const result = { checkpoint, split, attack, robust: accuracy(robust), clean: accuracy(clean) };
  knownResults.set(file, { state, result });
  return result;
}

function stateOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : "";
}

function readJson(file: string): Settings {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isSettings(value) ? value : {};
  } catch {
    return {};
  }
}

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Nested settings by dotted path, as text. */
function flat(settings: Settings, before = ""): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) =>
      isSettings(value)
        ? Object.entries(flat(value, `${before}${key}.`))
        : [[`${before}${key}`, typeof value === "string" ? value : JSON.stringify(value)]],
    ),
  );
}

function rounded(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds);
}
