// Runs the long comparisons with recorded figures of other implementations (npm run agreement).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["bench/**/*.agreement.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
  },
});
