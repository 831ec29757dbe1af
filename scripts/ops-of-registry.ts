/** `src/ops`: a namespace of functions a file, one for each operation of the registry. */
import { join } from "node:path";
import type { Op, Parameter, Registry } from "../bridge/signatures/registry-document.ts";
import {
  callSignatures,
  conversion,
  hasFloats,
  type Names,
  OPERANDS,
  parameterList,
  resultType,
  typeParameters,
} from "../bridge/signatures/typescript-signatures.ts";
import {
  camelCase,
  docComment,
  HEADER,
  imports,
  shorthand,
} from "../bridge/signatures/typescript-spelling.ts";

/** The generated namespaces: what each mirrors, and its members that are not operations. */
export const NAMESPACES: Readonly<
  Record<
    string,
    {
      readonly doc: string;
      readonly members?: readonly string[];
      /** What the members are imported from. */
      readonly from?: Readonly<Record<string, readonly string[]>>;
      /** The room of `src` that it stands in, where that is not `ops`. */
      readonly room?: string;
    }
  >
> = {
  np: {
    doc: "`jax.numpy`. Names are camelCase; what is optional in Python stands in an options object.",
    from: { "../tensor/array.ts": ["array"], "./fft.ts": ["fft"], "./linalg.ts": ["linalg"] },
    members: [
      "/** Fourier transforms. */\nfft: fft as typeof fft",
      "/** Linear algebra. */\nlinalg: linalg as typeof linalg",
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
  linalg: { doc: "`jax.numpy.linalg`, as `np.linalg` too." },
  fft: {
    doc: "`jax.numpy.fft`, as `np.fft` too: Fourier transforms. What is complex is taken apart by `np.real`, `np.imag`, `np.abs` and `np.angle`.",
  },
  ops: { doc: "`jax.ops`: reductions over segments." },
  special: { doc: "`jax.scipy.special`, and what structured models need of special functions." },
  dist: {
    doc: "`numpyro.distributions`. Parameters are broadcast to a batch `(*batch)`; what is asked of a distribution are methods of `SimpleDistribution`: `logProb`, `sample`, `mean`, `variance`, `entropy`, `klDivergence`, `cdf`, `icdf`, `inSupport`, `enumerateSupport`, `parameter`, `batchShape`, `eventShape`, and `expand`, `toEvent` and `mask`, which make another one. Outside the support the log-probability is -Infinity.",
    members: ["/** What `transformed` applies. */\ntransforms: transforms as typeof transforms"],
    from: { "./transforms.ts": ["transforms"] },
  },
  transforms: {
    doc: "`numpyro.distributions.transforms`, as `dist.transforms`: what `dist.transformed` applies to values.",
  },
  semirings: { doc: "Sums and einsums over log-potentials." },
  diagnostics: { doc: "`numpyro.diagnostics`: whether Markov chains have mixed, and what they found." },
  optax: {
    doc: "`optax`: optimizers, which make updates of gradients (`opt.init(params)`, `opt.update(grads, state, params)`), what they are made of, schedules of learning rates, and losses.",
    room: "training",
    members: ["applyUpdates", "incrementalUpdate", "globalNorm"].map(
      (name) => `${name}: ${name} as typeof ${name}`,
    ),
    from: { "./updates.ts": ["applyUpdates", "globalNorm", "incrementalUpdate"] },
  },
};
/** Operations that hand-written code records: methods, functions of whole trees, and what answers nothing. */
export const METHODS =
  /^(getitem$|at\.|debug\.|distribution\.|optax\.(init|update|apply_updates|incremental_update|global_norm|schedule)$)/;

const namesOf = (op: Op): Names => ({
  dist: (values) => `SimpleDistribution<${hasFloats(op) ? "F" : '"float32"'}, ${values}>`,
  other: "SimpleDistribution<F, V>",
  comparable: [],
  event: "never",
  eventLike: "never",
  compact: "never",
  compactLike: "never",
  struct: (name) => name,
});

/** An operand, as raw arrays of the dtype wanted. */
function converted(parameter: Parameter, value: string): string {
  const convert = conversion(parameter);
  if (convert && /^as(Schedules?|Mask)$/.test(convert)) return `${convert}(${value})`;
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
  const given = (p: Parameter): string => `${op.options.includes(p) ? "options." : ""}${camelCase(p.name)}`;
  const statics = attributes([...positional, ...options], (p) => converted(p, given(p)));
  if (op.result.kind === "transformation" || op.result.kind === "schedule")
    return recipeOf(op, statics, given);
  const named = op.options.filter((p) => OPERANDS.has(p.kind));
  const last = named.length
    ? `, ${attributes(named, (p) => converted(p, `options.${camelCase(p.name)}`))}`
    : "";
  const head = `"${op.name}", [${operands.join(", ")}], ${statics}`;
  const { [op.result.kind]: Result = "Tensor" } = {
    dist: "SimpleDistribution",
    transform: "Transform",
  } as Record<string, string>;
  if (op.result.kind === "list")
    return `return list(${head}, ${howMany(op, op.result.per)}, Tensor${last}) as never;`;
  if (op.result.kind !== "struct") return `return emit(${head}, ${Result}${last}) as never;`;
  const fields = op.result.fields.map((f) => `${camelCase(f.name)}: ["${f.name}", Tensor]`);
  return `return struct(${head}, { ${fields.join(", ")} }${last}) as never;`;
}

/** An operation that is recorded where it is used: all that it takes is given by name. */
function recipeOf(op: Op, statics: string, given: (p: Parameter) => string): string {
  const operands = op.positional.filter((p) => p.rest).map(operand);
  const named = [...op.positional, ...op.options].filter((p) => OPERANDS.has(p.kind) && !p.rest);
  const all = [statics, attributes(named, (p) => converted(p, given(p)))].map((text) =>
    text.replace("undefined", "{}"),
  );
  if (op.result.kind === "schedule") return `return schedule("${op.name}", ${all.join(", ")});`;
  return `return new GradientTransformation("${op.name}", [${operands.join(", ")}], ${all.join(", ")}, optimizerStates["${op.name}"]);`;
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
  return `${opDoc(op)}\n${name}${typeParameters(op)}(${parameterList(op, namesOf(op))}): ${resultType(op.result, namesOf(op))} { ${bodyOf(op)} }`;
}

const FROM = {
  "../distributions/simple-distribution.ts": ["SimpleDistribution"],
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
  "./dtypes.ts": ["type Float", "type IntDType", "type Numeric", "type Promote", "type Real", "type Sum"],
} as const;

const FROM_TRAINING = {
  "../ops/dtypes.ts": FROM["./dtypes.ts"],
  "./gradient-transformation.ts": ["asMask", "GradientTransformation"],
  "./optimizer-states.ts": ["optimizerStates"],
  "./schedule.ts": ["asSchedule", "asSchedules", "type ScalarOrSchedule", "schedule", "type Schedule"],
} as const;

type From = Readonly<Record<string, readonly string[]>>;

/** Names by the file that they come from. */
function together(...all: readonly From[]): From {
  const paths = [...new Set(all.flatMap((from) => Object.keys(from)))];
  return Object.fromEntries(paths.map((path) => [path, all.flatMap((from) => from[path] ?? [])]));
}

/** Where a namespace stands. */
export const fileOfNamespace = (namespace: string): string =>
  join("src", NAMESPACES[namespace]!.room ?? "ops", `${namespace}.ts`);

/** `src/training/optimizer-states.ts`: what `python -m synjax_worker.registry.optimizer_states` prints. */
export function optimizerStatesFile(states: string): string {
  return `${HEADER}import type { StateShapes } from "./optimizer-state.ts";

/** What the states of optax's transformations look like, by the arguments that matter. */
export const optimizerStates = ${states} as const satisfies Readonly<Record<string, StateShapes>>;
`;
}

export function namespaceFile(registry: Registry, namespace: string): string {
  for (const op of registry.ops)
    if (!METHODS.test(op.name) && !(op.name.slice(0, op.name.indexOf(".")) in NAMESPACES))
      throw new Error(`${op.name}: no namespace of that name; add it to NAMESPACES`);
  const { doc, members = [], from, room } = NAMESPACES[namespace]!;
  const ops = registry.ops.filter((op) => op.name.startsWith(`${namespace}.`) && !METHODS.test(op.name));
  const functions = [...members, ...ops.map(method)].join(",\n\n");
  const checks = `checkFunctions("${namespace}", ${namespace}, ${callSignatures(ops, functionName, [], "distribution")});`;
  const makesTransforms = ops.some((op) => op.result.kind === "transform");
  const transform = { "../distributions/transform.ts": [makesTransforms ? "Transform" : "type Transform"] };
  const source = `${docComment(doc)}\nexport const ${namespace} = {\n${functions}\n};\n\n${checks}\n`;
  return `${HEADER}${imports(source, together(room === "training" ? { ...FROM, "./dtypes.ts": [], ...FROM_TRAINING } : FROM, transform, from ?? {}))}\n\n${source}`;
}
