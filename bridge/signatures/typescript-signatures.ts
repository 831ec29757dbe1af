/** The TypeScript of a signature: the types of its parameters and of what it answers. */
import type { Op, Parameter, Result, Type } from "./registry-document.ts";
import { camelCase, record } from "./typescript-spelling.ts";

export const TYPE_FUNCTIONS: Readonly<Record<string, string>> = {
  promote: "Promote",
  number: "Numeric",
  float: "Float",
  sum: "Sum",
  real: "Real",
};
const CLASS_TYPES: Readonly<Record<string, string>> = {
  Float: "FloatDType",
  Int: "IntDType",
  Bool: '"bool"',
  F: "F",
};
/** The kinds that are traced; everything else is part of the program. */
export const OPERANDS = new Set([
  ...["num", "nums", "any", "key", "dist", "event", "compact", "struct"],
  ...["schedule", "schedules", "transformation", "dists", "transforms"],
]);

/** What a distribution is called in the types, and its events: they differ between operations and classes. */
export interface Names {
  /** `values` is the dtype of its values, where the signature says it. */
  dist(values: string): string;
  /** What a query is given to compare with. */
  readonly other: string;
  /** The names of the classes that may be that, besides the same. */
  readonly comparable: readonly string[];
  readonly event: string;
  readonly eventLike: string;
  readonly compact: string;
  readonly compactLike: string;
  /** The type of a struct that has a name. */
  struct(name: string): string;
}

function typeOf(type: Type): string {
  if (typeof type !== "string")
    return `${TYPE_FUNCTIONS[type[0] as string]!}<${type.slice(1).map(argumentOf).join(", ")}>`;
  if (/^[ABC]$/.test(type)) return `Strong<Of<${type}>>`;
  return /^[DFV]$/.test(type) ? type : `"${type}"`;
}

/** Inside a type function a number is still weak. */
function argumentOf(type: Type): string {
  return typeof type === "string" && /^[ABC]$/.test(type) ? `Of<${type}>` : typeOf(type);
}

export function resultType(result: Result, names: Names): string {
  switch (result.kind) {
    case "array":
      return `Tensor<${typeOf(result.type)}>`;
    case "key":
      return 'Tensor<"key">';
    case "dist":
      return names.dist(result.type === undefined ? "F" : typeOf(result.type));
    case "transform":
      return "Transform";
    case "event":
      return names.event;
    case "compact":
      return names.compact;
    case "parameter":
      return "ParameterOf<P, F>";
    case "transformation":
      return "GradientTransformation";
    case "schedule":
      return "Schedule";
    case "list":
      return `Tensor<${typeOf(result.type)}>[]`;
    case "struct":
      if (result.name) return names.struct(result.name);
      return record(
        result.fields.map((f) => `readonly ${camelCase(f.name)}: ${resultType(f.result, names)}`),
      );
  }
}

function tensorType(type: string | undefined): string {
  if (type === undefined) return "TensorLike";
  return /^[ABC]$/.test(type) ? type : `TensorLike<${CLASS_TYPES[type] ?? `"${type}"`}>`;
}

export function parameterType(parameter: Parameter, names: Names): string {
  switch (parameter.kind) {
    case "num":
      return parameter.rest ? `readonly ${tensorType(parameter.type)}[]` : tensorType(parameter.type);
    case "nums":
      return `readonly ${tensorType(parameter.type)}[]`;
    case "any":
      return "unknown";
    case "key":
      return 'Tensor<"key">';
    case "dist":
      return parameter.type === undefined ? names.other : names.dist(typeOf(parameter.type));
    case "dists":
      return `${names.other} | readonly ${names.other}[]`;
    case "transforms":
      return "readonly Transform[]";
    case "event":
      return names.eventLike;
    case "compact":
      return names.compactLike;
    case "struct":
      return names.struct(parameter.type!);
    case "schedule":
      return "ScalarOrSchedule";
    case "schedules":
      return "readonly Schedule[]";
    case "transformation":
      return parameter.rest ? "readonly GradientTransformation[]" : "GradientTransformation";
    case "mask":
      return "unknown";
    case "size":
      return "Dim";
    case "shape":
      return "ShapeLike";
    case "axis":
      return "number | readonly number[]";
    case "dtype":
      return "D";
    case "static":
      return parameter.type!;
  }
}

export function typeParameters(op: Op): string {
  const variables = new Map<string, string>();
  for (const p of [...op.positional, ...op.options]) {
    if (p.kind === "dtype") {
      const fallback =
        p.default && (/^[ABC]$/.test(p.default) ? `Strong<Of<${p.default}>>` : `"${p.default}"`);
      variables.set("D", `D extends DType${fallback ? ` = ${fallback}` : ""}`);
    } else if (OPERANDS.has(p.kind) && /^[ABC]$/.test(p.type ?? ""))
      variables.set(p.type!, `${p.type!} extends TensorLike`);
  }
  if (op.result.kind === "dist" && hasFloats(op)) variables.set("F", 'F extends FloatDType = "float32"');
  if (op.result.kind === "dist" && op.result.type === "V") variables.set("V", "V extends DType = F");
  const declared = [...variables].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return declared.length ? `<${declared.join(", ")}>` : "";
}

/** Whether floats are given to it, or a distribution of some. */
export const hasFloats = ({ positional, options }: Op): boolean =>
  [...positional, ...options].some(({ kind, type }) => type === "F" || kind === "dist");

/** A field of an options object. */
export function optionField(parameter: Parameter, names: Names): string {
  return `readonly ${camelCase(parameter.name)}${parameter.optional ? "?" : ""}: ${parameterType(parameter, names)}`;
}

/** The parameters of a function. `optionsType` names their options object where that has a name. */
export function parameterList(op: Op, names: Names, optionsType?: string): string {
  const positional = op.positional.map(
    (p) => `${p.rest ? "..." : ""}${camelCase(p.name)}: ${parameterType(p, names)}`,
  );
  if (op.options.length === 0) return positional.join(", ");
  const type = optionsType ?? record(op.options.map((p) => optionField(p, names)));
  const fallback = op.options.every((p) => p.optional) ? " = {}" : "";
  return [...positional, `options: ${type}${fallback}`].join(", ");
}

type Conversion = "asInt" | "asInts" | "asBool" | "asFloat" | "asSchedule" | "asSchedules" | "asMask";

/** The function that makes raw arrays of the dtype wanted: positions become int32, not float32. */
export function conversion(parameter: Parameter): Conversion | undefined {
  if (parameter.kind === "schedule") return "asSchedule";
  if (parameter.kind === "schedules") return "asSchedules";
  if (parameter.kind === "mask") return "asMask";
  if (parameter.kind === "nums" && parameter.type === "Int") return "asInts";
  if (parameter.kind !== "num" || parameter.type === undefined) return undefined;
  if (/^(Int|u?int\d+)$/.test(parameter.type)) return "asInt";
  if (/^(Bool|bool)$/.test(parameter.type)) return "asBool";
  return /^(Float|F|b?float\d+)$/.test(parameter.type) ? "asFloat" : undefined;
}

/** What `checkFunctions` and `checkMethods` are told of these operations: kinds of arguments by name. */
export function callSignatures(
  ops: readonly Op[],
  nameOf: (op: Op) => string,
  comparable: readonly string[] = [],
  distribution = "alike",
): string {
  const kindOf = (p: Parameter): string =>
    p.kind === "dist" ? [distribution, ...comparable].join(" ") : callKind(p);
  const kinds = (parameters: readonly Parameter[]): string =>
    `{ ${parameters.map((p) => `${camelCase(p.name)}: ${JSON.stringify(kindOf(p))}`).join(", ")} }`;
  const entries = ops.map((op) => {
    const parts = [
      ...(op.positional.length ? [`takes: ${kinds(op.positional)}`] : []),
      ...(op.options.length ? [`options: ${kinds(op.options)}`] : []),
    ];
    return `${nameOf(op)}: { ${parts.join(", ")} }`;
  });
  return `{\n${entries.join(",\n")}\n}`;
}

/** What `checkFunctions` and its like are told of one argument. */
export function callKind({ kind, type, rest, optional }: Parameter): string {
  const of = kind === "static" ? staticKind(type!) : (CALL_KINDS[kind] ?? kind);
  return `${rest ? "..." : ""}${of}${optional ? "?" : ""}`;
}

const CALL_KINDS: Readonly<Partial<Record<Parameter["kind"], string>>> = {
  num: "operand",
  any: "operand",
  event: "operand",
  compact: "operand",
  struct: "operand",
  nums: "operands",
  schedules: "list",
  dists: "distributions",
};

/** Alternatives of a static parameter, with what a list or a record holds left to the worker. */
const staticKind = (type: string): string =>
  type.startsWith("Readonly<Record<")
    ? "record"
    : type.replace(/\breadonly .*$/, "list").replace(/\bDim\b/, "size");
