/** Functions of a plugin of Python, recorded like those of `np`. */
import { SynjaxError } from "../../bridge/errors.ts";
import { OPERANDS, callKind, conversion } from "../../bridge/signatures/typescript-signatures.ts";
import type { Parameter } from "../../bridge/signatures/registry-document.ts";
import { emit, list, partsOf, struct } from "../program/emit.ts";
import { camelCase } from "../program/python-names.ts";
import { checkCall, shown, type Signature } from "../program/signatures.ts";
import { callersLine } from "../program/source-line.ts";
import { Traced } from "../program/traced.ts";
import { asBool, asFloat, asInt, asInts } from "../tensor/array.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What recording needs to know of an operation; `synjax types --plugin` writes it. */
export interface PluginOperation {
  /** Of its name, version and signature: a worker that has another refuses the program. */
  readonly hash: string;
  readonly positional: readonly PluginParameter[];
  readonly options: readonly PluginParameter[];
  readonly result: PluginResult;
}
/** An argument, by the registry's kinds. */
export type PluginParameter = Pick<Parameter, "name" | "kind" | "type" | "optional" | "rest">;
/** What an operation gives. */
export type PluginResult =
  | { readonly kind: "array" | "key" }
  | { readonly kind: "list"; readonly per: string }
  | { readonly kind: "struct"; readonly fields: readonly { readonly name: string }[] };

const CONVERSIONS = { asBool, asFloat, asInt, asInts } as const;

/**
 * The functions of a plugin, for a module that `synjax types --plugin` has written: import that module instead. They are
 * called as functions of `np` are, inside and outside of `jit`, in a session of a worker that has the plugin.
 * @param name of the package
 * @param operations by their names in Python
 * @throws {SynjaxError} `INVALID_ARGUMENT` for other arguments
 */
export function plugin<P extends object>(
  name: string,
  operations: Readonly<Record<string, PluginOperation>>,
): P {
  checkCall("plugin", PLUGIN, [name, operations]);
  for (const [own, operation] of Object.entries(operations)) checkOperation(own, operation);
  const functions = Object.entries(operations).map(([own, operation]) => [
    camelCase(own),
    functionOf(`${name}.${own}`, operation),
  ]);
  return Object.fromEntries(functions) as P;
}

const PLUGIN: Signature = { takes: { name: "string", operations: "record" } };

function checkOperation(name: string, operation: unknown): void {
  const { hash, positional, options, result } = (operation ?? {}) as Partial<PluginOperation>;
  const isOne =
    typeof hash === "string" && /^[0-9a-f]{16}$/.test(hash) && Array.isArray(positional) && Array.isArray(options) && result; // prettier-ignore
  if (isOne) return;
  const [argument, expected, received] = [`operations.${name}`, "what `synjax types --plugin` writes", shown(operation)]; // prettier-ignore
  throw new SynjaxError(
    "INVALID_ARGUMENT",
    `plugin: \`${argument}\`: expected ${expected}, got ${received}`,
    {
      argument,
      expected,
      received,
      line: callersLine(),
    },
  );
}

type Values = Readonly<Record<string, unknown>>;

function functionOf(name: string, operation: PluginOperation): (...args: readonly unknown[]) => unknown {
  const { hash, positional, options, result } = operation;
  const signature = signatureOf(operation);
  const own = camelCase(name);
  const op = `${name}@${hash}`;
  const record = (...args: readonly unknown[]): unknown => {
    checkCall(own, signature, args);
    const given = args[positional.length] as Values | undefined;
    const rest = positional.at(-1)?.rest ? positional.length - 1 : positional.length;
    const operands: unknown[] = [];
    const [statics, named]: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
    const values = new Map<string, unknown>();
    for (const [i, parameter] of positional.entries()) {
      const isRest = i >= rest;
      const value = isRest ? args.slice(rest) : args[i];
      values.set(parameter.name, value);
      if (isRest) operands.push(...(value as readonly unknown[]).map((each) => converted(parameter, each)));
      else if (OPERANDS.has(parameter.kind)) operands.push(converted(parameter, value));
      else statics[parameter.name] = value;
    }
    for (const parameter of options) {
      const value = given?.[camelCase(parameter.name)];
      values.set(parameter.name, value);
      if (OPERANDS.has(parameter.kind)) named[parameter.name] = converted(parameter, value);
      else statics[parameter.name] = value;
    }
    if (result.kind === "struct") return struct(op, operands, statics, fieldsOf(result.fields), named);
    if (result.kind !== "list") return emit(op, operands, statics, Tensor, named);
    const of = values.get(result.per);
    const kind = [...positional, ...options].find((parameter) => parameter.name === result.per)!.kind;
    const count = OPERANDS.has(kind)
      ? lengthOf(of, result.per)
      : partsOf(of as number, camelCase(result.per));
    return list(op, operands, statics, count, Tensor, named);
  };
  Object.defineProperty(record, "name", { value: own.slice(own.lastIndexOf(".") + 1) });
  return record;
}

function signatureOf({ positional, options }: PluginOperation): Signature {
  const kinds = (parameters: readonly PluginParameter[]): Readonly<Record<string, string>> =>
    Object.fromEntries(parameters.map((each) => [camelCase(each.name), callKind(each)]));
  return { takes: kinds(positional), ...(options.length > 0 ? { options: kinds(options) } : {}) };
}

/** An operand, as raw arrays of the dtype wanted. */
function converted(parameter: PluginParameter, value: unknown): unknown {
  const conversion_ = conversion(parameter) as keyof typeof CONVERSIONS | undefined;
  return conversion_ === undefined ? value : CONVERSIONS[conversion_](value, camelCase(parameter.name));
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` for one tensor: how many there are must be known before the program runs */
function lengthOf(values: unknown, name: string): number {
  if (!(values instanceof Traced)) return (values as readonly unknown[]).length;
  const [argument, expected, received] = [camelCase(name), "an array of tensors", "a tensor"];
  throw new SynjaxError("INVALID_ARGUMENT", `\`${argument}\`: expected ${expected}, got ${received}`, {
    argument,
    expected,
    received,
    line: callersLine(),
  });
}

const fieldsOf = (
  fields: readonly { readonly name: string }[],
): Readonly<Record<string, readonly [name: string, Result: typeof Tensor]>> =>
  Object.fromEntries(fields.map(({ name }) => [camelCase(name), [name, Tensor] as const]));
