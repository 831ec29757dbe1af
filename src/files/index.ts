/** synjax-ts/files: recorded functions and their weights as files. */
export { load, type Model } from "./load.ts";
export { save } from "./save.ts";
export type {
  AnyFunctions,
  Example,
  ExampleTensor,
  Functions,
  HostTree,
  LoadedArg,
  LoadedFunction,
  LoadedFunctions,
  LoadOptions,
  SaveOptions,
} from "./types.ts";
export type {
  Schema,
  SchemaDim,
  SchemaFunction,
  SchemaInput,
  SchemaLeaf,
  SchemaTree,
} from "../../bridge/files/schema.ts";
