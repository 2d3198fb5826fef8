// Writes a sweep down: a configuration for each run, and a script that Slurm works off as an array of jobs.
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, writeDurably } from "../../durable-file.js";
import { configToYaml } from "../config/index.js";
import type { Sweep } from "./plan.js";

/** Where a sweep was written. */
export interface WrittenSweep {
  /** One configuration a line, in the order of the array's tasks. */
  readonly list: string;
  readonly script: string;
}

/** Seconds before a job's time is over in which a training reaches its next batch and writes a checkpoint. */
const secondsToStop = 120;

/** @throws ReatError `disk` */
export async function writeSweep(sweep: Sweep): Promise<WrittenSweep> {
  const configs = join(sweep.folder, "configs");
  makeFolder(configs);
  const files = sweep.runs.map(({ config }) => join(configs, `${config.name}.yaml`));
  for (const [at, { config }] of sweep.runs.entries()) await writeDurably(files[at]!, configToYaml(config));
  const list = join(sweep.folder, "configs.txt");
  await writeDurably(list, `${files.join("\n")}\n`);
  const script = join(sweep.folder, "sweep.sbatch");
  await writeDurably(script, sbatchScript(sweep, list));
  return { list, script };
}

function sbatchScript({ name, folder, runs, slurm }: Sweep, list: string): string {
  const program = fileURLToPath(new URL("../../../bin/reat.js", import.meta.url));
  const options = {
    "job-name": name,
    array: `0-${runs.length - 1}`,
    output: join(folder, "slurm-%a.txt"),
    "open-mode": "append",
    chdir: resolve("."),
    requeue: true,
    signal: `TERM@${secondsToStop}`,
    ...slurm,
  };
  const lines = Object.entries(options)
    .filter(([, value]) => value !== false)
    .map(([key, value]) => `#SBATCH --${key}${value === true ? "" : `=${optionText(String(value))}`}`);
  return `#!/usr/bin/env bash
${lines.join("\n")}
# Each task trains one configuration. After a requeue it goes on from its checkpoint. Shortly before its time is over Slurm asks it
# to stop; it then writes a checkpoint and goes back into the queue.
config=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(list)})
srun --kill-on-bad-exit=1 ${quoted(process.execPath)} ${quoted(program)} train "$config" --runs ${quoted(folder)} --or-continue
code=$?
job="\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
# 130: it was asked to stop. A job that somebody cancelled or requeued does not run any more.
if [ "$code" -eq 130 ] && [ "$(squeue --noheader --jobs "$job" --format %T)" = RUNNING ]; then
  scontrol requeue "$job"
fi
exit "$code"
`;
}

function optionText(text: string): string {
  return /^[\w./%:@,=+-]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`;
}

function quoted(text: string): string {
  return /^[\w./:@,=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
