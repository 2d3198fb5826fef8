// What a result is called in tables: the attack's name, what differs from the usual budget, and an ensemble's hash.
import { normSymbol, type UsualBudget, usualBudgets } from "../attacks/index.js";
import { formatFraction } from "../fraction.js";

/** The parts of a result that its label is made from. */
export interface LabelledAttack {
  readonly name: string;
  readonly constants: Readonly<Record<string, unknown>>;
}

const usual: Readonly<Record<string, UsualBudget>> = usualBudgets;
const same = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

/**
 * "pgd-20" for the usual budget (8/255 in l∞ in steps of 2/255); otherwise what differs follows: "pgd-20 ε=4/255",
 * "pgd-20 l2 ε=0.5 step=0.2". A step in the usual proportion to ε is not named. Ensembles carry the hash of their constants:
 * "autoattack [1f2e3d4c5b6a]".
 */
export function attackLabel({ name, constants }: LabelledAttack): string {
  const { norm = "linf", epsilon, stepSize, restarts, logitScale, start, constantsHash } = constants;
  const known = usual[String(norm)] ?? usualBudgets.linf;
  const parts = [name];
  const ofName = name === "cw-l2" || name === "cw-l2-fixed" ? "l2" : "linf";
  if (norm !== ofName) parts.push(normSymbol(String(norm)));
  if (typeof epsilon === "number" && !same(epsilon, known.epsilon)) {
    parts.push(`ε=${formatFraction(epsilon)}`);
  }
  if (typeof stepSize === "number" && typeof epsilon === "number" && epsilon > 0) {
    const usualShare = known.stepSize === null ? Number.NaN : known.stepSize / known.epsilon;
    if (!same(stepSize / epsilon, usualShare)) parts.push(`step=${formatFraction(stepSize)}`);
  }
  if (typeof restarts === "number" && restarts !== usualRestarts(name, String(norm))) {
    parts.push(`restarts=${restarts}`);
  }
  if (typeof start === "string" && start !== "uniform") parts.push(`start=${start}`);
  if (typeof logitScale === "number" && logitScale !== 1) parts.push(`logits×${logitScale}`);
  if (typeof constantsHash === "string") parts.push(`[${constantsHash.slice(0, 12)}]`);
  return parts.join(" ");
}

function usualRestarts(name: string, norm: string): number {
  return norm === "l1" && (name === "apgd-ce" || name === "apgd-dlr") ? 5 : 1;
}
