/** Files of parameters. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import { checkFunctions, shown } from "../program/signatures.ts";
import { adopt } from "../program/traced.ts";
import { flatten, type MapTree, rebuild } from "../program/tree.ts";
import { get } from "../session/current-session.ts";
import { asBits } from "../tensor/float16-array.ts";
import { toHostArray } from "../tensor/host-array.ts";
import { HostTensor } from "../tensor/host-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { refused } from "../transforms/trees.ts";
import type { TensorTree } from "../session/trees.ts";
import { readSafetensors, writeSafetensors } from "./safetensors-format.ts";
import { tensorNames } from "./tensor-names.ts";

/**
 * Parameters as bytes in the safetensors format, which PyTorch, flax and others read and write too: `await
 * writeFile("model.safetensors", await safetensors.save(params))`. The bytes stay where your program runs: a worker on
 * another machine neither reads nor writes files.
 */
export const safetensors = {
  /**
   * A tree of tensors as bytes. Names are paths joined by dots: `{ encoder: [{ kernel }] }` is `encoder.0.kernel`.
   * Equivalent to `safetensors.numpy.save` of a flattened tree.
   * @throws {SynjaxError} `INVALID_ARGUMENT` for a name with a dot in it, and for what is no tensor of numbers
   */
  async save(tree: unknown): Promise<Uint8Array<ArrayBuffer>> {
    const names = tensorNames(tree, [], "safetensors");
    const leaves: unknown[] = [];
    flatten(tree, leaves, "tree");
    const fetched = await get(leaves);
    return writeSafetensors(names.map((name, i) => [name, hostOf(fetched[i], name)] as const));
  },

  /**
   * The tree of tensors that bytes hold, on the host: `put` brings it to the device. What is called 0, 1, 2 … is an array.
   * Equivalent to `safetensors.numpy.load`, and the names taken apart at their dots.
   * @param like a tree with the same names, e.g. of `init`, for its type
   * @throws {SynjaxError} `INVALID_ARGUMENT` where the bytes are no such file, or one that is cut off or lies about its
   *   sizes; where it holds other names than `like`; for dtypes that there are none of here, as those of 8 bits
   */
  load: load as {
    (bytes: Uint8Array): TensorTree;
    <T>(bytes: Uint8Array, like: T): MapTree<T, Tensor>;
  },
};

function load(bytes: Uint8Array, like?: unknown): unknown {
  if (!(bytes instanceof Uint8Array))
    throw refused("safetensors.load", "bytes", "a Uint8Array", shown(bytes));
  const held = new Map<string, HostArray>(readSafetensors(bytes));
  const tensorOf = (host: HostArray): Tensor => adopt(Tensor, { kind: "host", host });
  if (like === undefined) return treeOf(held, tensorOf);
  const names = tensorNames(like, [], "safetensors");
  const [missing] = names.filter((name) => !held.has(name));
  const [unknown] = [...held.keys()].filter((name) => !names.includes(name));
  if (missing !== undefined || unknown !== undefined)
    throw refused(
      "safetensors.load",
      "bytes",
      missing === undefined
        ? "the names of `like` and no others"
        : `a tensor \`${missing}\`, as \`like\` has`,
      missing === undefined ? `\`${unknown}\` too` : `${[...held.keys()].slice(0, 8).join(", ")} …`,
    );
  let position = 0;
  return rebuild(like, () => tensorOf(held.get(names[position++]!)!));
}

function hostOf(leaf: unknown, name: string): HostArray {
  if (leaf instanceof HostTensor) {
    const { dtype, shape, data } = leaf as HostTensor;
    return { dtype, shape, data: asBits(data) } as HostArray;
  }
  const host = toHostArray(leaf, "any", name);
  if (!host) throw refused("safetensors.save", name, "a tensor", shown(leaf));
  return host;
}

type Branch = Map<string, Branch | Tensor>;

function treeOf(held: ReadonlyMap<string, HostArray>, tensorOf: (host: HostArray) => Tensor): TensorTree {
  const root: Branch = new Map();
  for (const [name, host] of held) {
    const path = name.split(".");
    const last = path.pop()!;
    let branch = root;
    for (const key of path) {
      const next = branch.get(key) ?? new Map<string, Branch | Tensor>();
      if (next instanceof Tensor) throw ambiguous(name);
      branch.set(key, next);
      branch = next;
    }
    if (branch.has(last)) throw ambiguous(name);
    branch.set(last, tensorOf(host));
  }
  return filled(root);
}

const ambiguous = (name: string): SynjaxError =>
  refused("safetensors.load", "bytes", "names of which none begins with another and a dot", `\`${name}\``);

function filled(branch: Branch | Tensor): TensorTree {
  if (branch instanceof Tensor) return branch;
  const entries = [...branch].map(([key, value]) => [key, filled(value)] as const);
  const places = entries.map((_, i) => branch.get(String(i)));
  if (entries.length > 0 && places.every((place) => place !== undefined)) return places.map(filled);
  return Object.fromEntries(entries);
}

checkFunctions("safetensors", safetensors, {
  save: { takes: { tree: "any" }, isAsync: true },
  load: { takes: { bytes: "any", like: "any?" } },
});
