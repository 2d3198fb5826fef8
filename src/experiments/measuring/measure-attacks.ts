// Measures attack by attack and batch by batch, saving after each, so that an interrupted measurement continues where it was.
import { join } from "node:path";
import {
  type AttackConstants,
  type AttackWarning,
  type AutoAttackState,
  isEnsemble,
  type NamedAttack,
  type NamedEnsemble,
} from "../../attacks/index.js";
import {
  type AccuracyReport,
  attackLabel,
  type EnsembleRecord,
  type MeasureOptions,
  measureAttack,
  measureClean,
  measureEnsemble,
  type StagePosition,
} from "../../evaluation/index.js";
import { scope } from "../../tensor/index.js";
import { restoreTensor, type StoredTensor, storeTensor } from "../../training/index.js";
import type { AdversarialImages } from "./adversarial-images.js";
import type { PlannedAttack } from "./evaluation-plan.js";
import { PartialFolder } from "./partial-folder.js";

/** The result of one attack. */
export interface MeasuredAttack {
  readonly name: string;
  readonly constants: AttackConstants;
  readonly robust: AccuracyReport;
  /** Of AutoAttack alone. */
  readonly ensemble?: EnsembleRecord;
  /** Of the other attacks; absent where there are none. */
  readonly warnings?: readonly AttackWarning[];
  /** As in {@link EnsembleRecord}, of the other attacks. */
  readonly tiles?: { readonly unconfirmed: number };
  readonly seconds: number;
}

export interface MeasuringOptions extends Omit<MeasureOptions, "tiles"> {
  /** See {@link EnsembleHooks}. */
  readonly screen?: boolean | undefined;
  /** Collects the attacked images where they are wanted. */
  readonly adversarial?: AdversarialImages | undefined;
}

/** Where an unfinished measurement is kept: a folder, and what decides the numbers. Null keeps nothing. */
export interface Place {
  readonly path: string;
  readonly identity: string;
}
export type PartialPlace = Place | null;

function folderAt<State>(place: PartialPlace): PartialFolder<State> | null {
  return place && new PartialFolder<State>(place.path, place.identity);
}

/** Clean accuracy; its partial results are kept until {@link forget}. */
export async function resumableClean(options: MeasureOptions, place: PartialPlace): Promise<AccuracyReport> {
  const folder = folderAt<StagePosition>(place);
  const { report } = await measureClean(options, {
    resume: folder?.read()?.state,
    onBatch: (position) => folder?.save(position),
  });
  return report;
}

/** Accuracy under an attack; its partial results are kept until {@link forget}, so that the result can be written first. */
export async function resumableAttack(
  options: MeasuringOptions,
  { spec, told }: PlannedAttack,
  place: PartialPlace,
): Promise<MeasuredAttack> {
  if (isEnsemble(spec)) return ensemble(options, spec, place);
  return single(options, spec, told, place);
}

/** Removes what an unfinished measurement saved. */
export async function forget(place: PartialPlace): Promise<void> {
  await folderAt(place)?.remove();
}

/** A place inside `parent` for a measurement of that identity. */
export function partialPlace(parent: string, stem: string, identity: string): Place {
  return { path: join(parent, `${stem}.partial`), identity };
}

interface SingleState {
  readonly position: StagePosition;
  readonly warnings: readonly AttackWarning[];
  readonly unconfirmed?: number;
}

async function single(
  options: MeasuringOptions,
  { name, constants, attack }: NamedAttack,
  told: PlannedAttack["told"],
  place: PartialPlace,
): Promise<MeasuredAttack> {
  const { adversarial, onProgress } = options;
  const folder = folderAt<SingleState>(place);
  const saved = folder?.read();
  for (const warning of saved?.state.warnings ?? []) told.warning(warning);
  told.refused = saved?.state.unconfirmed ?? 0;
  const tiles = constants.tiles === true;
  const collected = adversarial?.begin(attackLabel({ name, constants }));
  for (const part of saved?.parts ?? []) collected?.add(part.get("images")!);
  // Within a batch a long attack reports its passes, so that the bar moves.
  let at = { done: saved?.state.position.done ?? 0, total: 1 };
  told.onProgress = ({ done, total }) => {
    const share = Math.min(0.99, done / Math.max(total, 1));
    onProgress?.({
      stage: `${name} (batch ${at.done + 1}: ${Math.floor(100 * share)} %)`,
      ...{ ...at, secondsLeft: null },
    });
  };
  let latest: StoredTensor | null = null;
  const { report, seconds } = await measureAttack(
    {
      ...{ ...options, tiles },
      onProgress: (progress) => {
        at = { done: progress.done, total: progress.total };
        onProgress?.({ ...progress, stage: attackLabel({ name, constants }) });
      },
    },
    { name, attack },
    {
      resume: saved?.state.position,
      ...(collected && {
        onAdversarial: (_, images) => {
          latest = storeTensor(images);
          collected.add(latest);
        },
      }),
      onBatch: async (position) => {
        const tensors = latest ? new Map([["images", latest]]) : undefined;
        await folder?.save({ position, warnings: told.warnings, unconfirmed: told.refused }, tensors);
      },
    },
  );
  const { warnings } = told;
  return {
    ...{ name, constants, robust: report },
    ...(warnings.length > 0 && { warnings }),
    ...(tiles && { tiles: { unconfirmed: told.refused } }),
    seconds,
  };
}

interface EnsembleState {
  readonly state: AutoAttackState;
  readonly warnings: readonly AttackWarning[];
}

async function ensemble(
  options: MeasuringOptions,
  spec: NamedEnsemble,
  place: PartialPlace,
): Promise<MeasuredAttack> {
  const { adversarial, screen } = options;
  // A state of a time when random numbers were drawn by batches cannot be continued.
  const folder = folderAt<EnsembleState>(place && { ...place, identity: `${place.identity} by image` });
  const saved = folder?.read();
  const warnings = [...(saved?.state.warnings ?? [])];
  const fooled = (saved?.parts ?? []).map((part) => ({
    rows: scope(() => restoreTensor(part.get("rows")!).toArray()),
    images: restoreTensor(part.get("images")!),
  }));
  try {
    const measured = { ...options, tiles: spec.constants.tiles === true };
    const { report, seconds, ensemble } = await measureEnsemble(measured, spec, {
      ...{ screen },
      ...(saved && { resume: { state: saved.state.state, fooled, warnings: [...warnings] } }),
      onWarning: (warning) => warnings.push(warning),
      onState: async (state, found) => {
        const tensors =
          found &&
          new Map([
            ["images", storeTensor(found.images)],
            ["rows", rowNumbers(found.rows)],
          ]);
        await folder?.save({ state, warnings }, tensors ?? undefined);
      },
      onAdversarial: (images) => adversarial?.begin(attackLabel(spec)).add(storeTensor(images)),
    });
    return { name: spec.name, constants: spec.constants, robust: report, ensemble, seconds };
  } finally {
    for (const { images } of fooled) images.dispose();
  }
}

function rowNumbers(rows: readonly number[]): StoredTensor {
  const bytes = new Uint8Array(Int32Array.from(rows).buffer);
  return { dtype: "int32", shape: [rows.length], bytes };
}
