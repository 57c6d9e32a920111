// Runs vitest and closes with one line of counts that any CI can read.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const scratch = mkdtempSync(join(tmpdir(), "weft-tests-"));
const results = join(scratch, "results.json");
const vitest = spawn(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ],
  { stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => vitest.kill(signal));

vitest.on("exit", (code) => {
  let line = "0 passed, 1 failed";
  let ran = false;
  try {
    const report = JSON.parse(readFileSync(results, "utf8"));
    // A file that could not be loaded fails without a test of its own failing.
    const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
    const failed = report.numFailedTests + broken.length;
    const skipped = report.numPendingTests + report.numTodoTests;
    const retried = report.testResults.flatMap((file) =>
      file.assertionResults.filter((test) => test.status === "passed" && test.failureMessages.length > 0),
    );
    for (const { fullName, failureMessages } of retried) {
      const [reason] = failureMessages[0].split("\n    at ");
      process.stdout.write(`\nPASSED ONLY AT THE SECOND TRY: ${fullName}\n${reason}\n`);
    }
    ran = report.numPassedTests > 0;
    line = `${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  } catch (error) {
    process.stderr.write(`no test report: ${error.message}\n`);
  }
  rmSync(scratch, { recursive: true, force: true });
  process.stdout.write(`\n${line}\n`);
  process.exitCode = code === 0 && ran ? 0 : code || 1;
});
