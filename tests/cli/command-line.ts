// Runs the real program as a child process, in a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateSynthetic, writePacked } from "../../src/data/index.js";

const program = fileURLToPath(new URL("../../bin/reat.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with a tiny synthetic data set in `tiny.reatpack`; remove it with `dispose`. */
export class ScratchFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "reat-cli-"));
  readonly data = join(this.folder, "tiny.reatpack");

  constructor() {
    writePacked(this.data, generateSynthetic({ trainPerClass: 24, testPerClass: 6 }));
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /**
   * Runs `reat` with these arguments to its end. `onStderr` sees what it writes, as it writes it; `onStart` sees the process.
   */
  reat(
    args: readonly string[],
    onStderr?: (text: string, child: ReturnType<typeof spawn>) => void,
    onStart?: (child: ReturnType<typeof spawn>) => void,
  ): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, NO_COLOR: "1", REAT_CACHE: this.path("cache") };
      const child = spawn(process.execPath, [program, ...args], { cwd: this.folder, env });
      onStart?.(child);
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk.toString();
        onStderr?.(stderr, child);
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
