/** `src/ops`: a namespace of functions a file, one for each operation of the registry. */
import type { Op, Parameter, Registry } from "./registry-document.ts";
import {
  callSignatures,
  conversion,
  type Names,
  OPERANDS,
  parameterList,
  resultType,
  typeParameters,
} from "./typescript-signatures.ts";
import { camelCase, docComment, HEADER, imports, shorthand } from "./typescript-spelling.ts";

/** The generated namespaces: what each mirrors, and its members that are not operations. */
export const NAMESPACES: Readonly<
  Record<string, { readonly doc: string; readonly members?: readonly string[]; readonly imports?: string }>
> = {
  np: {
    doc: "`jax.numpy`. Names are camelCase; what is optional in Python stands in an options object.",
    imports: "array",
    members: [
      "/** A tensor of host data. Equivalent to `jax.numpy.array`. */\narray: array as typeof array",
      "pi: Math.PI as number",
      "e: Math.E as number",
      "inf: Infinity as number",
      "nan: NaN as number",
    ],
  },
  nn: { doc: "`jax.nn`." },
  lax: { doc: "What only `jax.lax` has." },
  random: { doc: "`jax.random`. A draw is a function of its key alone." },
  linalg: { doc: "`jax.numpy.linalg`." },
  ops: { doc: "`jax.ops`: reductions over segments." },
  special: { doc: "`jax.scipy.special`, and what structured models need of special functions." },
  dist: {
    doc: "Distributions of single observations, for the emissions of a hidden Markov model: NumPyro's. Each parameter has a trailing axis of `t` states.",
  },
  semirings: { doc: "Sums and einsums over log-potentials." },
};
/** Operations that hand-written code records: the methods of a tensor, and what answers nothing. */
const METHODS = /^(getitem$|at\.|debug\.)/;

const NAMES: Names = {
  dist: "Emission<F>",
  event: "never",
  eventLike: "never",
  compact: "never",
  compactLike: "never",
  struct: (name) => name,
};

/** An operand, as raw arrays of the dtype wanted. */
function converted(parameter: Parameter, value: string): string {
  const convert = conversion(parameter);
  return convert ? `${convert}(${value}, "${camelCase(parameter.name)}")` : value;
}

function operand(parameter: Parameter): string {
  const name = camelCase(parameter.name);
  return parameter.rest ? `...${name}` : converted(parameter, name);
}

function attributes(parameters: readonly Parameter[], value: (p: Parameter) => string): string {
  if (parameters.length === 0) return "undefined";
  return `{ ${parameters.map((p) => shorthand(p.name, value(p))).join(", ")} }`;
}

function bodyOf(op: Op): string {
  const operands = op.positional.filter((p) => OPERANDS.has(p.kind)).map(operand);
  const positional = op.positional.filter((p) => !OPERANDS.has(p.kind));
  const options = op.options.filter((p) => !OPERANDS.has(p.kind));
  const statics = attributes([...positional, ...options], (p) =>
    positional.includes(p) ? camelCase(p.name) : `options.${camelCase(p.name)}`,
  );
  const named = op.options.filter((p) => OPERANDS.has(p.kind));
  const last = named.length
    ? `, ${attributes(named, (p) => converted(p, `options.${camelCase(p.name)}`))}`
    : "";
  const head = `"${op.name}", [${operands.join(", ")}], ${statics}`;
  const Result = op.result.kind === "dist" ? "Emission" : "Tensor";
  if (op.result.kind === "list")
    return `return list(${head}, ${howMany(op, op.result.per)}, Tensor${last}) as never;`;
  if (op.result.kind !== "struct") return `return emit(${head}, ${Result}${last}) as never;`;
  const fields = op.result.fields.map((f) => `${camelCase(f.name)}: ["${f.name}", Tensor]`);
  return `return struct(${head}, { ${fields.join(", ")} }${last}) as never;`;
}

/** How many arrays a list has: one for each operand, or the parts that were asked for. */
function howMany(op: Op, per: string): string {
  const { kind, name } = op.positional.find((parameter) => parameter.name === per)!;
  return OPERANDS.has(kind)
    ? `${camelCase(name)}.length`
    : `partsOf(${camelCase(name)}, "${camelCase(name)}")`;
}

/** What an operation does, as a comment. */
function opDoc(op: Op): string {
  return docComment(op.differentiable ? op.doc : `${op.doc} Not differentiable.`);
}

const functionName = (op: Op): string => camelCase(op.name.slice(op.name.indexOf(".") + 1));

function method(op: Op): string {
  const name = functionName(op);
  return `${opDoc(op)}\n${name}${typeParameters(op)}(${parameterList(op, NAMES)}): ${resultType(op.result, NAMES)} { ${bodyOf(op)} }`;
}

const FROM = {
  "../distributions/emission.ts": ["Emission"],
  "../program/emit.ts": ["emit", "list", "partsOf", "struct"],
  "../program/signatures.ts": ["checkFunctions"],
  "../program/traced.ts": ["type Traced"],
  "../tensor/array.ts": ["asBool", "asFloat", "asInt", "asInts"],
  "../tensor/tensor.ts": [
    "type Dim",
    "type DType",
    "type FloatDType",
    "type Of",
    "type ShapeLike",
    "type Strong",
    "Tensor",
    "type TensorLike",
  ],
  "./dtypes.ts": ["type Float", "type IntDType", "type Numeric", "type Promote", "type Sum"],
} as const;

export function namespaceFile(registry: Registry, namespace: string): string {
  for (const op of registry.ops)
    if (!METHODS.test(op.name) && !(op.name.slice(0, op.name.indexOf(".")) in NAMESPACES))
      throw new Error(`${op.name}: no namespace of that name; add it to NAMESPACES`);
  const { doc, members = [], imports: extra } = NAMESPACES[namespace]!;
  const ops = registry.ops.filter((op) => op.name.startsWith(`${namespace}.`));
  const functions = [...members, ...ops.map(method)].join(",\n\n");
  const checks = `checkFunctions("${namespace}", ${namespace}, ${callSignatures(ops, functionName)});`;
  const source = `${docComment(doc)}\nexport const ${namespace} = {\n${functions}\n};\n\n${checks}\n`;
  const from = extra ? { ...FROM, "../tensor/array.ts": [extra, ...FROM["../tensor/array.ts"]] } : FROM;
  return `${HEADER}${imports(source, from)}\n\n${source}`;
}
