/** synjax-ts/tables: Arrow tables and IPC as tensors, and back. Importing it loads apache-arrow. */
export {
  fromTable,
  type Column,
  type ColumnOf,
  type ColumnsOf,
  type FromTableOptions,
  type RaggedColumn,
} from "./from-table.ts";
export type { Fill } from "./elements.ts";
export { ragged, toTable, type ColumnLike, type RaggedLike, type ToTableOptions } from "./to-table.ts";
export { batchesFromIpc, fromIpc, toIpc, type IpcSource, type ToIpcOptions } from "./ipc.ts";
