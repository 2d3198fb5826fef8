// One side of a pair: a process that stays alive and does one repetition each time it is asked.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Repetition, Switches, Work } from "./work.js";

/** How a side is started. */
export interface SideProgram {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Environment variables in addition to those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Why a side could not do its work. */
export class SideError extends Error {}

// If this program is stopped in the middle of a case, the sides must stop too.
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const side of running) side.kill("SIGKILL");
});

/** A running side; `using` ends it. */
export class Side implements Disposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #complaints = "";

  constructor(readonly program: SideProgram) {
    this.#process = spawn(program.command, program.args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...program.environment },
    });
    running.add(this.#process);
    this.#process.once("exit", () => running.delete(this.#process));
    this.#process.on("error", (error) => {
      this.#complaints += error.message;
    });
    this.#process.stdin!.on("error", () => {});
    this.#process.stderr!.on("data", (text: Buffer) => {
      this.#complaints = (this.#complaints + text.toString()).slice(-4000);
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws SideError */
  async prepare(work: Work, threads: number, levers: Switches = {}): Promise<{ readonly version: string }> {
    return (await this.#ask({ do: "prepare", work, threads, levers })) as { version: string };
  }

  /** One repetition, timed by the side itself. @throws SideError */
  async run(): Promise<Repetition> {
    return (await this.#ask({ do: "run" })) as Repetition;
  }

  /** The most memory the process has held so far, in bytes. @throws SideError */
  async peakBytes(): Promise<number> {
    return ((await this.#ask({ do: "memory" })) as { peakBytes: number }).peakBytes;
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }

  async #ask(request: object): Promise<unknown> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      throw new SideError(`${this.program.name} ended: ${this.#complaints.trim() || "it said nothing"}`);
    }
    const answer = JSON.parse(value) as { error?: string };
    if (answer.error !== undefined) throw new SideError(`${this.program.name}: ${answer.error}`);
    return answer;
  }
}
