// Diagnoses an installation: the search for LibTorch, the addon, the engine, the machine.
import { searchLibTorch } from "../../scripts/libtorch.mjs";
import { activeBuild, keptChoice } from "../../scripts/places.mjs";
import { addonRows, searchRows } from "./build.js";
import { engineRows } from "./engine.js";
import { coresRow, diskRow, memoryRow, nodeRow } from "./machine.js";
import type { DiagnosisRow } from "./row.js";

export type { DiagnosisRow } from "./row.js";

export interface Diagnosis {
  readonly rows: readonly DiagnosisRow[];
  /** Whether training on the CPU would work: no row is false. */
  readonly ok: boolean;
}

export interface DiagnoseOptions {
  /** Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder whose disk runs would be written to. Default: the working folder. */
  readonly folder?: string;
}

/** Looks at everything training needs, in the order in which it is needed. Works where nothing is built yet. */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { env = process.env, folder = process.cwd() } = options;
  const addon = addonRows(activeBuild(), env);
  const rows = [
    nodeRow(process.versions.node),
    ...searchRows(searchLibTorch({ ...keptChoice(env), env })),
    ...addon.rows,
    ...(addon.loads ? await engineRows(env) : []),
    coresRow(),
    memoryRow(),
    diskRow(folder),
  ];
  return { rows, ok: rows.every(({ ok }) => ok !== false) };
}
