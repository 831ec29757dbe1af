/** What a class declares in Python, as the registry prints it. Names are those of TypeScript; `python` is the wire's. */

/** One array of an event or of a compact event. */
export interface Leaf {
  /** Named dims after those of the batch, e.g. `n t t`. */
  readonly dims: string;
  /** What a compact event is called as an argument. */
  readonly name?: string;
  /** The named dim that every index is smaller than. */
  readonly below?: string;
}
/** An event of several arrays. */
export type Fields = readonly (Leaf & { readonly name: string; readonly python: string })[];
export type DeclaredTree = Leaf | Fields;

/** One kind of value that a parameter takes. */
export interface ParameterKind {
  readonly kind: "float" | "int" | "bool" | "num" | "dist" | "static";
  /** Named dims, e.g. `*batch n t t`. */
  readonly dims?: string;
}

export interface Parameter {
  readonly name: string;
  readonly python: string;
  /** What it is to its distribution. An option is part of the program, not an input of it. */
  readonly role: "potential" | "length" | "data" | "option";
  readonly optional: boolean;
  /** More than one where there are alternatives. */
  readonly kinds: readonly ParameterKind[];
  /** A list of such values. */
  readonly many?: boolean;
  /** Of a length: the named dim whose extent it cuts. */
  readonly bounds?: string;
  /** Of a length: the smallest that has a structure. */
  readonly least?: number;
  /** Of data: the named dim that every value is smaller than. */
  readonly below?: string;
}

export interface Declaration {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Sets of parameters of which exactly one is given, whole. A name with "?" may be left out of its set. */
  readonly forms: readonly (readonly string[])[];
  /** In which order arguments say what a named dim is. */
  readonly binding: readonly string[];
  readonly event: DeclaredTree;
  readonly compact: DeclaredTree;
}
