/** Shapes by named dims (`*batch n t t`), checked on the host before anything is sent. */
import { SynjaxError } from "../../bridge/errors.ts";
import { paddingHint } from "../program/padding-hint.ts";

/** One argument whose shape is known here. */
export interface ShapedArgument {
  readonly name: string;
  readonly dims: string;
  readonly shape: readonly number[];
}

interface Binding {
  size: number;
  readonly by: ShapedArgument;
}

const tuple = (shape: readonly number[]): string => `(${shape.join(", ")})`;

function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 1; i <= rank; i++) {
    const [x, y] = [a[a.length - i] ?? 1, b[b.length - i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    out.unshift(x === 1 ? y : x);
  }
  return out;
}

function mismatch(
  of: string,
  argument: ShapedArgument,
  expected: string,
  because: ShapedArgument | undefined,
): SynjaxError {
  const came = tuple(argument.shape);
  const match =
    because && because !== argument
      ? ` to match \`${because.name}\` ${tuple(because.shape)} as (${because.dims})`
      : "";
  const details = { argument: argument.name, expected, came };
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `${of}: \`${argument.name}\` has shape ${came}, expected (${argument.dims}) = ${expected}${match}.${paddingHint(details)}`,
    details,
  );
}

/**
 * Checks that the same name means the same size everywhere. A leading `*batch` is any number of axes, broadcast against
 * the others' batch axes.
 * @returns the sizes by name; batch axes under their own names (`*batch`)
 * @throws {SynjaxError} `INVALID_ARGUMENT` naming the argument, what was expected and why, and what came
 */
export function checkNamedDims(of: string, given: readonly ShapedArgument[]): Map<string, number> {
  const sizes = new Map<string, Binding>();
  let batch: { shape: readonly number[]; by: ShapedArgument } | undefined;
  for (const argument of given) {
    const names = argument.dims.split(/\s+/).filter(Boolean);
    const isBatched = names[0]?.startsWith("*") ?? false;
    const fixed = isBatched ? names.slice(1) : names;
    const { shape } = argument;
    const lead = shape.length - fixed.length;
    if (lead < 0 || (!isBatched && lead > 0)) {
      const rank = isBatched ? `at least ${fixed.length}` : String(fixed.length);
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `${of}: \`${argument.name}\` has shape ${tuple(shape)}, expected (${argument.dims}): ${rank} axes, got ${shape.length}.`,
        { argument: argument.name, expected: `(${argument.dims})`, came: tuple(shape) },
      );
    }
    fixed.forEach((name, i) => {
      const size = shape[lead + i]!;
      if (/^\d+$/.test(name)) {
        if (size !== Number(name)) throw mismatch(of, argument, name, undefined);
        return;
      }
      if (!/^[a-z]\w*$/i.test(name)) return;
      const known = sizes.get(name);
      if (!known) sizes.set(name, { size, by: argument });
      else if (known.size !== size) {
        const expected = fixed.map((n, k) => sizes.get(n)?.size ?? shape[lead + k]!);
        throw mismatch(of, argument, tuple([...shape.slice(0, lead), ...expected]), known.by);
      }
    });
    if (!isBatched) continue;
    const own = shape.slice(0, lead);
    if (!batch) {
      batch = { shape: own, by: argument };
      continue;
    }
    const both = broadcast(batch.shape, own);
    if (!both) throw mismatch(of, argument, tuple([...batch.shape, ...shape.slice(lead)]), batch.by);
    batch = { shape: both, by: own.length > batch.shape.length ? argument : batch.by };
  }
  return new Map([...sizes].map(([name, { size }]) => [name, size]));
}
