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
const MAY_GROUP_READ = 0o040;

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
  let [text, mode, uid] = ["", 0, 0];
  try {
    text = readFileSync(path, "utf8");
    ({ mode, uid } = statSync(path));
  } catch (error) {
    throw refused("a file that can be read", (error as Error).message);
  }
  if (process.platform !== "win32" && !isPrivate(mode, uid)) {
    const received = `mode ${(mode & 0o777).toString(8).padStart(4, "0")}`;
    throw refused(`${path} readable by nobody else (mode 0600)`, received);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refused(`JSON in ${path}, as \`synjax keys\` writes it`, "none");
  }
}

/**
 * Whether nobody else reads a file. What belongs to root may be given to this process by its group: so secrets are
 * mounted for containers that do not run as root.
 */
export function isPrivate(mode: number, owner: number, user = process.getuid?.()): boolean {
  const byGroup = owner === 0 && user !== 0 ? MAY_GROUP_READ : 0;
  return (mode & MAY_OTHERS_READ & ~byGroup) === 0;
}

const refused = (expected: string, received: string): SynjaxError =>
  new SynjaxError("INVALID_ARGUMENT", `\`keys\`: expected ${expected}, got ${received}`, { argument: "keys", expected, received }); // prettier-ignore
