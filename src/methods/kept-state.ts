// The state of a method together with that of what works around it.
import { ReatError } from "../errors.js";
import type { Method, MethodState } from "./method.js";
import type { RecipeParts } from "./recipe.js";
import { noState } from "./state.js";

interface Keeper {
  readonly name: string;
  state?: Method["state"];
  restore?: Method["restore"];
}

/** The recipe's own state, and beside it that of each modifier that has one under the modifier's name. */
export function keptState(
  method: string,
  parts: Pick<RecipeParts, "state" | "restore">,
  modifiers: readonly Keeper[],
): Pick<Method, "state" | "restore"> {
  const own = parts.state && parts.restore ? { state: parts.state, restore: parts.restore } : noState(method);
  const keepers = modifiers.filter(({ state, restore }) => state && restore);
  if (keepers.length === 0) return own;
  return {
    state: () => ({
      ...own.state(),
      ...Object.fromEntries(keepers.map(({ name, state }) => [name, state!()])),
    }),
    restore(saved) {
      const rest: Record<string, unknown> = { ...saved };
      const states = keepers.map(({ name }) => {
        const state = rest[name];
        delete rest[name];
        if (typeof state === "object" && state !== null) return state as MethodState;
        throw new ReatError(
          "checkpoint",
          `The checkpoint's state of method ${method} lacks that of ${name}.`,
        );
      });
      own.restore(rest);
      for (const [i, { restore }] of keepers.entries()) restore!(states[i]!);
    },
  };
}
