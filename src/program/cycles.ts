/** Values in values, as a caller passes them: they may hold themselves, or be deeper than a stack. */
import { SynjaxError } from "../../bridge/errors.ts";

/** How deep arrays and objects may stand in each other. */
const DEEPEST = 256;
const PATH_SHOWN = 60;

/**
 * Goes one level down, to `node` at `path`; the caller pops it from `parents` again.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it is one of its own parents, `LIMIT_NESTING` where they are too many
 */
export function enter(parents: object[], node: object, path: string): void {
  const shown = path.length > PATH_SHOWN ? `${path.slice(0, PATH_SHOWN)}…` : path;
  if (parents.includes(node)) {
    const around = Array.isArray(node) ? "array" : "object";
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `${shown} is the ${around} that it stands in: what holds itself cannot be passed`,
      { argument: shown, expected: "a tree", received: "a cycle" },
    );
  }
  if (parents.length >= DEEPEST)
    throw new SynjaxError(
      "LIMIT_NESTING",
      `${shown}: arrays and objects may stand in each other ${DEEPEST} deep, these are deeper`,
      { argument: shown, expected: `at most ${DEEPEST} levels` },
    );
  parents.push(node);
}
