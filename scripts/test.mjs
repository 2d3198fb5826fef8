// Runs the tests with vitest; arguments are passed on, and REAT_TEST_REPORT names a file for a JSON report beside the text.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "./places.mjs";

const report = process.env.REAT_TEST_REPORT;
const reporters = report ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : [];
const vitest = join(packageRoot, "node_modules", "vitest", "vitest.mjs");
const done = spawnSync(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)], {
  cwd: packageRoot,
  stdio: "inherit",
});
process.exitCode = done.status ?? 1;
