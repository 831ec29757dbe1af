/** `src/ops/dtypes.ts`, the tables of result dtypes, and `src/ops/registry-hash.ts`. */
import type { Registry } from "../bridge/signatures/registry-document.ts";
import { TYPE_FUNCTIONS } from "../bridge/signatures/typescript-signatures.ts";
import { docComment, HEADER, record, union } from "../bridge/signatures/typescript-spelling.ts";

export function dtypesFile(registry: Registry): string {
  const { promote, ...unary } = registry.types;
  const tables = Object.entries(unary).map(([name, rows]) => {
    const fields = Object.entries(rows).map(([dtype, result]) => `${dtype}: ${union(result)}`);
    const type = TYPE_FUNCTIONS[name]!;
    return [
      `interface ${type}Table ${record([...fields, "key: never"])}`,
      docComment(UNARY_DOCS[name]!),
      `export type ${type}<A extends Static> = ${type}Table[A];`,
    ].join("\n");
  });
  const rows = Object.entries(promote).map(([a, columns]) => {
    const fields = Object.entries(columns).map(([b, result]) => `${b}: ${union(result)}`);
    return `${a}: ${record([...fields, "key: never"])}`;
  });
  return `${HEADER}import type { Static } from "../tensor/static-dtypes.ts";

export type IntDType = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";

${tables.join("\n\n")}

interface PromoteTable ${record([...rows, "key: Record<Static, never>"])}
/** The dtype of two operands together. Equivalent to \`jax.numpy.promote_types\`. */
export type Promote<A extends Static, B extends Static> = PromoteTable[A][B];
`;
}

const UNARY_DOCS: Readonly<Record<string, string>> = {
  number: "The dtype of arithmetic: that of booleans is int32.",
  float: "The dtype of a function of floats, such as `np.exp`.",
  sum: "The dtype of a sum: small integers are added up as 32-bit ones.",
  real: "The dtype of the real part: that of complex64 is float32.",
};

export function hashFile(registry: Registry): string {
  return `${HEADER}/** What client and worker compare when they meet: both must know the same operations. */
export const registryHash: string = "${registry.hash}";
`;
}
