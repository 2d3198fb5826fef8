// Keeps a worker at work: hands it cases, ends it when one costs too much, starts another where it died.
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Fault, Limits, Outcome } from "./case.js";
import type { Order, Report } from "./messages.js";
import type { Cost } from "./trial.js";

const program = fileURLToPath(new URL("worker.js", import.meta.url));
const look = 250;

/** How a case ended, with what was done to its files and what it cost. */
export interface Ended {
  readonly what: string;
  readonly outcome: Outcome;
  readonly cost: Cost;
}

/** One worker at a time. */
export class Supervisor {
  #worker: ChildProcess | undefined;
  #errors = "";

  /**
   * @param folder where the worker puts each case's files
   * @param names of all formats that it will be asked for
   * @param limits of each case
   */
  constructor(
    readonly folder: string,
    readonly names: readonly string[],
    readonly limits: Limits,
  ) {}

  /** @throws Error where the fuzzer itself fails */
  async run(order: Order): Promise<Ended> {
    const worker = this.#worker ?? (await this.#start());
    let what = "";
    let began = processorSecondsOf(worker.pid!);
    const wallBegan = performance.now();
    const nothing: Cost = { processorSeconds: this.limits.processorSeconds, bytes: null };
    const found = (fault: Fault, message: string): Ended => ({
      what,
      cost: nothing,
      outcome: { verdict: "found", fault, message },
    });
    return new Promise<Ended>((resolve, reject) => {
      const finish = (ended: Ended) => {
        stop();
        resolve(ended);
      };
      const watch = setInterval(() => {
        const used = processorSecondsOf(worker.pid!) - began;
        const waited = (performance.now() - wallBegan) / 1000;
        if (used > this.limits.processorSeconds || waited > this.limits.wallSeconds) {
          this.#kill();
          finish(
            found(
              "too slow",
              `not done after ${used.toFixed(1)} s of processor time, ${waited.toFixed(1)} s in all`,
            ),
          );
        }
      }, look);
      const onMessage = (report: Report) => {
        if (report.type === "begun") {
          what = report.what;
          began = processorSecondsOf(worker.pid!);
        } else if (report.type === "failed") {
          stop();
          reject(new Error(report.message));
        } else if (report.type === "done") {
          finish({ what, ...withinLimits(report.outcome, report.cost, this.limits) });
        }
      };
      const onExit = (code: number | null, signal: string | null) => {
        this.#worker = undefined;
        const why = signal ? `signal ${signal}` : `exit status ${code}`;
        finish(found("crashed", `the process ended with ${why}: ${this.#errors.slice(-1500)}`));
      };
      const stop = () => {
        clearInterval(watch);
        worker.off("message", onMessage);
        worker.off("exit", onExit);
      };
      worker.on("message", onMessage);
      worker.on("exit", onExit);
      worker.send(order);
    });
  }

  /** Ends the worker. */
  close(): void {
    this.#kill();
  }

  async #start(): Promise<ChildProcess> {
    this.#errors = "";
    const worker = fork(program, [this.folder], {
      // Texts that a file brings cannot become code.
      execArgv: ["--disallow-code-generation-from-strings", "--max-old-space-size=3072"],
      env: { ...process.env, OMP_NUM_THREADS: "1", NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    worker.stderr!.on("data", (text) => {
      this.#errors = (this.#errors + String(text)).slice(-4000);
    });
    await new Promise<void>((resolve, reject) => {
      const failed = (message: string) =>
        reject(new Error(`a worker did not start: ${message}${this.#errors}`));
      worker.once("exit", (code) => failed(`exit status ${code}: `));
      worker.once("message", (report: Report) => {
        worker.removeAllListeners("exit");
        if (report.type === "ready") resolve();
        else failed(report.type === "failed" ? report.message : report.type);
      });
      worker.send({ type: "prepare", formats: this.names } satisfies Order);
    });
    this.#worker = worker;
    return worker;
  }

  #kill(): void {
    this.#worker?.removeAllListeners("exit");
    this.#worker?.kill("SIGKILL");
    this.#worker = undefined;
  }
}

function withinLimits(outcome: Outcome, cost: Cost, limits: Limits): { outcome: Outcome; cost: Cost } {
  const excess = (fault: Fault, message: string) => ({
    cost,
    outcome: { verdict: "found", fault, message } as const,
  });
  if (outcome.verdict === "found") return { outcome, cost };
  if (cost.processorSeconds > limits.processorSeconds)
    return excess("too slow", `${cost.processorSeconds.toFixed(1)} s of processor time`);
  if (cost.bytes !== null && cost.bytes > limits.bytes) {
    return excess("too much memory", `${Math.round(cost.bytes / 2 ** 20)} MiB beyond what was held before`);
  }
  return { outcome, cost };
}

/** Of a process and all its threads, from /proc; 0 where it has ended. */
function processorSecondsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    // Linux counts in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
