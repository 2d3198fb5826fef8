// Tiers: each file of tests is in one, and those that start a process are found by what they import.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../scripts/places.mjs";
import { filesOfTier, longEntries, tierOf } from "./tiers.js";

it("sees a process that is started by another file than the test's own", () => {
  expect(tierOf("tests/cli/train.test.ts")).toBe("end-to-end");
  expect(tierOf("tests/readme.test.ts")).toBe("end-to-end");
  expect(tierOf("tests/methods/learning.test.ts")).toBe("long");
  expect(tierOf("tests/attacks/pgd.test.ts")).toBe("unit");
});

it("lists as long only what is there and starts no process", () => {
  expect(longEntries.filter((entry) => !existsSync(join(packageRoot, entry)))).toEqual([]);
  expect(longEntries.filter((entry) => filesOfTier("end-to-end").includes(entry))).toEqual([]);
});
