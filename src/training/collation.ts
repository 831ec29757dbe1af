/** Items, gathered until they are a batch. */
import { ARRAY_OF, type HostArray, type TypedArray, wordsOf } from "../../bridge/wire/dtypes.ts";
import { adopt } from "../program/traced.ts";
import { type ArrayDtype } from "../tensor/array.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { DType } from "../../bridge/wire/dtypes.ts";
import { refused } from "../transforms/trees.ts";
import { BARE, type Fields } from "./items.ts";

type DtypeOf<D, Name> = D extends DType ? D : Name extends keyof D ? D[Name] : undefined;

/** An item whose arrays have got a first axis, that of the batch. */
export type Collated<Item, D> = Item extends
  number | boolean | bigint | ArrayBufferView | readonly unknown[] | Tensor
  ? Tensor<ArrayDtype<Item, D extends DType ? D : undefined>>
  : { readonly [Name in keyof Item]: Tensor<ArrayDtype<Item[Name], DtypeOf<D, Name>>> };

export interface Batch<Values> {
  /** The items, (b …): where there are fewer than `batchSize`, zeros follow */
  readonly values: Values;
  /** Which are items, (b): false for what only fills the batch, so that all batches have one shape */
  readonly real: Tensor<"bool">;
  /** Where the items stood in the data: as many as are real */
  readonly indices: readonly number[];
}

/** What a batch is made of: items, and how long their arrays become. */
export interface Gathered {
  readonly items: readonly Fields[];
  readonly indices: readonly number[];
  /** Of arrays that are padded */
  readonly width: number | undefined;
}

/** Makes batches of one shape; remembers what it has seen of the arrays. */
export class Collation {
  readonly #call: string;
  readonly #batchSize: number;
  /** An array that says what all of its name are like. */
  readonly #likes = new Map<string, HostArray>();

  constructor(call: string, batchSize: number) {
    this.#call = call;
    this.#batchSize = batchSize;
  }

  /** @returns what has no name alone, or an object of what has */
  values({ items, indices, width }: Gathered): unknown {
    const names = [...items[0]!.keys()];
    items.forEach((item, i) => {
      if (item.size !== names.length || !names.every((name) => item.has(name)))
        throw refused(this.#call, `data[${indices[i]}]`, `the same arrays as in others: ${names.join(", ")}`, [...item.keys()].join(", ")); // prettier-ignore
    });
    const tensors = names.map((name) => {
      const rows = items.map((item) => item.get(name)!);
      return [name, this.#tensor(name, rows, indices, width)] as const;
    });
    return names[0] === BARE ? tensors[0]![1] : Object.fromEntries(tensors);
  }

  real(count: number): Tensor<"bool"> {
    const data = Uint8Array.from({ length: this.#batchSize }, (_, i) => Number(i < count));
    return hostTensor({ dtype: "bool", shape: [this.#batchSize], data }) as Tensor<"bool">;
  }

  lengths(lengths: readonly number[]): Tensor<"int32"> {
    const data = new Int32Array(this.#batchSize);
    data.set(lengths);
    return hostTensor({ dtype: "int32", shape: [this.#batchSize], data }) as Tensor<"int32">;
  }

  #tensor(
    name: string,
    rows: readonly HostArray[],
    indices: readonly number[],
    width: number | undefined,
  ): Tensor {
    const isPadded = (row: HostArray): boolean => width !== undefined && row.shape.length > 0;
    const shapeOf = (row: HostArray): readonly number[] => (isPadded(row) ? row.shape.slice(1) : row.shape);
    // An empty row says nothing of its items
    const like = this.#likes.get(name) ?? rows.find((row) => row.data.length > 0);
    if (like) this.#likes.set(name, like);
    const { dtype } = like ?? rows[0]!;
    const item = shapeOf(like ?? rows[0]!);
    const padding = isPadded(like ?? rows[0]!) ? [width!] : [];
    const shape = [this.#batchSize, ...padding, ...item];
    const size = shape.slice(1).reduce((n, d) => n * d, wordsOf(dtype));
    const data = new ARRAY_OF[dtype](this.#batchSize * size) as Uint8Array;
    rows.forEach((row, i) => {
      if (row.data.length === 0 && isPadded(row) && padding.length > 0) return;
      const [expected, received] = [typed(dtype, padding, item), typed(row.dtype, isPadded(row) ? padding : [], shapeOf(row))]; // prettier-ignore
      if (expected !== received)
        throw refused(this.#call, `data[${indices[i]}]${name === BARE ? "" : `.${name}`}`, `the like of others, ${expected}`, received); // prettier-ignore
      data.set(row.data as Uint8Array, i * size);
    });
    return hostTensor({ dtype, shape, data: data as TypedArray } as HostArray);
  }
}

/** `float32[…, 3]`: an axis that is padded is "…". */
const typed = (dtype: DType, padding: readonly number[], shape: readonly number[]): string =>
  `${dtype}[${[...padding.map(() => "…"), ...shape].join(", ")}]`;

const hostTensor = (host: HostArray): Tensor => adopt(Tensor, { kind: "host", host });
