import type { BasePython } from "../environment/base-python.ts";
import type { Problem } from "../environment/problem.ts";
import type { Device } from "../wire/protocol.ts";

/** What is found on this machine, and what keeps the package from working. Paths are absolute. */
export interface Report {
  /** True when a session can start. */
  readonly ok: boolean;
  readonly device: Device;
  readonly package: { readonly version: string; readonly root: string; readonly checkout: boolean };
  readonly node: { readonly version: string; readonly platform: string };
  readonly home: { readonly path: string; readonly writable: boolean; readonly freeBytes: number | null };
  readonly environment: EnvironmentReport;
  /** Compiled programs of earlier sessions; deleting them costs compiling again. */
  readonly compiled: { readonly path: string; readonly programs: number; readonly bytes: number };
  /** From what an environment would be made. */
  readonly base: {
    readonly python: BasePython | null;
    readonly uv: string | null;
    readonly rejected: readonly string[];
  };
  readonly problems: readonly Problem[];
}

export interface EnvironmentReport {
  /** `given`: named by SYNJAX_PYTHON; `missing`: not made yet; `broken`: JAX does not run in it. */
  readonly state: "ready" | "given" | "missing" | "broken";
  readonly python: string | null;
  readonly pythonVersion: string | null;
  readonly jax: string | null;
  readonly devices: readonly string[];
}

/** The report as a person reads it. */
export function describe(report: Report): string {
  const { environment, home, base } = report;
  const free = home.freeBytes === null ? "" : `, ${(home.freeBytes / 1e9).toFixed(1)} GB free`;
  const rows: [string, string][] = [
    [
      "synjax-ts",
      `${report.package.version}  ${report.package.root}${report.package.checkout ? " (checkout)" : ""}`,
    ],
    ["node", `${report.node.version}  ${report.node.platform}`],
    ["home", `${home.path} (${home.writable ? "writable" : "not writable"}${free})`],
    ["environment", `${environment.state}${environment.python ? `  ${environment.python}` : ""}`],
  ];
  const { path, programs, bytes } = report.compiled;
  rows.push(["compiled", `${programs} programs, ${(bytes / 1e6).toFixed(1)} MB  ${path}`]);
  if (environment.jax) rows.push(["jax", `${environment.jax}  ${environment.devices.join(", ")}`]);
  rows.push(["base python", base.python ? `${base.python.version}  ${base.python.path}` : "none"]);
  for (const reason of base.rejected) rows.push(["", `not usable: ${reason}`]);
  rows.push(["uv", base.uv ?? "not on PATH (venv and pip are used)"]);
  const table = rows.map(([name, value]) => `${name.padEnd(12)} ${value}`).join("\n");
  if (report.ok) return `${table}\n\nEverything is in place.`;
  const problems = report.problems.map(({ problem, remedy }) => `✗ ${problem}\n  ${remedy}`).join("\n");
  return `${table}\n\n${problems}`;
}
