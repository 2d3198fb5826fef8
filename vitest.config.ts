// Test runner settings: tiers by cost, and separate processes, because LibTorch's thread count is process-wide.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { filesOfTier, type Tier } from "./tests/tiers.js";

const tiers: readonly Tier[] = ["unit", "long", "end-to-end"];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^reat$/, replacement: fileURLToPath(new URL("./src/index.ts", import.meta.url)) },
      {
        find: /^reat\/(\w+)$/,
        replacement: `${fileURLToPath(new URL("./src", import.meta.url))}/$1/index.ts`,
      },
    ],
  },
  test: {
    projects: tiers.map((name) => ({
      extends: true,
      // Loading the library takes longer than most unit tests, so their files share it; the other tiers get a fresh process a file.
      test: { name, include: filesOfTier(name), isolate: false },
    })),
    pool: "forks",
    // By itself the runner leaves one core idle, which is half of two.
    maxWorkers: availableParallelism(),
    // The runner keeps every core busy with test files: more threads in each would only wait for one another.
    env: { OMP_NUM_THREADS: "1" },
    testTimeout: 60_000,
  },
});
