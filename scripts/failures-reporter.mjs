// A reporter of vitest's that leaves the names of what failed: tests, files that did not load or clean up, and errors
// that no test caught. The last two fail a run too and stand in no count of tests.
import { writeFileSync } from "node:fs";

export default class Failures {
  onTestRunEnd(modules, unhandled, reason) {
    const failures = [];
    for (const module of modules) {
      const own = [module, ...module.children.allSuites()].flatMap((suite) => suite.errors());
      for (const error of own) failures.push(`${module.relativeModuleId}: ${firstLine(error)}`);
      for (const test of module.children.allTests("failed"))
        failures.push(`${module.relativeModuleId} > ${test.fullName}`);
    }
    for (const error of unhandled) failures.push(`no test: ${firstLine(error)}`);
    if (reason === "interrupted") failures.push("the run was interrupted");
    if (process.env.SYNJAX_TEST_FAILURES)
      writeFileSync(process.env.SYNJAX_TEST_FAILURES, JSON.stringify(failures));
  }
}

function firstLine(error) {
  return `${error.name ?? "Error"}: ${error.message}`.split("\n", 1)[0];
}
