// What a reader must never do, made visible: starting processes and running code that a file brings.
import childProcess from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** Where hostile samples would leave a mark if anything of them were run: beside the folder that a worker is given. */
export const canary = `${process.argv[2]}-canary`;

const broken: string[] = [];

/** Replaces what starts processes by what notes it. To be called before a reader is loaded. */
export function guardProcesses(): void {
  const exports = childProcess as unknown as Record<string, unknown>;
  for (const name of ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"]) {
    exports[name] = () => {
      broken.push(`child_process.${name}`);
      throw new Error(`child_process.${name} was called`);
    };
  }
  syncBuiltinESMExports();
}

/** What was started since the last call. */
export function startedProcesses(): readonly string[] {
  return broken.splice(0);
}

/** Whether something of a hostile sample was run. */
export function codeWasRun(): boolean {
  if (!existsSync(canary)) return false;
  rmSync(canary, { force: true, recursive: true });
  return true;
}
