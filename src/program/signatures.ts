/** Calls from JavaScript without types: arguments are checked against signatures, before anything is recorded. */
import { SynjaxError } from "../../bridge/errors.ts";
import { ARRAY_OF } from "../../bridge/wire/dtypes.ts";
import { holdsTraced } from "./encode.ts";
import { isPlainObject } from "./plain-object.ts";
import { callersLine } from "./source-line.ts";
import { AS_TRACED, CLASS_NAME, Traced } from "./traced.ts";

/**
 * What a function takes: the kind of each argument by its name, in order, and of each field of the options object that
 * comes last. A kind that ends in "?" may be left out, one that begins with "..." is the rest of the arguments.
 *
 * Kinds: "operand" (what is no tensor at all is refused where it is recorded), "operands", "key", "alike" (with names of further classes that may be given), "distribution", "distributions" (one or several), "transforms", "tensor", "size", "shape", "axis" (one or
 * several), "axes" (null too), "schedule", "transformation", "mask", "record", "dtype", "list", "function", "any", and alternatives: `number | "fro" | "nuc"`.
 */
export interface Signature {
  readonly takes?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  /** A wrong argument rejects the promise that the function returns. */
  readonly isAsync?: true;
}
export type Signatures = Readonly<Record<string, Signature>>;

interface Parameter {
  readonly name: string;
  readonly kind: string;
  readonly isOptional: boolean;
  readonly isRest: boolean;
}
interface Checked {
  readonly positional: readonly Parameter[];
  readonly options: readonly Parameter[] | undefined;
  /** What each of the rest of the arguments is. */
  readonly rest: Parameter | undefined;
  /** How many arguments there are at least, and at most. */
  readonly least: number;
  readonly most: number;
}

interface Named {
  readonly [CLASS_NAME]: string;
}
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Methods of one signature, by their names. */
export const alike = (names: string, signature: Signature): Signatures =>
  Object.fromEntries(names.split(" ").map((name) => [name, signature]));

/** Puts checked functions in the place of those of a namespace. */
export function checkFunctions(namespace: string, functions: object, signatures: Signatures): void {
  replace(functions, signatures, () => namespace);
}

/** Puts checked methods in the place of those of a class. */
export function checkMethods(
  of: { readonly prototype: object; readonly name: string },
  signatures: Signatures,
): void {
  replace(of.prototype, signatures, (self) => (self as object | undefined)?.constructor.name ?? of.name);
}

function replace(target: object, signatures: Signatures, owner: (self: unknown) => string): void {
  for (const [name, signature] of Object.entries(signatures)) {
    const property = Object.getOwnPropertyDescriptor(target, name)!;
    const method = property.value as Method;
    const checked = parse(signature);
    const isAsync = signature.isAsync ?? false;
    const call: Method = function (...args) {
      try {
        checkArguments(checked, args, this);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const refusal = error.of(`${owner(this)}.${name}`);
        if (isAsync) return Promise.reject(refusal);
        throw refusal;
      }
      return method.apply(this, args);
    };
    Object.defineProperty(call, "name", { value: name });
    Object.defineProperty(target, name, { ...property, value: call });
  }
}

/**
 * Checks the arguments of a function that is not one of many.
 * @throws {SynjaxError} `INVALID_ARGUMENT`
 */
export function checkCall(name: string, signature: Signature, args: readonly unknown[]): void {
  try {
    checkArguments(parsed(signature), args, undefined);
  } catch (error) {
    throw error instanceof Refusal ? error.of(name) : error;
  }
}

/** An argument that is refused, before it is known of what it is one. */
class Refusal extends Error {
  readonly argument: string;
  readonly expected: string;
  readonly received: string;
  constructor(argument: string, expected: string, received: string) {
    super(argument);
    this.argument = argument;
    this.expected = expected;
    this.received = received;
  }
  of(name: string): SynjaxError {
    const { argument, expected, received } = this;
    return new SynjaxError(
      expected.startsWith("a key") ? "NOT_A_TENSOR" : "INVALID_ARGUMENT",
      `${name}: \`${argument}\`: expected ${expected}, got ${received}`,
      { argument, expected, received, line: callersLine() },
    );
  }
}

const known = new WeakMap<Signature, Checked>();

function parsed(signature: Signature): Checked {
  let checked = known.get(signature);
  if (!checked) known.set(signature, (checked = parse(signature)));
  return checked;
}

function parse({ takes = {}, options }: Signature): Checked {
  const positional = parameters(takes);
  const required = positional.filter(({ isOptional }) => !isOptional);
  const fields = options && parameters(options);
  const needsOptions = fields?.some(({ isOptional }) => !isOptional) ?? false;
  const rest = positional.at(-1)?.isRest ? positional.at(-1) : undefined;
  return {
    positional: positional.filter(({ isRest }) => !isRest),
    options: fields,
    rest,
    least: required.length - Number(rest !== undefined) + Number(needsOptions),
    most: rest ? Infinity : positional.length + Number(fields !== undefined),
  };
}

const parameters = (kinds: Readonly<Record<string, string>>): Parameter[] =>
  Object.entries(kinds).map(([name, kind]) => ({
    name,
    kind: kind.replace(/^\.\.\.|\?$/g, ""),
    isOptional: kind.endsWith("?"),
    isRest: kind.startsWith("..."),
  }));

function checkArguments(checked: Checked, args: readonly unknown[], self: unknown): void {
  const { positional, options, rest, least, most } = checked;
  if (args.length < least) {
    const absent = positional[args.length]?.name ?? "options";
    const fields = absent === "options" && options ? `, ${objectOf(options)}` : "";
    throw new Refusal(
      absent,
      `${most > least ? "at least " : ""}${counted(least)}${fields}`,
      String(args.length),
    );
  }
  if (args.length > most && !isGivenByMap(args, most))
    throw new Refusal(nameOf(checked, most), `${most === least ? "" : "at most "}${counted(most)}`, String(args.length)); // prettier-ignore
  for (let i = 0; i < positional.length; i++) checkOne(positional[i]!, args[i], self);
  if (rest) for (const arg of args.slice(positional.length)) checkOne(rest, arg, self);
  if (options) checkOptions(options, args[positional.length], self);
}

const counted = (n: number): string => `${n} argument${n === 1 ? "" : "s"}`;

/** The name of what there is one of too many. */
const nameOf = ({ positional, options }: Checked, i: number): string =>
  i < positional.length ? positional[i]!.name : i === positional.length && options ? "options" : `argument ${i}`; // prettier-ignore

/** `rows.map(np.exp)` is right by the types: `map` gives a position and the array beside each item. */
const isGivenByMap = (args: readonly unknown[], most: number): boolean =>
  most === 1 && args.length === 3 && Array.isArray(args[2]) && args[2][args[1] as number] === args[0];

function checkOptions(fields: readonly Parameter[], given: unknown, self: unknown): void {
  const isMissing = given === undefined && fields.every(({ isOptional }) => isOptional);
  if (isMissing) return;
  // An object of a class may hold options and more, as a HostTensor does; a Map holds none under their names
  const isObject =
    typeof given === "object" && given !== null && !Array.isArray(given) && !ArrayBuffer.isView(given);
  const isPlain = isPlainObject(given);
  if (!isObject || given instanceof Traced || !(isPlain || Object.keys(given).length))
    throw new Refusal("options", objectOf(fields), shown(given));
  for (const name of Object.keys(given))
    if (isPlain && !fields.some((field) => field.name === name))
      throw new Refusal(name, `no such option, but ${objectOf(fields)}`, shown(given[name as never]));
  for (const field of fields) {
    const value = (given as Readonly<Record<string, unknown>>)[field.name];
    if (value === undefined && !field.isOptional)
      throw new Refusal(field.name, refusalOf(field.kind, value, self) ?? "a value", "undefined");
    checkOne(field, value, self);
  }
}

const objectOf = (fields: readonly Parameter[]): string =>
  `an object of options: { ${fields.map(({ name, isOptional }) => name + (isOptional ? "?" : "")).join(", ")} }`;

function checkOne({ name, kind, isOptional }: Parameter, value: unknown, self: unknown): void {
  if (value === undefined && isOptional) return;
  const expected = refusalOf(kind, value, self);
  if (expected !== undefined) throw new Refusal(name, expected, shown(value));
}

const isOf = (name: string, value: unknown): boolean =>
  value instanceof Traced && (value as Partial<Named>)[CLASS_NAME] === name;
const isSize = (value: unknown): boolean => typeof value === "number" || value instanceof Traced;
const isSymbolic = (value: unknown): boolean =>
  typeof value === "object" && value !== null && AS_TRACED in value;

/** What was expected where a value is not of a kind; undefined where it is. */
function refusalOf(kind: string, value: unknown, self: unknown): string | undefined {
  if (kind.startsWith("alike")) return refusalOfOther(kind.split(" ").slice(1), value, self);
  switch (kind) {
    case "any":
      return undefined;
    case "operand":
      return unless(
        !(Array.isArray(value) && holdsTraced(value)),
        "a tensor or an array of numbers (np.stack makes one tensor of several)",
      );
    case "operands":
      return unless(Array.isArray(value) || value instanceof Traced || ArrayBuffer.isView(value), "an array of tensors"); // prettier-ignore
    case "key":
      return unless(value instanceof Traced, "a key, as random.key(0) makes it");
    case "size":
      return unless(isSize(value), "a number or a Size");
    case "shape":
      return unless(
        isSize(value) || isSymbolic(value) || (Array.isArray(value) && value.every(isSize)),
        "a shape: an array of numbers and Sizes, or a Shape",
      );
    case "axis":
      return unless(
        Number.isInteger(value) || (Array.isArray(value) && value.every(Number.isInteger)),
        "an integer or an array of integers",
      );
    case "axes":
      return unless(
        [value].flat().every((axis) => axis === null || Number.isInteger(axis)),
        "an axis, null, or an array of them",
      );
    case "dtype":
      return unless(typeof value === "string" && Object.hasOwn(ARRAY_OF, value), `a dtype (${Object.keys(ARRAY_OF).join(", ")})`); // prettier-ignore
    case "list":
      return unless(Array.isArray(value), "an array");
    case "function":
      return unless(typeof value === "function", "a function");
    case "record":
      return unless(isPlainObject(value), "an object");
    case "mask":
      return unless(isMask(value), "a tree of booleans like that of the parameters");
    case "transformation":
      return unless(isSymbolic(value), "a gradient transformation, as optax.adam(1e-3) makes it");
    case "schedule":
      return unless(typeof value === "function" || isSize(value) || ArrayBuffer.isView(value), "a number, a tensor or a schedule"); // prettier-ignore
    case "distribution":
      return unless(isOf("SimpleDistribution", value), "a distribution, as dist.normal({}) makes it");
    case "distributions":
      return unless(
        [value].flat().every((each) => isOf("SimpleDistribution", each)),
        "a distribution, or an array of them",
      );
    case "transforms":
      return unless(
        Array.isArray(value) && value.every((each) => isOf("Transform", each)),
        "an array of transforms, as dist.transforms.exp() makes one",
      );
    case "tensor":
      return unless(value instanceof Traced, "a tensor");
    default:
      return unless(
        kind.split(" | ").some((part) => isAlternative(part, value)),
        kind.replaceAll(" | ", " or ").replace("size", "number").replace("list", "array"),
      );
  }
}

/** What was expected where a value is neither of the same class nor of one of these names. */
function refusalOfOther(names: readonly string[], value: unknown, self: unknown): string | undefined {
  const [{ constructor: own }, came] = [self as object, value as Partial<Named> | undefined];
  const isAlike = value instanceof Traced && (value.constructor === own || names.includes(came?.[CLASS_NAME] ?? "")); // prettier-ignore
  const expected = names.length ? [(self as Named)[CLASS_NAME], ...names].join(" or ") : "distribution of the same class"; // prettier-ignore
  return unless(isAlike, `a ${expected}`);
}

function isMask(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isMask);
  return isPlainObject(value) ? Object.values(value).every(isMask) : typeof value === "boolean";
}

/** A part of `number | "fro"`. */
function isAlternative(part: string, value: unknown): boolean {
  if (part.startsWith('"')) return value === part.slice(1, -1);
  if (/^\d/.test(part)) return value === Number(part);
  if (part === "number") return typeof value === "number" && !Number.isNaN(value);
  if (part === "boolean" || part === "string") return typeof value === part;
  return refusalOf(part, value, undefined) === undefined;
}

const unless = (isRight: boolean, expected: string): string | undefined => (isRight ? undefined : expected);

const SHOWN = 40;

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object" || value === null) return String(value);
  const name = (value.constructor as { name?: string } | undefined)?.name ?? "object";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}
