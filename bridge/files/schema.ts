/** What a file says of its functions: their arguments by name, which inputs are weights, and what comes back. */
import { ARRAY_OF, type DType } from "../wire/dtypes.ts";
import { isRecord, nameOf, type Wrong } from "./safetensors-header.ts";

/** The place of a leaf, an empty branch, a list or a dict. */
export type SchemaTree =
  | number
  | null
  | { readonly list: readonly SchemaTree[] }
  | { readonly dict: Readonly<Record<string, SchemaTree>> };

/** A size, the name of a free dim, or `null` for one without a name. */
export type SchemaDim = number | string | null;

/** A tensor that a function takes or gives. */
export interface SchemaLeaf {
  readonly dtype: DType;
  readonly shape: readonly SchemaDim[];
  /** Sizes that it had in a call. */
  readonly example?: readonly number[];
}
/** An input that the file has a tensor for: a weight, or what the function was closed over. */
export type SchemaInput = SchemaLeaf | { readonly weight: string } | { readonly constant: string };

export interface SchemaFunction {
  /** Which of the programs. */
  readonly program: number;
  /** In order; the leaves of their trees are places among the inputs. */
  readonly arguments: readonly { readonly name: string; readonly tree: SchemaTree }[];
  /** In the order of the program's inputs. */
  readonly inputs: readonly SchemaInput[];
  /** Its leaves are places among the outputs. */
  readonly results: SchemaTree;
  /** Empty where nobody has seen one. */
  readonly outputs: readonly (SchemaLeaf | Readonly<Record<string, never>>)[];
  readonly flags: { readonly batchable?: boolean; readonly debugNans?: boolean };
}

export interface Schema {
  readonly functions: Readonly<Record<string, SchemaFunction>>;
  readonly weights: Readonly<Record<string, { readonly dtype: DType; readonly shape: readonly number[] }>>;
  /** The file of the weights, where they live apart: its path from that of this one. */
  readonly weightsFile: string | null;
  /** The SHA-256 of each program, in hexadecimal. */
  readonly programs: readonly string[];
}

/** How deep trees may stand in each other. */
const DEEPEST = 200;

/** The places of the leaves of a tree, in its order. */
export function leavesOf(tree: SchemaTree): readonly number[] {
  if (typeof tree === "number") return [tree];
  if (tree === null) return [];
  return ("list" in tree ? tree.list : Object.values(tree.dict)).flatMap(leavesOf);
}

/** A tree of lists and objects; `leafOf` makes its leaves. */
export function filledTree(tree: SchemaTree, leafOf: (place: number) => unknown): unknown {
  if (typeof tree === "number") return leafOf(tree);
  if (tree === null) return null;
  if ("list" in tree) return tree.list.map((each) => filledTree(each, leafOf));
  return Object.fromEntries(Object.entries(tree.dict).map(([key, each]) => [key, filledTree(each, leafOf)]));
}

export const isLeafOf = (each: SchemaInput | SchemaFunction["outputs"][number]): each is SchemaLeaf =>
  "dtype" in each;

/** @throws {SynjaxError} what `wrong` makes, where it is no schema, or contradicts itself */
export function checkSchema(raw: unknown, wrong: Wrong): asserts raw is Schema {
  const expect = (holds: boolean, expected: string, received: unknown): void => {
    if (!holds) throw wrong(expected, JSON.stringify(received)?.slice(0, 100) ?? nameOf(received));
  };
  expect(isRecord(raw), "a schema that is an object", raw);
  const { functions, weights, weightsFile = null, programs } = raw as Record<string, unknown>;
  expect(isTexts(programs), "hashes of programs", programs);
  expect(
    weightsFile === null || typeof weightsFile === "string",
    "`weightsFile` that is a name",
    weightsFile,
  );
  expect(isRecord(weights), "`weights` that are an object", weights);
  for (const [name, type] of Object.entries(weights as object))
    expect(isType(type, isSize), `a dtype and a shape of \`${name}\``, type);
  expect(isRecord(functions), "`functions` that are an object", functions);
  for (const [name, of] of Object.entries(functions as Record<string, unknown>)) {
    expect(isRecord(of), `\`${name}\` that is an object`, of);
    const { program, arguments: args, inputs, results, outputs, flags } = of as Record<string, unknown>;
    const count = (programs as string[]).length;
    expect(isSize(program) && program < count, `a program of \`${name}\` among ${count}`, program);
    expect(Array.isArray(inputs) && inputs.every(isInput), `\`inputs\` of \`${name}\``, inputs);
    for (const input of inputs as readonly SchemaInput[])
      if ("weight" in input)
        expect(
          Object.hasOwn(weights as object, input.weight),
          "each weight that is an input among the weights",
          input.weight,
        );
    expect(Array.isArray(args) && args.every(isArgument), `\`arguments\` of \`${name}\``, args);
    const given = args as SchemaFunction["arguments"];
    const free = (inputs as readonly SchemaInput[]).flatMap((input, i) => (isLeafOf(input) ? [i] : []));
    const taken = given.flatMap(({ tree }) => leavesOf(tree)).sort((a, b) => a - b);
    expect(taken.join() === free.join(), `arguments of \`${name}\` that are its inputs, each once`, given);
    const names = new Set(given.map((each) => each.name));
    expect(names.size === given.length, `arguments of \`${name}\` with different names`, given);
    expect(Array.isArray(outputs) && outputs.every(isOutput), `\`outputs\` of \`${name}\``, outputs);
    expect(isTree(results), `the results of \`${name}\` as a tree`, results);
    const places = leavesOf(results as SchemaTree);
    expect(
      places.length === (outputs as unknown[]).length && places.every((place, i) => place === i),
      `results of \`${name}\` that are its outputs, in order`,
      results,
    );
    expect(
      isRecord(flags) && Object.values(flags).every((flag) => typeof flag === "boolean"),
      `flags of \`${name}\` that are true or false`,
      flags,
    );
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
const isDim = (value: unknown): boolean => value === null || typeof value === "string" || isSize(value);

function isType(value: unknown, isOne: (dim: unknown) => boolean): boolean {
  if (!isRecord(value) || !Array.isArray(value["shape"])) return false;
  return (
    typeof value["dtype"] === "string" &&
    Object.hasOwn(ARRAY_OF, value["dtype"]) &&
    value["shape"].every(isOne)
  );
}

function isLeaf(value: unknown): boolean {
  if (!isType(value, isDim)) return false;
  const { shape, example } = value as { shape: unknown[]; example?: unknown };
  return (
    example === undefined ||
    (Array.isArray(example) && example.length === shape.length && example.every(isSize))
  );
}

const isOutput = (value: unknown): boolean =>
  isRecord(value) && (Object.keys(value).length === 0 || isLeaf(value));

function isInput(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if ("weight" in value || "constant" in value)
    return typeof (value["weight"] ?? value["constant"]) === "string" && !("dtype" in value);
  return isLeaf(value);
}

const isArgument = (value: unknown): boolean =>
  isRecord(value) && typeof value["name"] === "string" && isTree(value["tree"]);

function isTree(value: unknown, depth = 0): boolean {
  if (value === null || isSize(value)) return true;
  if (depth >= DEEPEST || !isRecord(value) || Object.keys(value).length !== 1) return false;
  const { list, dict } = value;
  const inner = Array.isArray(list) ? list : isRecord(dict) ? Object.values(dict) : undefined;
  return inner?.every((each) => isTree(each, depth + 1)) ?? false;
}
