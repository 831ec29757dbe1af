#!/usr/bin/env node
import { parseArgs } from "node:util";
import type { Extra } from "../environment/environment-spec.ts";
import type { SetupProgress } from "../environment/setup-progress.ts";
import { SynjaxError } from "../errors.ts";
import { type Device, DEVICES } from "../wire/protocol.ts";

const USAGE = `Usage: synjax <command> [options]

Commands
  setup    make the Python environment that runs JAX (or find the one that is there)
  doctor   say what is found, what is missing and what to type; changes nothing
  serve    run a worker that many processes call: synjax serve --help
  keys     make the keys of a served worker and of its clients: synjax keys --help
  inspect  print what a file of programs holds: synjax inspect tagger.synjax
  score    the rows of a file through a saved function: synjax score --help
  types    print the types of its functions: synjax types tagger.synjax [-o tagger.d.ts];
           or those of a plugin: synjax types --plugin my_pkg [-o my-pkg.ts]

Options of setup and doctor
  --device cpu|cuda|tpu   which JAX (default: cpu)
  --batch                 pyarrow too, with which score reads and writes tables
  --ray                   pyarrow and Ray too: score on many machines
  --dev                   the tools of this repository's tests too (in a checkout)
  --json                  doctor: print the report as JSON
  --help, --version

Environment variables
  SYNJAX_HOME          where environments are kept (default: synjax in the user's cache directory)
  SYNJAX_BASE_PYTHON   the Python, 3.11 or newer, from which the environment is made
  SYNJAX_PYTHON        an interpreter to use as it is, instead of an environment of ours
`;

/** The command line is wrong. */
class UsageError extends Error {}

interface Command {
  readonly name: string | undefined;
  readonly device: Device;
  readonly dev: boolean;
  readonly extra: Extra | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

function parse(args: readonly string[]): Command {
  const { values, positionals } = parseStrictly(args);
  const [name, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`Unexpected argument '${more[0]}'`);
  const extra = values.ray ? "ray" : values.batch ? "batch" : undefined;
  if (values.help) return { name, device: "cpu", dev: false, extra, json: false, help: true, version: false };
  if (name !== undefined && name !== "setup" && name !== "doctor")
    throw new UsageError(`Unknown command '${name}'`);
  if (values.json && name !== "doctor") throw new UsageError("'--json' belongs to doctor");
  const device = DEVICES.find((known) => known === values.device);
  if (!device) throw new UsageError(`Unknown device '${values.device}'; one of ${DEVICES.join(", ")}`);
  const { dev, json, help, version } = values;
  return { name, device, dev, extra, json, help, version };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: {
        device: { type: "string", default: "cpu" },
        batch: { type: "boolean", default: false },
        ray: { type: "boolean", default: false },
        dev: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        version: { type: "boolean", short: "v", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split(". ")[0]);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { runWorkerCommand, WORKER_COMMANDS } = await import("./worker-command.ts");
  if (WORKER_COMMANDS.includes(args[0] ?? "")) return runWorkerCommand(args);
  const { FILE_COMMANDS, fileCommand } = await import("./file-commands.ts");
  if (FILE_COMMANDS.includes(args[0] ?? "") && !args.includes("--help") && !args.includes("-h")) {
    const text = await fileCommand(args);
    return text === undefined ? 0 : say(text);
  }
  const command = parse(args);
  if (command.version) return version();
  if (command.help) return say(USAGE.trimEnd());
  if (command.name === "setup") return setup(command);
  if (command.name === "doctor") return doctor(command);
  throw new UsageError("Say what to do");
}

async function setup({ device, dev, extra }: Command): Promise<number> {
  const { setupEnvironment } = await import("../environment/setup.ts");
  const started = Date.now();
  let worked = false;
  const onProgress = ({ message }: SetupProgress): void => {
    worked = true;
    console.error(`synjax: ${message}`);
  };
  const environment = await setupEnvironment({ device, dev, extra, onProgress });
  const took = worked ? ` (${Math.round((Date.now() - started) / 1000)} s)` : "";
  return say(
    `Ready${took}: JAX ${environment.jax} for ${device} on Python ${environment.pythonVersion}\n${environment.python}`,
  );
}

async function doctor({ device, dev, extra, json }: Command): Promise<number> {
  const { inspectEnvironment } = await import("./doctor.ts");
  const { describe } = await import("./report.ts");
  const report = await inspectEnvironment({ device, dev, extra });
  say(json ? JSON.stringify(report, null, 2) : describe(report));
  return report.ok ? 0 : 1;
}

async function version(): Promise<number> {
  const { packageVersion } = await import("../environment/package-root.ts");
  return say(packageVersion());
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function fail(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(`synjax: ${error.message}\n\n${USAGE.trimEnd()}`);
    return 2;
  }
  if (!(error instanceof SynjaxError)) throw error;
  console.error(`synjax: [${error.code}] ${error.message}`);
  return error.code === "INVALID_ARGUMENT" ? 2 : 1;
}

process.exitCode = await main(process.argv.slice(2)).catch(fail);
