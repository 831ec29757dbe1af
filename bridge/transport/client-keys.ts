/** The keys of a client of a served worker, as `synjax keys` makes them. */
import { readFileSync, statSync } from "node:fs";
import { SynjaxError } from "../errors.ts";
import { invalid } from "./call-options.ts";

/** CURVE keys, in Z85 as ZeroMQ spells them. */
export interface ClientKeys {
  /** The worker's public key: who else answers at its address is not spoken to. */
  readonly worker: string;
  readonly public: string;
  readonly secret: string;
}

const NAMES = ["worker", "public", "secret"] as const;
const Z85 = /^[0-9A-Za-z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/;
const MAY_OTHERS_READ = 0o077;

/** @throws SynjaxError INVALID_ARGUMENT where they are none, or lie in a file that others may read */
export function clientKeys(given: string | ClientKeys | undefined): ClientKeys | undefined {
  if (given === undefined) return undefined;
  const found: unknown = typeof given === "string" ? fromFile(given) : given;
  const where = typeof given === "string" ? ` in ${given}` : "";
  if (typeof found !== "object" || found === null)
    throw invalid("keys", "the path of a file that `synjax keys` made, or what is in it", found);
  const keys = found as Readonly<Record<string, unknown>>;
  for (const name of NAMES) {
    const key = keys[name];
    // The keys themselves are said to nobody
    if (typeof key !== "string" || !Z85.test(key))
      throw refused(`a key of 40 characters as \`${name}\`${where}`, key === undefined ? "none" : "no key");
  }
  return { worker: keys["worker"], public: keys["public"], secret: keys["secret"] } as ClientKeys;
}

function fromFile(path: string): unknown {
  let [text, mode] = ["", 0];
  try {
    [text, mode] = [readFileSync(path, "utf8"), statSync(path).mode & 0o777];
  } catch (error) {
    throw refused("a file that can be read", (error as Error).message);
  }
  if (process.platform !== "win32" && mode & MAY_OTHERS_READ)
    throw refused(`${path} readable by nobody else (mode 0600)`, `mode ${mode.toString(8).padStart(4, "0")}`);
  try {
    return JSON.parse(text);
  } catch {
    throw refused(`JSON in ${path}, as \`synjax keys\` writes it`, "none");
  }
}

const refused = (expected: string, received: string): SynjaxError =>
  new SynjaxError("INVALID_ARGUMENT", `\`keys\`: expected ${expected}, got ${received}`, { argument: "keys", expected, received }); // prettier-ignore
