// A reader that does everything a reader must not, so that the fuzzer's own checks can be seen to find it.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ReatError } from "reat";
import type { Fault, Format } from "../case.js";
import { canary } from "../guard.js";

const misdeeds: Readonly<Record<Fault, () => string>> = {
  "no sentence": () => String((undefined as unknown as { length: number }).length),
  "read wrong": () => String(Math.random()),
  "refused though valid": () => {
    throw new ReatError("data", "This file is refused.");
  },
  "too slow": () => {
    for (;;);
  },
  "too much memory": () => {
    const held = Array.from({ length: 6 }, () => Buffer.alloc(2 ** 25, 1));
    return held.length > 0 ? "right" : "";
  },
  crashed: () => process.abort(),
  "started a process": () => String(spawnSync("true").status),
  "ran code": () => {
    writeFileSync(canary, "");
    return "";
  },
};
const names = Object.keys(misdeeds) as Fault[];

/** Samples that name the misdeed. */
export const broken: Format = {
  name: "broken",

  make(random) {
    const misdeed = names[random.below(names.length)]!;
    const files = { misdeed };
    return { files, what: misdeed, expects: "same", reference: { misdeed: "none" } };
  },

  async read(folder) {
    const misdeed = readFileSync(join(folder, "misdeed"), "utf8");
    return misdeed === "none" ? "right" : misdeeds[misdeed as Fault]();
  },
};
