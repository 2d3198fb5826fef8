// What a folder of work holds, without what a clock decides: two that are equal came to the same end, bit by bit.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCheckpoint } from "reat/training";
import { parse } from "yaml";
import { canonicalJson } from "#reat/canonical-json.js";

/** Keys whose values are times, or tell of a continuation. */
const clockKeys = new Set(["seconds", "time", "imagesPerSecond", "builtAt"]);

/** Without times, at any depth. */
export function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !clockKeys.has(key))
      .map(([key, inside]) => [key, withoutTimes(inside)]),
  );
}

/** A digest for each file of the folder by its path; JSON and logs without times, checkpoints by their tensors. */
export async function stateOf(folder: string): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  for (const path of filesOf(folder)) state[path] = await digestOf(join(folder, path));
  return state;
}

/** Paths of what a finished piece of work must not leave: half-written files, saved states, locks. */
export function leftOvers(folder: string): string[] {
  return entriesOf(folder).filter((path) => /\.(tmp|part|partial|lock)$|(^|\/)lock$/.test(path));
}

/** Files under their own names that hold half of what they should; none may be there, whenever a process was killed. */
export async function halfWritten(folder: string): Promise<string[]> {
  const broken: string[] = [];
  for (const path of filesOf(folder)) {
    // What is being written has another name.
    if (/\.tmp$/.test(path) || path.includes(".lock/") || path.includes("/lock/")) continue;
    try {
      await digestOf(join(folder, path));
    } catch {
      broken.push(path);
    }
  }
  return broken;
}

async function digestOf(file: string): Promise<string> {
  const digest = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");
  if (/checkpoints\/.*\.safetensors$/.test(file)) return digest(await describeCheckpoint(file));
  const bytes = readFileSync(file);
  if (file.endsWith(".jsonl")) return digest(JSON.stringify(history(bytes.toString("utf8"))));
  // The order of keys says nothing.
  if (file.endsWith(".yaml")) return digest(canonicalJson(parse(bytes.toString("utf8"))));
  if (file.endsWith(".json")) return digest(JSON.stringify(withoutTimes(JSON.parse(bytes.toString("utf8")))));
  // A page tells times: what counts is that it is whole.
  if (file.endsWith(".html")) {
    if (!bytes.toString("utf8").trimEnd().endsWith("</html>")) throw new Error("cut off");
    return "whole";
  }
  return digest(bytes);
}

async function describeCheckpoint(file: string): Promise<string> {
  const { state, parts } = await readCheckpoint(file);
  const tensors = Object.entries(parts).flatMap(([part, stored]) =>
    [...stored].map(([name, { dtype, shape, bytes }]) => [
      part,
      name,
      dtype,
      shape,
      Buffer.from(bytes).toString("base64"),
    ]),
  );
  const { logLength: _length, ...progress } = state.progress;
  return canonicalJson([withoutTimes({ ...state, progress }), tensors]);
}

/** The events without the lines that tell of continuing, and without a last line that is being written. */
function history(text: string): unknown[] {
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "");
  return lines
    .map((line) => JSON.parse(line) as { type: string; resumedFrom?: unknown })
    .filter(({ type, resumedFrom }) => type !== "start" || resumedFrom === null)
    .map(withoutTimes);
}

function entriesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
