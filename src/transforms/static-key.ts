/** Keys of arguments that are part of a program. */
import { enter } from "../program/cycles.ts";
import { isPlainObject } from "../program/plain-object.ts";

const identities = new WeakMap<object, number>();
const symbols = new Map<symbol, number>();
let nextIdentity = 0;

function identityOf<K>(
  known: { get(key: K): number | undefined; set(key: K, n: number): unknown },
  key: K,
): string {
  let identity = known.get(key);
  if (identity === undefined) known.set(key, (identity = nextIdentity++));
  return `#${identity}`;
}

/**
 * Plain data is compared by value, everything else by identity.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for data that holds itself, `LIMIT_NESTING` where it is too deep
 */
export function staticKey(value: unknown, path: string, parents: object[] = []): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "boolean":
    case "undefined":
      return String(value);
    case "symbol":
      return identityOf(symbols, value);
    case "object": {
      if (value === null) return "null";
      const isList = Array.isArray(value);
      if (!isList && !isPlainObject(value)) break;
      enter(parents, value, path);
      const key = isList
        ? `[${Array.from(value, (v, i) => staticKey(v, `${path}[${i}]`, parents)).join()}]`
        : `{${Object.entries(value)
            .map(([k, v]) => `${JSON.stringify(k)}:${staticKey(v, `${path}.${k}`, parents)}`)
            .join()}}`;
      parents.pop();
      return key;
    }
  }
  return identityOf(identities, value as object);
}
