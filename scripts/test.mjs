// `npm test`: types, then the Python tests, then the TypeScript tests, and one summary.
// `npm test -- python` runs one part; what follows a part goes to its runner: `npm test -- python -k chain`.
// `--full` adds the long sweeps. At the end stands what each class and everything else cost in CPU seconds.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootstrap } from "./bootstrap.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [part, ...rest] = process.argv.slice(2).filter((argument) => argument !== "--full");
if (process.argv.includes("--full")) process.env.SYNJAX_TEST_FULL = "1";
const parts = { types, python, typescript };
if (part !== undefined && !(part in parts)) {
  console.error(`Unknown part "${part}". Parts: ${Object.keys(parts).join(", ")}.`);
  process.exit(2);
}

// The long sweeps kill the machines of a cluster too, which needs Ray
await bootstrap({ dev: true, ray: process.argv.includes("--full") });

const reports = mkdtempSync(join(tmpdir(), "synjax-test-"));
process.env.SYNJAX_TEST_BUDGET = join(reports, "python-cpu.json");
const results = [];
/** CPU seconds by class; what no class is charged for stands under the part's name. */
const costs = new Map();
/** The names of the tests that failed, told once more at the end, where they are looked for. */
const failures = [];
// A test case of pytest's report whose first child says that it failed.
const FAILED_CASE = /<testcase classname="([^"]*)" name="([^"]*)"[^>]*><(?:failure|error)/g;
// A class may use 60 in both languages together, everything twelve minutes of two cores.
const [CLASS, WHOLE] = [60, 2 * 720];
try {
  for (const name of part === undefined ? Object.keys(parts) : [part]) {
    const [started, usedBefore, countedBefore] = [Date.now(), cpuOfChildren(), total()];
    results.push({ name, ...parts[name](rest), seconds: (Date.now() - started) / 1000 });
    charge(name, cpuOfChildren() - usedBefore - (total() - countedBefore));
  }
} finally {
  rmSync(reports, { recursive: true, force: true });
}
summarize(results);

function types() {
  const ok = run(bin("typescript/bin/tsc"), ["-p", "tsconfig.json"]);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

function python(extra) {
  const report = join(reports, "pytest.xml");
  const pytest = ["-m", "pytest", "-q", "-n", "auto", `--junitxml=${report}`];
  const interpreter = [process.execPath, "--import", "tsx", join(root, "scripts/python.ts")];
  const ok = run(interpreter, [...pytest, ...extra], join(root, "python"));
  for (const [name, seconds] of Object.entries(readOr(process.env.SYNJAX_TEST_BUDGET, {})))
    if (name !== "everything else") charge(name, seconds);
  return counted("python", ok, () => {
    const xml = readFileSync(report, "utf8");
    const suite = /<testsuite [^>]*>/.exec(xml)[0];
    const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = count("failures") + count("errors");
    const skipped = count("skipped");
    // pytest escapes ", <, > and & in what it writes here; a name reads well enough with them.
    for (const [, file, name] of xml.matchAll(FAILED_CASE)) failures.push(`${file}::${name}`);
    return { passed: Math.max(0, count("tests") - failed - skipped), failed, skipped };
  });
}

function typescript(extra) {
  const report = join(reports, "vitest.json");
  process.env.SYNJAX_TEST_FAILURES = join(reports, "failures.json");
  const ok = run(bin("vitest/vitest.mjs"), [
    "run",
    "--reporter=default",
    `--reporter=${join(root, "scripts/failures-reporter.mjs")}`,
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...extra,
  ]);
  // A test that asks one class tells what its worker used: see tests/contract/conformance.test.ts.
  const tests = readOr(report, { testResults: [] }).testResults.flatMap((file) => file.assertionResults);
  failures.push(...readOr(process.env.SYNJAX_TEST_FAILURES, []));
  for (const { meta } of tests) if (meta?.of !== undefined) charge(meta.of, meta.cpuSeconds ?? 0);
  return counted("typescript", ok, () => {
    const json = JSON.parse(readFileSync(report, "utf8"));
    return {
      passed: json.numPassedTests,
      failed: json.numFailedTests,
      skipped: json.numPendingTests + json.numTodoTests,
    };
  });
}

/** A runner that failed without a failing test (a file that does not load, a crash) counts as one failure. */
function counted(part, ok, read) {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    counts = read();
  } catch (error) {
    failures.push(`${part}: it left no report (${error.message})`);
    return { ...counts, failed: 1 };
  }
  if (ok || counts.failed > 0) return counts;
  failures.push(`${part}: it failed beside its tests`);
  return { ...counts, failed: 1 };
}

function readOr(file, otherwise) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return otherwise;
  }
}

function charge(name, seconds) {
  if (seconds > 0) costs.set(name, (costs.get(name) ?? 0) + seconds);
}

function total() {
  return [...costs.values()].reduce((sum, seconds) => sum + seconds, 0);
}

/** Of all processes that have ended, with theirs; 0 where the system is not Linux and does not say. */
function cpuOfChildren() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100; // hundredths of a second
  } catch {
    return 0;
  }
}

function bin(path) {
  return [process.execPath, join(root, "node_modules", path)];
}

function run([file, ...first], args, cwd = root) {
  return spawnSync(file, [...first, ...args], { cwd, stdio: "inherit" }).status === 0;
}

function summarize(results) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  console.log();
  for (const { name, passed, failed, skipped, seconds } of results) {
    counts.passed += passed;
    counts.failed += failed;
    counts.skipped += skipped;
    console.log(`${name.padEnd(11)} ${line({ passed, failed, skipped })}   ${seconds.toFixed(1)} s`);
  }
  console.log("\nCPU seconds");
  for (const [name, seconds] of [...costs].sort((a, b) => b[1] - a[1])) {
    const limit = name in parts || name.startsWith("structures/") ? "" : mark(seconds, CLASS);
    console.log(`${name.padEnd(24)} ${seconds.toFixed(1).padStart(7)}${limit}`);
  }
  const used = [...costs.values()].reduce((sum, seconds) => sum + seconds, 0);
  console.log(`${"in all".padEnd(24)} ${used.toFixed(1).padStart(7)}${mark(used, WHOLE)}\n`);
  for (const name of failures) console.log(`failed: ${name}`);
  console.log(line(counts));
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

function mark(seconds, limit) {
  return process.env.SYNJAX_TEST_FULL ? "" : ` of ${limit}${seconds > limit ? "   over budget" : ""}`;
}

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
