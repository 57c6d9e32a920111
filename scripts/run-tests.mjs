// Runs vitest and closes with one line of counts that any CI can read. A few files that failed get a second try, and it is told.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** More files than these are no accident of a busy machine, and are not tried again. */
const FILES_TRIED_AGAIN = 3;

const scratch = mkdtempSync(join(tmpdir(), "weft-tests-"));
let running = null;
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => running?.kill(signal));

/** @returns {Promise<{ code: number, report: object | null }>} what vitest exited with, and its JSON report. */
function run(name, args) {
  const results = join(scratch, `${name}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
  running = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...args], {
    stdio: "inherit",
  });
  return new Promise((resolve) => {
    running.on("exit", (code, signal) => {
      let report = null;
      try {
        report = JSON.parse(readFileSync(results, "utf8"));
      } catch (error) {
        process.stderr.write(`no test report: ${error.message}\n`);
      }
      resolve({ code: signal === null ? code : 1, report });
    });
  });
}

const reasonOf = ({ failureMessages }) => failureMessages[0]?.split("\n    at ")[0] ?? "";
const testsOf = (files, status) =>
  files.flatMap((file) => file.assertionResults.filter((test) => test.status === status));

/** What a red file says for itself, where not even one of its tests could be run. */
function failuresOf(file) {
  const failed = testsOf([file], "failed").map((test) => `${test.fullName}\n${reasonOf(test)}`);
  return failed.length > 0 ? failed : [file.message.split("\n    at ")[0]];
}

/** The files that failed, where they are few: what they start is started anew. A property that fails once is false. */
function worthAnotherTry(files) {
  const failed = files.filter((file) => file.status === "failed");
  const mayBeChance = failed.every((file) => !file.name.includes("/test/property/"));
  return mayBeChance && failed.length <= FILES_TRIED_AGAIN ? failed : [];
}

const first = await run("first", process.argv.slice(2));
let { code } = first;
let files = first.report?.testResults ?? [];
const again = worthAnotherTry(files);
if (again.length > 0) {
  process.stdout.write(`\nA second try of ${again.map((file) => file.name).join(", ")}\n`);
  const names = again.map((file) => file.name);
  const second = await run("second", names);
  const tried = second.report?.testResults ?? [];
  if (names.every((name) => tried.some((file) => file.name === name))) {
    files = files.map((file) => tried.find(({ name }) => name === file.name) ?? file);
    code = second.code;
    for (const file of again)
      for (const said of failuresOf(file)) process.stdout.write(`\nFAILED BEFORE A SECOND TRY OF ITS FILE: ${said}\n`);
  }
}

for (const test of testsOf(files, "passed").filter(({ failureMessages }) => failureMessages.length > 0))
  process.stdout.write(`\nPASSED ONLY AT THE SECOND TRY: ${test.fullName}\n${reasonOf(test)}\n`);

const passed = testsOf(files, "passed").length;
// A file that could not be loaded, or prepared, fails without a test of its own failing.
const broken = files.filter((file) => file.status === "failed" && testsOf([file], "failed").length === 0);
const failed = testsOf(files, "failed").length + broken.length;
const skipped = files.flatMap((file) => file.assertionResults).length - passed - testsOf(files, "failed").length;
rmSync(scratch, { recursive: true, force: true });
const counts = first.report === null ? "0 passed, 1 failed" : `${passed} passed, ${failed} failed`;
process.stdout.write(`\n${counts}${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
process.exitCode = code === 0 && passed > 0 && failed === 0 ? 0 : code || 1;
