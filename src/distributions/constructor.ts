/** Records the constructor of a distribution, after checking on the host what the host can know. */
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { emitIn } from "../program/emit.ts";
import { frameFor } from "../program/recording.ts";
import type { NODE, Traced } from "../program/traced.ts";
import { array, asBool, asFloat, asInt } from "../tensor/array.ts";
import type { Declaration, DeclaredTree, Parameter } from "./declaration.ts";
import { requireOneForm } from "./forms.ts";
import { arrayKind, checkDtype, checkValues, dimsOf, hostArrayOf } from "./host-checks.ts";
import { bind, ownDims, requireSizes, type ShapedArgument } from "./named-dims.ts";
import { refused } from "./refusal.ts";

type Options = Readonly<Record<string, unknown>>;

export function recordConstructor(declaration: Declaration, options: Options): Traced[typeof NODE] {
  requireKnownNames(declaration, options);
  const isGiven = (name: string): boolean => options[name] !== undefined;
  requireOneForm(declaration.forms, isGiven);
  const operands: Record<string, unknown> = {};
  const statics: Record<string, unknown> = {};
  const hosts = new Map<string, HostArray>();
  const shaped = new Map<string, readonly ShapedArgument[]>();
  for (const parameter of declaration.parameters.filter(({ name }) => isGiven(name))) {
    const { name, python, role } = parameter;
    const given = options[name];
    if (role === "option") {
      statics[python] = given;
      continue;
    }
    const taken = parameter.many ? takeList(parameter, given) : [takeOne(parameter, name, given)];
    operands[python] = parameter.many ? taken.map(({ value }) => value) : taken[0]!.value;
    shaped.set(
      name,
      taken.flatMap(({ shaped }) => shaped ?? []),
    );
    if (!parameter.many && taken[0]!.host) hosts.set(name, taken[0]!.host);
  }
  // What is on the device, or a distribution, may have batch axes of its own
  const isWhole = declaration.binding.every((name) => !isGiven(name) || shaped.get(name)?.length);
  const inOrder = declaration.binding.flatMap((name) => shaped.get(name) ?? []);
  const bound = bind(inOrder, isWhole);
  requireSizes(inOrder, bound, eventDims(declaration.event));
  checkValues(declaration, hosts, isGiven, bound);
  const frame = frameFor(Object.values(operands));
  return { kind: "equation", frame, index: emitIn(frame, declaration.name, [], statics, operands) };
}

function requireKnownNames({ name: of, parameters }: Declaration, options: Options): void {
  if (typeof options !== "object" || options === null)
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `new ${of}(options): expected an object of parameters, got ${String(options)}`,
    );
  const names = parameters.map(({ name }) => name);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw refused(
      unknown,
      `${of}: unknown parameter \`${unknown}\`; it takes ${names.join(", ")}`,
      names.join(", "),
      unknown,
    );
  const absent = parameters.find(({ name, optional }) => !optional && options[name] === undefined);
  if (!absent) return;
  const [{ dims, kind }] = absent.kinds as readonly [Parameter["kinds"][number]];
  const expected = dims !== undefined ? `(${dims})` : kind === "static" ? "a value" : kind;
  throw refused(absent.name, `\`${absent.name}\` is missing: expected ${expected}.`, expected, "undefined");
}

interface Taken {
  /** What is recorded. */
  readonly value: unknown;
  readonly host?: HostArray;
  readonly shaped?: ShapedArgument;
}

function takeOne(parameter: Parameter, name: string, given: unknown): Taken {
  const value = conversionOf(parameter)(given, name);
  const host = hostArrayOf(value);
  if (!host) return { value };
  checkDtype(parameter, name, host);
  const dims = dimsOf(parameter, host);
  if (dims === undefined) return { value, host };
  const isLength = parameter.role === "length";
  return { value, host, shaped: { name, dims, shape: host.shape, isLength } };
}

function takeList(parameter: Parameter, given: unknown): Taken[] {
  const { name } = parameter;
  if (!Array.isArray(given) || given.length === 0) {
    const received = Array.isArray(given) ? "an empty one" : typeof given;
    throw refused(
      name,
      `\`${name}\` is ${received}, expected a list of arrays.`,
      "a list of arrays",
      received,
    );
  }
  // A number alone would be no item of a list on the wire
  const dtype = parameter.kinds[0]!.kind === "int" ? "int32" : "float32";
  return given.map((each: unknown, i) =>
    takeOne(parameter, `${name}[${i}]`, typeof each === "number" ? array(each, { dtype }) : each),
  );
}

const CONVERSION = { float: asFloat, int: asInt, bool: asBool } as const;

function conversionOf(parameter: Parameter): (value: unknown, argument: string) => unknown {
  const kind = arrayKind(parameter);
  return kind === "float" || kind === "int" || kind === "bool" ? CONVERSION[kind] : asWritten;
}

/** More axes than this are refused by whatever takes them. */
const DEEPEST = 33;

/** Integers or floats, as the numbers are. */
function asWritten(value: unknown, argument: string): unknown {
  if (!Array.isArray(value)) return typeof value === "object" ? asFloat(value, argument) : value;
  const isIntegral = (v: unknown, depth: number): boolean =>
    Array.isArray(v)
      ? depth < DEEPEST && v.every((item) => isIntegral(item, depth + 1))
      : Number.isInteger(v);
  return isIntegral(value, 0) ? asInt(value, argument) : asFloat(value, argument);
}

/** The named dims of an event, those that a dim like `2*l+1` is made of too. */
function eventDims(event: DeclaredTree): string[] {
  const leaves = "dims" in event ? [event] : event;
  const named = leaves.flatMap(({ dims }) => ownDims(dims)).flatMap((dim) => dim.match(/[a-z_]\w*/gi) ?? []);
  return [...new Set(named)];
}
