/** What columns of Arrow tables become. Checked by tsc, never run. */
import { type Field, type FixedSizeList, type Float32, type Int64, type List, type Table, tableFromArrays, type Utf8, type Vector } from "apache-arrow"; // prettier-ignore
import { type Tensor } from "../../src/index.ts";
import { batchesFromIpc, type Column, fromTable, type RaggedColumn, ragged, toTable } from "../../src/tables/index.ts"; // prettier-ignore

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Came>(
  value: Came,
  ...same: Same<Came, Expected> extends true ? [] : [never]
) => void;

declare const table: Table<{ x: Int64; pairs: FixedSizeList<Float32>; rows: List<FixedSizeList<Float32>>; text: Utf8; deep: List<List<Float32>> }>; // prettier-ignore
declare const untyped: Table;
declare const field: Field;

export async function tables(): Promise<void> {
  const { x, pairs, rows, text, deep } = fromTable(table);
  is<Tensor<"int64">>()(x);
  is<Tensor<"float32">>()(pairs);
  is<RaggedColumn<"float32">>()(rows);
  is<Vector<Utf8>>()(text);
  is<Column>()(deep); // whether its inner lists are of one length is not said
  is<Tensor<"float32">>()(fromTable(tableFromArrays({ x: Float32Array.of(1) })).x);
  is<Readonly<Record<string, Column>>>()(fromTable(untyped));
  for await (const batch of batchesFromIpc(new Uint8Array())) is<Readonly<Record<string, Column>>>()(batch);
  is<Table>()(await toTable({ x, rows, text, again: ragged({ values: pairs, lengths: [1, 2] }) }));
  // @ts-expect-error -- a field is no column
  await toTable({ field });
  // @ts-expect-error -- lengths are missing
  ragged({ values: pairs });
}
