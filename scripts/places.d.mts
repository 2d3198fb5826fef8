// Types of places.mjs for the library, which is compiled apart from these scripts.
import type { LibTorch } from "./libtorch.mjs";

export interface ActiveBuild {
  /** Full path of the compiled addon. */
  readonly addon: string;
  /** Names the sources, the compiler's settings and the LibTorch it was built from. */
  readonly key: string;
  readonly libtorch: LibTorch;
  /** ISO time. */
  readonly builtAt: string;
}

export const packageRoot: string;
export const packageVersion: string;
export const isCheckout: boolean;
export function buildFolder(): string;
export function activeBuild(): ActiveBuild | undefined;
export function choiceFile(): string;
export function keptChoice(env?: Readonly<Record<string, string | undefined>>): {
  readonly libtorch?: string;
  readonly python?: string;
};
