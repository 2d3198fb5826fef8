// Finds curves among a run's results: the same attack at several numbers of steps, or at several radii.

import { canonicalJson } from "../../canonical-json.js";
import { attackLabel, bestFirst, type CheckpointName, type StoredResult } from "../../evaluation/index.js";
import { plainText } from "../plain-text.js";
import { currentResults, type RunRecord } from "./run-record.js";

export interface CurvePoint {
  /** Number of steps, or ε. */
  readonly x: number;
  readonly result: StoredResult;
}

export interface AttackCurve {
  readonly against: "steps" | "epsilon";
  readonly checkpoint: CheckpointName;
  /** What all points share, such as "PGD" or "pgd-20"; equal for curves that belong in one chart. */
  readonly attack: string;
  readonly norm: string;
  /** Ascending in x; three at least. */
  readonly points: readonly CurvePoint[];
}

/** Fewer points are single results, not a curve. */
const fewest = 3;

/** The curves of a run, best checkpoint first. */
export function attackCurves(record: RunRecord): AttackCurve[] {
  return bestFirst.flatMap((checkpoint) => {
    const results = currentResults(record, checkpoint).filter(({ attack }) => attack.name !== "clean");
    return [...curvesAgainstSteps(results, checkpoint), ...curvesAgainstEpsilon(results, checkpoint)];
  });
}

function curvesAgainstSteps(
  results: readonly StoredResult[],
  checkpoint: AttackCurve["checkpoint"],
): AttackCurve[] {
  return grouped(results, ({ attack }) => {
    const family = /^(pgd|cw|mim)-\d+$/.exec(attack.name)?.[1];
    const { steps, ...rest } = attack.constants;
    if (family === undefined || typeof steps !== "number") return null;
    return { key: [family, rest], x: steps };
  }).map((points) => {
    const { name, constants } = points[0]!.result.attack;
    const label = attackLabel({ name: name.replace(/-\d+$/, ""), constants });
    return { against: "steps", checkpoint, attack: label, norm: plainText(constants.norm), points };
  });
}

function curvesAgainstEpsilon(
  results: readonly StoredResult[],
  checkpoint: AttackCurve["checkpoint"],
): AttackCurve[] {
  const usualStep = (constants: Readonly<Record<string, unknown>>) => {
    const { epsilon, stepSize } = constants;
    if (typeof epsilon !== "number" || typeof stepSize !== "number" || epsilon === 0) return null;
    return Number((stepSize / epsilon).toPrecision(6));
  };
  // A radius of 0 has no step in proportion: it is the first point of every curve of its attack.
  const steps = new Set(results.map(({ attack }) => usualStep(attack.constants)));
  return [...steps].flatMap((share) =>
    grouped(results, ({ attack }) => {
      const { epsilon, stepSize: _step, ...rest } = attack.constants;
      const own = usualStep(attack.constants);
      if (typeof epsilon !== "number" || (own !== share && epsilon !== 0)) return null;
      return { key: [attack.name, rest], x: epsilon };
    })
      // Without a radius of this share the points at 0 alone would make a curve for every share.
      .filter((points) => points.filter(({ x }) => x > 0).length >= fewest - 1)
      .map((points): AttackCurve => {
        const { name, constants } = points[0]!.result.attack;
        const { norm, constantsHash } = constants;
        const label = typeof constantsHash === "string" ? `${name} [${constantsHash.slice(0, 12)}]` : name;
        return { against: "epsilon", checkpoint, attack: label, norm: plainText(norm), points };
      }),
  );
}

/** Results of one key with at least three values of x, of those of the same images, seeds and batches. */
function grouped(
  results: readonly StoredResult[],
  place: (result: StoredResult) => { key: unknown; x: number } | null,
): CurvePoint[][] {
  const groups = new Map<string, Map<number, CurvePoint>>();
  for (const result of results) {
    const placed = place(result);
    if (!placed) continue;
    const { split, seeds, batchSize, clean } = result;
    const key = canonicalJson([placed.key, split, seeds, batchSize, clean.total]);
    const group = groups.get(key) ?? new Map<number, CurvePoint>();
    group.set(placed.x, { x: placed.x, result });
    groups.set(key, group);
  }
  return [...groups.values()]
    .map((group) => [...group.values()].sort((a, b) => a.x - b.x))
    .filter((points) => points.length >= fewest);
}
