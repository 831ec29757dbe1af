import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SynjaxError } from "../errors.ts";
import type { Device } from "../wire/protocol.ts";
import { packageRoot } from "./package-root.ts";

/** What an environment has besides what a worker needs: tables for scoring files, and Ray to do it on many machines. */
export type Extra = "batch" | "ray";

/** Requirement files of each, and the modules that its environment can import. */
const EXTRAS: Record<Extra, { readonly files: readonly string[]; readonly modules: readonly string[] }> = {
  batch: { files: ["batch"], modules: ["pyarrow"] },
  ray: { files: ["batch", "ray"], modules: ["pyarrow", "ray"] },
};

/** What a Python environment consists of. Two environments that differ in any of it have different names. */
export interface EnvironmentSpec {
  readonly device: Device;
  readonly dev: boolean;
  readonly extra?: Extra | undefined;
  /** `<device>[-batch|-ray][-dev]-<hash of the requirements and the platform>`. */
  readonly name: string;
  /** Paths of hashed requirement files, installed together. */
  readonly requirements: readonly string[];
  /** One line of Python that fails unless the environment works, and prints JSON `{jax, platform, devices}`. */
  readonly probe: string;
}

const probeOf = (modules: readonly string[]): string =>
  `import ${["json", "jax", "jaxtyping", "msgpack", "zmq", ...modules].join(", ")}; ` +
  "assert int(jax.jit(lambda x: x + 1)(1)) == 2; " +
  "print(json.dumps({'jax': jax.__version__, 'platform': jax.default_backend(), 'devices': [str(d) for d in jax.devices()]}))";

/** The spec of a device, from the requirement files of this package. */
export function environmentSpec(device: Device = "cpu", dev = false, extra?: Extra): EnvironmentSpec {
  const directory = join(packageRoot(), "python", "requirements");
  const { files, modules } = extra ? EXTRAS[extra] : { files: [], modules: [] };
  const names = [device, ...files, ...(dev ? ["dev", "data"] : [])];
  const requirements = names.map((file) => join(directory, `${file}.txt`));
  if (dev && !hasDevRequirements()) {
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      "--dev is for a checkout of the repository; the published package has no tests.",
    );
  }
  const name = environmentName(device, dev, requirements, extra);
  return { device, dev, extra, requirements, name, probe: probeOf(modules) };
}

/** True in a checkout: the published package leaves the requirements of its tests out. */
export function hasDevRequirements(): boolean {
  return existsSync(join(packageRoot(), "python", "requirements", "dev.txt"));
}

/** The name of an environment. It changes with any byte of the requirements and with the platform. */
export function environmentName(
  device: Device,
  dev: boolean,
  requirements: readonly string[],
  extra?: Extra,
): string {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}`);
  for (const file of requirements) hash.update("\0").update(readFileSync(file));
  return `${[device, ...(extra ? [extra] : []), ...(dev ? ["dev"] : [])].join("-")}-${hash.digest("hex").slice(0, 12)}`;
}
