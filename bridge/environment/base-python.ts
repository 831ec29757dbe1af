import { pythonEnv, runCommand } from "./run-command.ts";
import { noEnsurepip, noPython, notCPython, OLDEST_PYTHON, pythonTooOld, type Problem } from "./problem.ts";

/** An interpreter of the system, from which an environment can be made. */
export interface BasePython {
  readonly path: string;
  /** For example `3.12.1`. */
  readonly version: string;
}

export interface Search {
  readonly python?: BasePython;
  /** Why there is none. */
  readonly problem?: Problem;
  /** Interpreters that were tried and cannot be used, and why. */
  readonly rejected: readonly string[];
}

const NAMES = ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"];

const ASK =
  "import sys, json; from importlib.util import find_spec; print(json.dumps({'path': sys.executable, " +
  "'version': '%d.%d.%d' % sys.version_info[:3], 'implementation': sys.implementation.name, " +
  "'ensurepip': bool(find_spec('ensurepip') and find_spec('venv'))}))";

interface Answer {
  readonly path: string;
  readonly version: string;
  readonly implementation: string;
  readonly ensurepip: boolean;
}

/**
 * The first usable interpreter of `SYNJAX_BASE_PYTHON`, or of python3.14 … python3.11, python3, python on PATH.
 * `needsPip` is false where uv makes the environment.
 */
export async function findBasePython(env: NodeJS.ProcessEnv, needsPip: boolean): Promise<Search> {
  const asked = env["SYNJAX_BASE_PYTHON"];
  const rejected: string[] = [];
  let problem: Problem | undefined;
  for (const name of asked ? [asked] : NAMES) {
    const answer = await ask(name, env);
    if (answer === "missing") continue;
    if (typeof answer === "string") {
      rejected.push(`${name}: ${answer}`);
      continue;
    }
    const wrong = unusable(answer, needsPip);
    if (!wrong) return { python: { path: answer.path, version: answer.version }, rejected };
    rejected.push(`${name}: ${wrong.problem}`);
    // Of several problems report a missing module first: it is easier to install than a newer Python.
    if (!problem || wrong.kind === "no-ensurepip") problem = wrong;
  }
  return { problem: problem ?? noPython(asked), rejected };
}

function unusable(answer: Answer, needsPip: boolean): Problem | undefined {
  if (!isNewEnough(answer.version)) return pythonTooOld(answer.path, answer.version);
  if (answer.implementation !== "cpython") return notCPython(answer.path, answer.implementation);
  if (needsPip && !answer.ensurepip) return noEnsurepip(answer.path, answer.version);
  return undefined;
}

async function ask(name: string, env: NodeJS.ProcessEnv): Promise<Answer | "missing" | string> {
  const ran = await runCommand(name, ["-I", "-c", ASK], { env: pythonEnv(env), timeout: 20_000 });
  if (ran.error?.code === "ENOENT") return "missing";
  try {
    return JSON.parse(ran.stdout) as Answer;
  } catch {
    return ran.error?.message ?? (ran.output.split("\n")[0] || `exits with ${ran.status}`);
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_PYTHON.split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** The version of Astral's uv, if it is on PATH. Another program of that name does not count. */
export async function findUv(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const ran = await runCommand("uv", ["--version"], { env, timeout: 20_000 });
  return /^uv (\d+\.\d+\.\d+)/.exec(ran.stdout)?.[1];
}
