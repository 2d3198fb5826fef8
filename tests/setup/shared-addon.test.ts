// Projects of one user share compiled addons through the cache.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { takeShared } from "../../scripts/addon.mjs";
import { activeBuild, sharedAddon } from "../../scripts/places.mjs";
import { temporaryFolder, write } from "./fake-libtorch.js";

afterEach(() => vi.unstubAllEnvs());

/** A cache that holds this file under the key "key", and where a project wants its addon. */
function shared(put: (path: string) => void): string {
  vi.stubEnv("REAT_CACHE", temporaryFolder());
  const path = sharedAddon("key") ?? "";
  mkdirSync(dirname(path), { recursive: true });
  put(path);
  return join(temporaryFolder(), "native", "key", "reat_native.node");
}

describe("an addon in the cache", () => {
  it("is taken if it loads", () => {
    const built = activeBuild()?.addon ?? "";
    const target = shared((path) => copyFileSync(built, path));
    expect(takeShared("key", target)).toBe(true);
    expect(readFileSync(target).equals(readFileSync(built))).toBe(true);
  });

  it("is left alone if it does not load, or is of other sources", () => {
    const target = shared((path) => write(path, "half a file"));
    expect(takeShared("key", target)).toBe(false);
    expect(existsSync(target)).toBe(false);
    expect(takeShared("another key", target)).toBe(false);
  });
});
