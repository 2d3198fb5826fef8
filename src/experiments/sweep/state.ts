// What of a sweep's runs is there.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../../canonical-json.js";
import { checkpointNames, type EvaluationResult, readResults } from "../../evaluation/index.js";
import { lockHolder, RunFolder, readRunEvents } from "../../training/index.js";
import type { ExperimentConfig } from "../config/index.js";
import { runConfig } from "../run-config.js";
import type { Sweep, SweepRun } from "./plan.js";

/** How far a run is. `running` is seen on this machine alone; `other settings` is a run that was begun with others than the sweep's. */
export type SweepRunState = "to run" | "running" | "stopped" | "to measure" | "done" | "other settings";

/** A run, how far it is, and what was measured. */
export interface SweepRunStatus {
  readonly run: SweepRun;
  readonly state: SweepRunState;
  /** Epochs that are done. */
  readonly epoch: number;
  readonly epochs: number;
  readonly results: readonly EvaluationResult[];
}

/** The states of all runs, in their order. @throws ReatError `data` for damaged files */
export function sweepStatus({ runs }: Sweep): SweepRunStatus[] {
  return runs.map(sweepRunStatus);
}

/** @throws ReatError `data` for damaged files */
export function sweepRunStatus(run: SweepRun): SweepRunStatus {
  const { epochs } = run.config.training;
  if (!RunFolder.isRun(run.folder)) return { run, state: "to run", epoch: 0, epochs, results: [] };
  const folder = RunFolder.open(run.folder);
  const events = readRunEvents(folder.metricsFile);
  const epoch = events.reduce((most, event) => (event.type === "epoch" ? event.epoch : most), 0);
  const results = readResults(folder.evaluationsFolder);
  const wanted = checkpointNames.filter((checkpoint) => existsSync(folder.checkpoint(checkpoint)));
  const { other, evaluation } = differences(runConfig(folder), run.config);
  const measured =
    !evaluation &&
    wanted.every((checkpoint) =>
      run.config.evaluation.attacks.every((attack) =>
        results.some((result) => result.checkpoint === checkpoint && result.attack.name === attack),
      ),
    );
  const trained = events.some(({ type }) => type === "end") && epoch >= epochs;
  const runs = lockHolder(join(run.folder, "lock")) !== null;
  const state = runs
    ? "running"
    : other
      ? "other settings"
      : !trained
        ? "stopped"
        : measured
          ? "done"
          : "to measure";
  return { run, state, epoch, epochs, results };
}

/** Whether two configurations differ in what decides the weights, more epochs aside, and whether in what is measured. */
function differences(a: ExperimentConfig, b: ExperimentConfig) {
  const parts = [a, b].map(
    ({ name: _name, device: _device, threads: _threads, logging: _logging, ...config }) => {
      const { evaluation, training, ...rest } = config;
      const { epochs: _epochs, logEvery: _log, checkpointEvery: _save, ...schedule } = training;
      return { deciding: canonicalJson({ ...rest, schedule }), evaluation: canonicalJson(evaluation) };
    },
  );
  return {
    other: parts[0]!.deciding !== parts[1]!.deciding,
    evaluation: parts[0]!.evaluation !== parts[1]!.evaluation,
  };
}
