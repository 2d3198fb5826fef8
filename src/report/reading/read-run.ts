// Reads a run folder into a RunRecord; a run that is still going, or was killed, reads like any other.

import { readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { z } from "zod";
import { ReatError } from "../../errors.js";
import { checkpointNames, readPictures, readStoredResults } from "../../evaluation/index.js";
import { firstMisfit } from "../../schema-misfit.js";
import { parseYaml } from "../../yaml-text.js";
import { plainText } from "../plain-text.js";
import { eventLog } from "./result-rows.js";
import {
  currentResults,
  type EventOf,
  eventSchemas,
  type LoggedEvent,
  type RunData,
  type RunRecord,
  runDataSchema,
  type Settings,
  setting,
} from "./run-record.js";

/**
 * Reads config.yaml, environment.json, metrics.jsonl and evaluations/*.json of a run folder. A last line of metrics.jsonl
 * that was cut off in the writing is passed over; whatever else does not fit its format is an error.
 * @throws ReatError `data`: the folder does not exist or is no run, or a file (and line) in it is damaged.
 */
export async function readRun(folder: string): Promise<RunRecord> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new ReatError(
      "data",
      `There is no run folder at ${folder}; a folder that training wrote, such as runs/<name>, is accepted.`,
    );
  }
  const configText = await readText(join(folder, "config.yaml"));
  const log = await readText(join(folder, eventLog));
  if (configText === null && log === null) {
    throw new ReatError(
      "data",
      `${folder} is no run folder: it has neither a config.yaml nor a metrics.jsonl, which training writes.`,
    );
  }
  const config = configText === null ? {} : readYaml(configText, join(folder, "config.yaml"));
  const environmentText = await readText(join(folder, "environment.json"));
  const environment =
    environmentText === null
      ? {}
      : asSettings(
          readJson(environmentText, join(folder, "environment.json")),
          join(folder, "environment.json"),
        );
  const events = log === null ? [] : readEvents(log, join(folder, eventLog));
  const stored = readStoredResults(join(folder, "evaluations")).map((result) => ({
    ...result,
    file: `evaluations/${result.file}`,
  }));
  const data = readData(environment, join(folder, "environment.json"));
  const name = typeof config.name === "string" ? config.name : basename(resolve(folder));
  const record = {
    folder,
    name,
    config,
    configText: configText ?? "",
    environment,
    data,
    synthetic:
      data?.synthetic ??
      (stored.some((s) => s.synthetic) || plainText(setting(config, "data.source")).startsWith("synthetic")),
    start: last(events, "start"),
    epochs: byEpoch(events, "epoch"),
    evaluations: byEpoch(events, "evaluation"),
    best: last(events, "best"),
    stopped: last(events, "stopped"),
    end: last(events, "end"),
    warnings: uniqueWarnings(events),
    stored,
    pictures: readPictures(join(folder, "pictures")),
  };
  const files = { config: configText !== null, environment: environmentText !== null, log: log !== null };
  return { ...record, missing: missingPieces(record, files) };
}

function readEvents(text: string, file: string): LoggedEvent[] {
  const lines = text.split("\n");
  // A line is written together with its end, so text after the last end is a line cut off by a kill.
  const torn = lines.pop() ?? "";
  const events: LoggedEvent[] = [];
  lines.forEach((line, i) => {
    if (line.trim() !== "") events.push(...readEvent(line, `${file}, line ${i + 1}`));
  });
  if (torn.trim() !== "" && isJson(torn))
    events.push(...readEvent(torn, `${file}, line ${lines.length + 1}`));
  return events;
}

function readEvent(line: string, place: string): LoggedEvent[] {
  const value = asSettings(readJson(line, place), place);
  const type = value.type;
  if (typeof type !== "string") {
    throw new ReatError("data", `${place} has no "type"; every line names its event, such as "epoch".`);
  }
  // Batch events are many and not shown; kinds of events that only a later version knows are ignored.
  if (!Object.hasOwn(eventSchemas, type)) return [];
  const schema: z.ZodType<LoggedEvent> = eventSchemas[type as LoggedEvent["type"]];
  return [check(schema, value, `${place} (${type})`)];
}

function readData(environment: Settings, file: string): RunData | null {
  if (environment.data === undefined) return null;
  const data = check(runDataSchema, environment.data, `${file} (data)`);
  const [names, counts] = [data.classNames.length, data.trainCounts.length];
  if (names === counts) return data;
  throw new ReatError("data", `${file} names ${names} classes, but counts the images of ${counts}.`);
}

type Pieces = Omit<RunRecord, "missing">;

function missingPieces(
  run: Pieces,
  files: { config: boolean; environment: boolean; log: boolean },
): string[] {
  const missing: string[] = [];
  if (!files.config) missing.push("config.yaml is missing, so the configuration is not known.");
  if (!files.environment) missing.push("environment.json is missing, so commit and hardware are not known.");
  if (run.data === null) {
    missing.push("The data set is not described, so the names and sizes of the classes are not known.");
  }
  if (!files.log) missing.push("metrics.jsonl is missing, so there are no curves.");
  const planned = run.start?.epochs;
  const done = run.epochs.at(-1)?.epoch ?? 0;
  if (files.log && run.end === null) {
    const of = planned === undefined ? "" : ` of ${planned}`;
    const why = run.stopped
      ? `It was stopped (${run.stopped.reason})`
      : "It is still going, or was interrupted";
    missing.push(`${why}: ${done}${of} epochs are logged.`);
  }
  const shown = checkpointNames.flatMap((checkpoint) => currentResults(run, checkpoint));
  const epochs = new Set(shown.map(({ checkpoint, epoch }) => `${checkpoint} ${epoch}`));
  const passedOver = run.stored.filter(
    (result) => !shown.includes(result) && epochs.has(`${result.checkpoint} ${result.epoch}`),
  ).length;
  if (passedOver > 0) {
    missing.push(
      `${passedOver} stored results are of other weights or other images than the newest of their checkpoint, and are not shown.`,
    );
  }
  if (run.stored.length === 0) {
    missing.push(
      run.evaluations.length > 0
        ? "No checkpoint has been evaluated yet; the results come from the evaluations made while training."
        : "Nothing has been evaluated yet, so there are no results.",
    );
  }
  return missing;
}

function last<T extends LoggedEvent["type"]>(events: readonly LoggedEvent[], type: T): EventOf<T> | null {
  return (events.findLast((e) => e.type === type) as EventOf<T> | undefined) ?? null;
}

function byEpoch<T extends "epoch" | "evaluation">(events: readonly LoggedEvent[], type: T): EventOf<T>[] {
  const chosen = events.filter((e): e is Extract<LoggedEvent, { type: T }> => e.type === type);
  return chosen.sort((a, b) => (a as { epoch: number }).epoch - (b as { epoch: number }).epoch);
}

/** A continued run warns again; each warning is shown once. */
function uniqueWarnings(events: readonly LoggedEvent[]): EventOf<"warning">[] {
  const warnings = events.filter((e) => e.type === "warning");
  return [...new Map(warnings.map((w) => [w.name, w])).values()];
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new ReatError("data", `${file} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ReatError("data", `${place} is not valid JSON.`, { cause: error });
  }
}

function readYaml(text: string, file: string): Settings {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new ReatError("data", `${file} is not valid YAML: ${(error as Error).message}.`, { cause: error });
  }
  return asSettings(value, file);
}

function asSettings(value: unknown, place: string): Settings {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Settings;
  throw new ReatError(
    "data",
    `${place} must hold keys with values, but holds ${value === null ? "nothing" : Array.isArray(value) ? "a list" : `a ${typeof value}`}.`,
  );
}

function check<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ReatError("data", `${place} does not fit its format: ${firstMisfit(result.error)}.`);
}
