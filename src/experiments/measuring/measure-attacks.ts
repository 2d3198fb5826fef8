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
import { type ProcessTeam, scope } from "../../tensor/index.js";
import {
  decodeSafetensors,
  encodeSafetensors,
  restoreTensor,
  type StoredTensor,
  storeTensor,
} from "../../training/index.js";
import type { AdversarialImages } from "./adversarial-images.js";
import type { PlannedAttack } from "./evaluation-plan.js";
import { type PartialContent, PartialFolder } from "./partial-folder.js";

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

type Team = ProcessTeam | null | undefined;

/** Of several processes the first one alone reads and writes there. */
function folderAt<State>(place: PartialPlace, team: Team): PartialFolder<State> | null {
  return team?.leads === false ? null : place && new PartialFolder<State>(place.path, place.identity);
}

/** What was saved, for all processes. */
async function savedIn<State>(
  folder: PartialFolder<State> | null,
  team: Team,
): Promise<PartialContent<State> | null> {
  const own = folder?.read() ?? null;
  if (!team) return own;
  const found = await team.decide(() => own && { state: own.state, parts: own.parts.length });
  if (!found) return null;
  const parts: PartialContent<State>["parts"][number][] = [];
  for (let at = 0; at < found.parts; at++) {
    const tensors = own?.parts[at];
    const bytes = tensors ? Buffer.concat(encodeSafetensors({ tensors, metadata: {} })) : new Uint8Array();
    parts.push(decodeSafetensors(await team.fromLeader(bytes), "a part of the measurement").tensors);
  }
  return { state: found.state, parts };
}

/** Clean accuracy; its partial results are kept until {@link forget}. */
export async function resumableClean(options: MeasureOptions, place: PartialPlace): Promise<AccuracyReport> {
  const folder = folderAt<StagePosition>(place, options.team);
  const saved = await savedIn(folder, options.team);
  const { report } = await measureClean(options, {
    resume: saved?.state,
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
export async function forget(place: PartialPlace, team?: Team): Promise<void> {
  await folderAt(place, team)?.remove();
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
  const { adversarial, onProgress, team } = options;
  const folder = folderAt<SingleState>(place, team);
  const saved = await savedIn(folder, team);
  told.resume(saved?.state.warnings ?? [], saved?.state.unconfirmed ?? 0);
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
  // Of several processes a round has several batches.
  let latest: StoredTensor[] = [];
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
          const stored = storeTensor(images);
          latest.push(stored);
          collected.add(stored);
        },
      }),
      onBatch: async (position) => {
        if (team) await told.share(team);
        const tensors = latest.map((images) => new Map([["images", images]]));
        latest = [];
        await folder?.save({ position, warnings: told.warnings, unconfirmed: told.refused }, ...tensors);
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
  const { adversarial, screen, team } = options;
  // A state of a time when random numbers were drawn by batches cannot be continued.
  const folder = folderAt<EnsembleState>(place && { ...place, identity: `${place.identity} by image` }, team);
  const saved = await savedIn(folder, team);
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
