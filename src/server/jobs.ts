// Commands that the page asks for: one child process at a time, in the order they were asked, each can be stopped.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { ReatError } from "../errors.js";
import type { Job, JobRequest, JobState } from "./messages.js";

const program = fileURLToPath(new URL("../../bin/reat.js", import.meta.url));
/** Characters of a command's output that are kept. */
const longestOutput = 20_000;
const mostJobs = 100;
/** Between the request to stop and the end by force: a batch of a large network takes its time. */
const patience = 20_000;

interface Entry {
  job: Job;
  readonly args: readonly string[];
  child: ChildProcess | null;
  stopping: boolean;
}

/** The queue. Disposing it stops what runs. */
export class JobQueue implements Disposable {
  readonly #entries: Entry[] = [];
  #next = 1;

  constructor(
    readonly onChange: (jobs: readonly Job[]) => void,
    readonly command: readonly string[] = [process.execPath, program],
  ) {}

  get jobs(): readonly Job[] {
    return this.#entries.map(({ job }) => job);
  }

  /** @param folder of the run @throws ReatError `usage` where too many wait */
  add(request: Pick<JobRequest, "run">, args: readonly string[]): Job {
    if (this.#entries.filter(({ job }) => job.state === "waiting").length >= mostJobs) {
      throw new ReatError("usage", `${mostJobs} jobs wait already; stop some of them first.`);
    }
    const job: Job = {
      id: this.#next++,
      run: request.run,
      command: ["npx", "reat", ...args].map(quoted).join(" "),
      state: "waiting",
      line: "",
      output: "",
    };
    const entry: Entry = { job, args, child: null, stopping: false };
    this.#entries.push(entry);
    while (this.#entries.length > mostJobs * 2) this.#forgetOne();
    this.#turn();
    return entry.job;
  }

  /** Stops a job at the next safe point, a waiting one at once. @returns false where there is none that could be stopped */
  stop(id: number): boolean {
    const entry = this.#entries.find(({ job }) => job.id === id);
    if (!entry || !["waiting", "running"].includes(entry.job.state)) return false;
    if (!entry.child) {
      this.#set(entry, { state: "stopped", line: "never started" });
      return true;
    }
    entry.stopping = true;
    const { child } = entry;
    child.kill("SIGINT");
    this.#set(entry, { line: "stopping after this batch…" });
    setTimeout(() => child.kill("SIGKILL"), patience).unref();
    return true;
  }

  [Symbol.dispose](): void {
    for (const { child } of this.#entries) child?.kill("SIGINT");
  }

  #forgetOne(): void {
    const index = this.#entries.findIndex(({ job }) => !["waiting", "running"].includes(job.state));
    if (index >= 0) this.#entries.splice(index, 1);
  }

  #turn(): void {
    const waiting = this.#entries.find(({ job }) => job.state === "waiting");
    if (waiting && !this.#entries.some(({ job }) => job.state === "running")) this.#start(waiting);
    else this.onChange(this.jobs);
  }

  #start(entry: Entry): void {
    const [file, ...before] = this.command as [string, ...string[]];
    const child = spawn(file, [...before, ...entry.args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    entry.child = child;
    this.#set(entry, { state: "running" });
    let errors = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#set(entry, { output: (entry.job.output + text).slice(-longestOutput) });
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-4000);
      this.#set(entry, { line: lastLine(errors) });
    });
    const end = (state: JobState, line: string) => {
      entry.child = null;
      this.#set(entry, { state, line });
      this.#turn();
    };
    child.on("error", (error) => end("failed", error.message));
    child.on("close", (code) => {
      if (entry.job.state !== "running") return;
      const state = code === 0 ? "done" : entry.stopping ? "stopped" : "failed";
      const last = lastLine(errors);
      end(state, state === "done" ? "" : entry.stopping ? "stopped" : last || `ended with ${code}`);
    });
  }

  #set(entry: Entry, change: Partial<Job>): void {
    entry.job = { ...entry.job, ...change };
    this.onChange(this.jobs);
  }
}

/** Progress overwrites its line; what was written last stands. */
function lastLine(text: string): string {
  const lines = stripVTControlCharacters(text)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.at(-1)?.slice(0, 300) ?? "";
}

/** Quotes a word for a POSIX shell where it needs quoting. */
function quoted(word: string): string {
  return /^[\w./@:+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
