// Prints the result of a CI run's tests. The last line is "N passed, N failed", and the exit code agrees with it.
import { existsSync, readFileSync } from "node:fs";

const [report, testStatus = "1"] = process.argv.slice(2);
const line = (text) => process.stdout.write(`${text}\n`);

let passed = 0;
let failed = 0;
if (report && existsSync(report)) {
  const results = JSON.parse(readFileSync(report, "utf8"));
  passed = results.numPassedTests;
  failed = results.numFailedTests;
  for (const file of results.testResults) {
    const failures = file.assertionResults.filter(({ status }) => status === "failed");
    for (const { fullName } of failures) line(`failed: ${file.name}: ${fullName}`);
    // A file that cannot be loaded has no tests to count, but counts as a failure.
    if (file.status === "failed" && failures.length === 0) {
      failed += 1;
      line(`failed: ${file.name}: ${(file.message ?? "").split("\n")[0]}`);
    }
  }
  line(`${results.numPendingTests + (results.numTodoTests ?? 0)} skipped`);
} else {
  line("failed: set-up, type check or lint ended before the tests could run");
}
// Whatever else made `npm test` fail counts as one failure.
if (testStatus !== "0" && failed === 0) failed = 1;
line(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
