// Types of places.mjs for the library, which is compiled apart from these scripts.
import type { LibTorch } from "./libtorch.mjs";

export interface ActiveBuild {
  /** Full path of the compiled addon. */
  readonly addon: string;
  /** Identifies the sources, the compiler's settings and the LibTorch that it was built from. */
  readonly key: string;
  readonly libtorch: LibTorch;
  /** The checkout in which it was built; absent in older records. */
  readonly builtIn?: string;
  /** Seconds that compiling took; absent if not measured. */
  readonly seconds?: number;
  /** ISO time. */
  readonly builtAt: string;
}

export const packageRoot: string;
export const packageVersion: string;
export const isCheckout: boolean;
export function buildFolder(): string;
export function sharedAddon(key: string): string | undefined;
export function activeBuild(): ActiveBuild | undefined;
export function movedFrom(active: Pick<ActiveBuild, "addon" | "builtIn">): string | undefined;
export function keptPath(name: string | undefined): string | undefined;
export function choiceFile(): string;
export function keptChoice(env?: Readonly<Record<string, string | undefined>>): {
  readonly libtorch?: string;
  readonly python?: string;
  readonly found?: boolean;
};
