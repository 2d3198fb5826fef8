// Types of packages.mjs for its tests.
import type { LibTorch, SearchStep } from "./libtorch.mjs";

export function systemBlas(library?: string): { readonly kind: string; readonly path: string };
export function missingPackages(libtorch: LibTorch | undefined): string[];
export function usefulPackages(libtorch: LibTorch | undefined): string[];
export function installCommand(packages: readonly string[]): string;
export function canInstall(): boolean;
export function installPackages(packages: readonly string[]): void;
export function isOffered(name: string, policy?: string): boolean | undefined;
export function offersLibTorch(): boolean;
export function pipCommands(checkout?: boolean): string;
export function noLibTorchPackage(steps: readonly SearchStep[], osRelease?: string): Error;
export function cannotInstall(
  packages: readonly string[],
  libtorch: LibTorch | undefined,
  steps: readonly SearchStep[],
): Error;
