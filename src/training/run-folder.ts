// A run on disk: where its files lie, and that an existing one is never overwritten.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { cannotWrite, makeFolder, writeDurably } from "../durable-file.js";
import { ReatError } from "../errors.js";
import type { CheckpointName } from "../evaluation/index.js";
import type { Environment } from "./environment.js";
import { environmentChanges, parseEnvironment } from "./environment.js";
import type { WarningEvent } from "./events.js";
import { lockRun } from "./run-lock.js";

/** The folder `runs/<name>`. Its paths are fixed; see `create` and `open`. */
export class RunFolder {
  readonly path: string;
  readonly name: string;
  readonly configFile: string;
  readonly environmentFile: string;
  readonly metricsFile: string;
  readonly lastCheckpoint: string;
  readonly bestCheckpoint: string;
  readonly evaluationsFolder: string;
  readonly picturesFolder: string;
  readonly reportFile: string;
  readonly lockFile: string;

  private constructor(
    path: string,
    /** Warnings for the user before the run continues. */
    readonly warnings: readonly Omit<WarningEvent, "type">[] = [],
  ) {
    this.path = resolve(path);
    this.name = basename(this.path);
    this.configFile = join(this.path, "config.yaml");
    this.environmentFile = join(this.path, "environment.json");
    this.metricsFile = join(this.path, "metrics.jsonl");
    this.lastCheckpoint = join(this.path, "checkpoints", "last.safetensors");
    this.bestCheckpoint = join(this.path, "checkpoints", "best.safetensors");
    this.evaluationsFolder = join(this.path, "evaluations");
    this.picturesFolder = join(this.path, "pictures");
    this.reportFile = join(this.path, "report.html");
    this.lockFile = join(this.path, "lock");
  }

  /**
   * Makes the folder of a new run.
   * @param config the resolved configuration, as YAML
   * @throws ReatError `usage` where there is anything already or another process makes or trains it, `disk` where it cannot be made
   */
  static async create(path: string, config: string, environment: Environment): Promise<RunFolder> {
    const run = new RunFolder(path);
    // Checked before anything is written: on a read-only disk this message helps most.
    RunFolder.requireNone(path);
    makeFolder(run.path);
    using _lock = lockRun(run.lockFile);
    // Another process may have been faster.
    RunFolder.requireNone(path);
    let entries: string[];
    try {
      entries = readdirSync(run.path);
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
    const leftOver = entries.find((entry) => !unfinished.has(entry));
    if (leftOver !== undefined) {
      throw new ReatError(
        "usage",
        `${path} is not empty (it holds ${leftOver}): a new run needs a folder of its own.`,
      );
    }
    makeFolder(join(run.path, "checkpoints"));
    makeFolder(run.evaluationsFolder);
    await writeDurably(run.environmentFile, `${JSON.stringify(environment, null, 2)}\n`);
    // Last, because a folder with a configuration is a run.
    await writeDurably(run.configFile, config);
    return run;
  }

  /**
   * Opens an existing run. With an environment, `warnings` tell what makes its continuation differ in the last bits.
   * @throws ReatError `usage` where there is none, with an environment `data` where the run's own is damaged
   */
  static open(path: string, environment?: Environment): RunFolder {
    const run = new RunFolder(path);
    if (!existsSync(run.configFile)) {
      throw new ReatError("usage", `${path} holds no run: there is no config.yaml in it.`);
    }
    if (!environment) return run;
    const before = run.environment();
    if (!before) {
      const message =
        "environment.json is missing: whether the run goes on in the environment that it was begun in is not known.";
      return new RunFolder(path, [{ name: "environment-missing", message }]);
    }
    const changes = environmentChanges(before, environment);
    if (changes.length === 0) return run;
    const message = `The run goes on in another environment (${changes.join(", ")}): the same up to rounding, no longer bit by bit.`;
    return new RunFolder(path, [{ name: "environment-changed", message }]);
  }

  /** The folder of a run that another process makes and writes. */
  static ofAnother(path: string): RunFolder {
    return new RunFolder(path);
  }

  /** Whether a folder holds a run. */
  static isRun(path: string): boolean {
    return existsSync(join(path, "config.yaml"));
  }

  /** The file of a checkpoint, whether it exists or not. */
  checkpoint(name: CheckpointName): string {
    return name === "last" ? this.lastCheckpoint : this.bestCheckpoint;
  }

  /** @throws ReatError `usage` where a folder holds a run */
  static requireNone(path: string): void {
    if (!RunFolder.isRun(path)) return;
    throw new ReatError(
      "usage",
      `${path} already holds a run: continue it (--resume), or choose another name or folder.`,
    );
  }

  /** The resolved configuration, as YAML. */
  config(): string {
    return readFileSync(this.configFile, "utf8");
  }

  /** The environment that the run was begun in, or `null` where there is no record of it. @throws ReatError `data` where it is damaged */
  environment(): Environment | null {
    let text: string;
    try {
      text = readFileSync(this.environmentFile, "utf8");
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") return null;
      throw new ReatError("data", `${this.environmentFile} cannot be read: ${message}.`, { cause });
    }
    return parseEnvironment(text, this.environmentFile);
  }
}

/** What a `create` that was cut off leaves behind. */
const unfinished = new Set([
  "lock",
  "checkpoints",
  "evaluations",
  "environment.json",
  "environment.json.tmp",
  "config.yaml.tmp",
]);
