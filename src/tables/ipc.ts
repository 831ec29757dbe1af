/** Arrow IPC, files and streams, as tensors and back. */
import { RecordBatchReader, Table, tableToIPC } from "apache-arrow";
import { checkCall, shown, type Signature } from "../program/signatures.ts";
import { type Column, columnsOf, FROM_TABLE, type FromTableOptions } from "./from-table.ts";
import { type Chunks, framesOf, SourceFailed } from "./ipc-frames.ts";
import { refused } from "./refused.ts";
import { type ColumnLike, TO_TABLE, toTable, type ToTableOptions } from "./to-table.ts";

/** The bytes of an Arrow IPC file or stream: all of them, or as they come. */
export type IpcSource = Uint8Array | ArrayBuffer | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface ToIpcOptions extends ToTableOptions {
  /** Default: `"stream"`. */
  readonly format?: "file" | "stream";
}

const SIGNATURE: Signature = { takes: { source: "any" }, options: FROM_TABLE, isAsync: true };

/**
 * The columns of an Arrow IPC file or stream, as `fromTable` gives them. The bytes may come from anybody: they are checked
 * before they are read, and nothing is allocated that they do not hold.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for bytes that are no such file or stream, that are cut or changed, or compressed;
 *   and as `fromTable` does
 */
export async function fromIpc(
  source: IpcSource,
  options: FromTableOptions = {},
): Promise<Readonly<Record<string, Column>>> {
  checkCall("fromIpc", SIGNATURE, [source, options]);
  const { schema, batches } = await readerOf("fromIpc", source);
  const all = [];
  for await (const batch of batches) all.push(batch);
  return columnsOf("fromIpc", new Table(schema, all), options);
}

/**
 * The record batches of an Arrow IPC file or stream one after another, each as `fromTable` gives it: of a source that is
 * read as it comes, one is held at a time.
 * @throws {SynjaxError} as `fromIpc` does, when it comes to the batch
 */
export async function* batchesFromIpc(
  source: IpcSource,
  options: FromTableOptions = {},
): AsyncGenerator<Readonly<Record<string, Column>>, void, undefined> {
  checkCall("batchesFromIpc", SIGNATURE, [source, options]);
  const { batches } = await readerOf("batchesFromIpc", source);
  for await (const batch of batches) yield columnsOf("batchesFromIpc", batch, options);
}

/**
 * The bytes of an Arrow IPC stream or file of columns, as `toTable` takes them.
 * @throws {SynjaxError} as `toTable` does
 */
export async function toIpc(
  columns: Readonly<Record<string, ColumnLike>>,
  options: ToIpcOptions = {},
): Promise<Uint8Array> {
  const { format = "stream", ...rest } = options;
  checkCall("toIpc", { takes: { columns: "record" }, options: { format: '"file" | "stream"?', ...TO_TABLE } }, [columns, options]); // prettier-ignore
  return tableToIPC(await toTable(columns, rest), format);
}

async function readerOf(
  call: string,
  source: IpcSource,
): Promise<{ schema: Table["schema"]; batches: AsyncIterable<Table["batches"][number]> }> {
  const frames = framesOf(chunksOf(call, source));
  const reader = await guarded(call, frames, async () => {
    // Arrow opens nothing as an empty stream: what is wrong with the first message is to be said here
    const first = await frames.next();
    const rest = async function* (): AsyncGenerator<Uint8Array> {
      if (!first.done) yield first.value;
      yield* frames;
    };
    const opened = await RecordBatchReader.from(rest());
    return opened.open({ autoDestroy: true });
  });
  const batches = async function* (): AsyncGenerator<Table["batches"][number]> {
    try {
      for (;;) {
        const next = await guarded(call, frames, () => Promise.resolve(reader.next()));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await frames.return();
    }
  };
  return { schema: reader.schema, batches: batches() };
}

function chunksOf(call: string, source: unknown): Chunks {
  if (source instanceof Uint8Array) return [source].values();
  if (source instanceof ArrayBuffer) return [new Uint8Array(source)].values();
  const iterable = source as Partial<AsyncIterable<Uint8Array> & Iterable<Uint8Array>> | null | undefined;
  if (typeof source === "object" && iterable?.[Symbol.asyncIterator])
    return iterable[Symbol.asyncIterator]!();
  if (typeof source === "object" && iterable?.[Symbol.iterator]) return iterable[Symbol.iterator]!();
  throw refused(call, "source", "the bytes of an Arrow IPC file or stream, or an iterable of them", shown(source)); // prettier-ignore
}

/** What is wrong with the bytes is the caller's mistake; what went wrong with getting them is not. */
async function guarded<T>(call: string, frames: AsyncGenerator, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    await frames.return(undefined);
    if (error instanceof SourceFailed) throw error.thrown;
    // What apache-arrow refuses beyond what is checked here has no type of its own
    const reason = error instanceof Error ? error.message : String(error);
    throw refused(call, "source", "an Arrow IPC file or stream", reason, error);
  }
}
