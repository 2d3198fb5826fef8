// Refuses weights that a training left broken: with them every image gives NaN, and the blame would fall on the attack or the rate.
import { ReatError } from "../errors.js";
import { scope } from "../tensor/index.js";
import { restoreTensor, type StoredTensor } from "../training/index.js";

/**
 * @param state under the file's own names
 * @throws ReatError `checkpoint` naming a tensor that holds NaN or infinity, or a variance below 0
 */
export function requireSound(file: string, state: ReadonlyMap<string, StoredTensor>): void {
  for (const [name, stored] of state) {
    const what = problemOf(name, stored);
    if (what === null) continue;
    throw new ReatError(
      "checkpoint",
      `${name} in ${file} holds ${what}; accepted are finite numbers, and variances of at least 0: take weights from before the training failed.`,
    );
  }
}

function problemOf(name: string, stored: StoredTensor): string | null {
  if (!stored.dtype.includes("float") || stored.shape.includes(0)) return null;
  return scope(() => {
    const values = restoreTensor(stored);
    // A finite number less itself is 0; NaN and infinity give NaN.
    if (Number.isNaN(values.sub(values).abs().sum().item())) {
      return values.to("float64").flatten().toArray().some(Number.isNaN) ? "NaN" : "infinity";
    }
    if (!/(^|\.)running_var$/.test(name)) return null;
    const least = Math.min(...values.to("float64").flatten().toArray());
    return least < 0 ? `a variance of ${Number(least.toPrecision(4))}` : null;
  });
}
