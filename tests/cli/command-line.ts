// Runs the program in a folder of its own: as a child process, or where a process of its own proves nothing more, in this one.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../src/cli/program.js";
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
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, NO_COLOR: "1", REAT_CACHE: this.path("cache"), ...environment };
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

  /**
   * The same in this process, which saves the second that a start takes: for what is printed and refused. Signals, streams and
   * the process's own exit code need {@link reat}.
   */
  async call(args: readonly string[]): Promise<Ended> {
    const { stdout, stderr } = process;
    const before = {
      folder: process.cwd(),
      out: stdout.write,
      err: stderr.write,
      colours: process.env.NO_COLOR,
    };
    const written = { stdout: "", stderr: "" };
    const into = (name: keyof typeof written) => (chunk: unknown) => {
      written[name] += String(chunk);
      return true;
    };
    process.chdir(this.folder);
    process.env.NO_COLOR = "1";
    Object.assign(stdout, { write: into("stdout") });
    Object.assign(stderr, { write: into("stderr") });
    try {
      return { code: await run(args), ...written };
    } finally {
      Object.assign(stdout, { write: before.out });
      Object.assign(stderr, { write: before.err });
      process.exitCode = undefined;
      process.chdir(before.folder);
      if (before.colours === undefined) delete process.env.NO_COLOR;
    }
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
