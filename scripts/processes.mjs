// Runs the programs that the set-up needs, and turns their failures into short errors.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A failure whose message is shown to the user as it is. */
export class SetupError extends Error {}

/** The first of these programs that is on the PATH; undefined if none is. */
export function findProgram(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      if (folder === "") continue;
      try {
        accessSync(join(folder, name), constants.X_OK);
        return name;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}

/** Shortens a long text to its beginning and its end: compilers name the cause first, package managers last. */
function bothEnds(text, head = 25, tail = 25) {
  const lines = text.trim().split("\n");
  if (lines.length <= head + tail) return lines.join("\n");
  return [...lines.slice(0, head), `… ${lines.length - head - tail} lines …`, ...lines.slice(-tail)].join(
    "\n",
  );
}

/** Runs a program to its end and hides its output; if it fails, the error shows the output. `calledAs` is its name in errors. */
export function runQuietly(what, program, args, { calledAs = program, ...options } = {}) {
  const done = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (done.error) throw new SetupError(`${what} failed: ${program} cannot be run (${done.error.message})`);
  if (done.status === 0) return done.stdout;
  const how = done.signal ? `was ended by ${done.signal}` : `exited with ${done.status}`;
  throw new SetupError(`${what} failed: ${calledAs} ${how}\n${bothEnds(`${done.stdout}\n${done.stderr}`)}`);
}
