/** A recorded function as a file's schema describes it. */
import type { SchemaFunction, SchemaInput, SchemaLeaf, SchemaTree } from "../../bridge/files/schema.ts";
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import { isBranch, isLeaf } from "../program/tree.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { JittedParts, Recording } from "../transforms/jit.ts";
import { refused, structureKey, type TreeDef } from "../transforms/trees.ts";
import { parameterNames } from "./parameter-names.ts";
import type { Example, ExampleTensor } from "./types.ts";

/** What a function is saved with, besides itself. */
export interface Saved {
  readonly name: string;
  /** The structure of `params`, and the names of its tensors. */
  readonly params: { readonly treeDef: TreeDef; readonly names: readonly string[] } | undefined;
  readonly example: readonly Example[] | undefined;
  readonly names: readonly string[] | undefined;
}

/** Which recording of a function is saved. */
export function recordingOf(parts: JittedParts, params: unknown, { name, example }: Saved): Recording {
  if (parts.hasStatics)
    throw refused(
      "save",
      name,
      "a function without staticArgnums: jit one that has them inside",
      "one with them",
    );
  if (example !== undefined) {
    const args = example.map((each) => standIn(each));
    return parts.record(params === undefined ? args : [params, ...args]);
  }
  const [recording, ...others] = parts.recordings();
  if (recording === undefined)
    throw refused(
      "save",
      name,
      "a function that was called, or an example of its arguments: `examples`",
      "neither",
    );
  if (others.length > 0)
    throw refused(
      "save",
      name,
      "`examples` of one structure of its arguments",
      `a function that was called with ${others.length + 1}`,
    );
  return recording;
}

/** The function in the schema. `constant` names a tensor that it was closed over. */
export async function functionSchema(
  parts: JittedParts,
  recording: Recording,
  program: number,
  saved: Saved,
  constant: (index: number) => string,
): Promise<SchemaFunction> {
  const { name, params } = saved;
  const args = recording.args;
  if (params && structureKey(args[0]?.tree) !== structureKey(params.treeDef.tree))
    throw refused(
      "save",
      name,
      `a function whose first argument has the structure of \`params\`, ${structureKey(params.treeDef.tree)}`,
      args[0] ? structureKey(args[0].tree) : "one without arguments",
    );
  const given = params ? args.slice(1) : args;
  const names = saved.names ?? parameterNames(parts.f, args.length).slice(args.length - given.length);
  if (names.length !== given.length || new Set(names).size !== names.length)
    throw refused("save", `names.${name}`, `${given.length} different names`, names.join(", "));
  for (const [i, { classes }] of given.entries()) assertTensors(classes, name, `argument \`${names[i]}\``);
  assertTensors(recording.result.classes, name, "result");
  const first = params?.names.length ?? 0;
  const leaves = await leavesOf(recording, saved, first);
  const inputs: SchemaInput[] = [
    ...(params?.names ?? []).map((weight) => ({ weight })),
    ...leaves,
    ...recording.program.constants.map((_, i) => ({ constant: constant(i) })),
  ];
  let place = first;
  const trees = given.map(({ tree }, i) => ({ name: names[i]!, tree: treeOf(tree, () => place++) }));
  let output = 0;
  const results = treeOf(recording.result.tree, () => output++);
  const outputs = await Promise.all(
    recording.result.classes.map(async (_, i) => leafOf(await recording.seen?.outputs[i]) ?? {}),
  );
  return { program, arguments: trees, inputs, results, outputs, flags: parts.flags };
}

/** The tensors that a function takes besides its weights. */
async function leavesOf(recording: Recording, saved: Saved, first: number): Promise<readonly SchemaLeaf[]> {
  if (saved.example !== undefined) return saved.example.flatMap((each) => exampleLeaves(each, saved.name));
  const inputs = recording.seen?.inputs ?? [];
  const count = recording.args.reduce((n, { classes }) => n + classes.length, 0) - first;
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const leaf = leafOf(await inputs[first + i]);
      if (leaf === undefined)
        throw refused(
          "save",
          saved.name,
          "a function that was called, or an example of its arguments: `examples`",
          recording.seen ? "one whose first call had no inputs" : "one that was compiled only",
        );
      return leaf;
    }),
  );
}

/** Of a call all that is sure is the rank: its sizes may have been those of this call. */
function leafOf(aval: ArrayAval | undefined): SchemaLeaf | undefined {
  if (aval === undefined) return undefined;
  const [dtype, shape] = aval;
  return { dtype, shape: shape.map(() => null), example: [...shape] };
}

function assertTensors(classes: readonly { readonly name: string }[], name: string, what: string): void {
  const other = classes.find((each) => each !== Tensor);
  if (other !== undefined)
    throw refused(
      "save",
      name,
      `tensors as ${what}: take or return what is asked of a distribution`,
      other.name,
    );
}

const isExample = (value: unknown): value is ExampleTensor =>
  isBranch(value) && typeof value["dtype"] === "string" && Array.isArray(value["shape"]);

function exampleLeaves(example: unknown, name: string): readonly SchemaLeaf[] {
  if (isExample(example)) return [{ dtype: example.dtype, shape: [...example.shape] }];
  if (isLeaf(example)) throw refused("save", `examples.${name}`, "{ dtype, shape } in the place of a tensor", "a tensor"); // prettier-ignore
  if (Array.isArray(example)) return example.flatMap((each) => exampleLeaves(each, name));
  if (!isBranch(example)) return [];
  return Object.keys(example)
    .sort()
    .flatMap((key) => exampleLeaves(example[key], name));
}

/** An example with sizes for its free dims, of which a recording does not depend. */
function standIn(example: unknown): unknown {
  if (isExample(example)) {
    const shape = example.shape.map((dim) => (dim === null || typeof dim === "string" ? 1 : dim));
    return { dtype: example.dtype, shape };
  }
  if (Array.isArray(example)) return example.map(standIn);
  if (!isBranch(example)) return example;
  return Object.fromEntries(Object.entries(example).map(([key, each]) => [key, standIn(each)]));
}

/** A structure as the schema has it; `leaf` numbers its leaves. */
function treeOf(tree: unknown, leaf: () => number): SchemaTree {
  if (tree === null || tree === undefined) return null;
  if (Array.isArray(tree)) return { list: tree.map((each) => treeOf(each, leaf)) };
  if (isBranch(tree)) {
    const keys = Object.keys(tree).sort();
    return { dict: Object.fromEntries(keys.map((key) => [key, treeOf(tree[key], leaf)])) };
  }
  return leaf();
}
