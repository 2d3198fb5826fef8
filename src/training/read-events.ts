// Reads metrics.jsonl back.
import { existsSync, readFileSync } from "node:fs";
import { ReatError } from "../errors.js";
import type { RunEvent } from "./events.js";

/**
 * All events of a run so far; none where there is no file. A last line without an end is being written and left out.
 * @throws ReatError `data` naming a line that is no event
 */
export function readRunEvents(file: string): RunEvent[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line, index) => {
    try {
      const event = JSON.parse(line) as RunEvent | null;
      if (typeof event?.type === "string") return event;
    } catch {
      // A line that is not JSON is no event either.
    }
    throw new ReatError("data", `${file} is damaged in line ${index + 1}, which is no event.`);
  });
}
