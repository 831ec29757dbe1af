/** `bridge/files/generated-signatures.ts`: which programs of files mean here what they meant where they were written. */
import { HEADER } from "../bridge/signatures/typescript-spelling.ts";

type Hashes = Readonly<Record<string, readonly string[]>>;

export interface Signatures {
  readonly ops: Hashes;
  readonly classes: Hashes;
}

export function signaturesFile({ ops, classes }: Signatures): string {
  return `${HEADER}
type Hashes = Readonly<Record<string, readonly string[]>>;

/** The hashes of the signatures of operations: the current one, then those of earlier versions that mean the same. */
export const OP_SIGNATURES: Hashes = ${JSON.stringify(ops)};

/** The same of the classes of distributions. */
export const CLASS_SIGNATURES: Hashes = ${JSON.stringify(classes)};
`;
}
