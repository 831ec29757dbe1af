/** The document that `python -m synjax_worker.registry` prints. Signatures come parsed. */

export interface Parameter {
  readonly name: string;
  readonly kind:
    | "num"
    | "nums"
    | "any"
    | "key"
    | "dist"
    | "dists"
    | "transforms"
    | "event"
    | "compact"
    | "size"
    | "shape"
    | "axis"
    | "dtype"
    | "static"
    | "struct"
    | "schedule"
    | "schedules"
    | "transformation"
    | "mask";
  readonly optional?: boolean;
  readonly rest?: boolean;
  readonly type?: string;
  readonly dims?: string;
  readonly default?: string;
  readonly doc?: string;
}

/** A dtype or a variable, or a function of types: `["promote", "A", "B"]`. */
export type Type = string | readonly Type[];

export type Result =
  | { readonly kind: "array"; readonly type: Type; readonly dims?: string }
  | { readonly kind: "key" }
  | { readonly kind: "dist"; readonly type?: Type }
  | { readonly kind: "transform" }
  | { readonly kind: "event" }
  | { readonly kind: "compact" }
  | { readonly kind: "transformation" }
  | { readonly kind: "schedule" }
  | { readonly kind: "parameter"; readonly dims?: string }
  | { readonly kind: "list"; readonly type: Type; readonly per: string }
  | {
      readonly kind: "struct";
      readonly name?: string;
      readonly fields: readonly { readonly name: string; readonly result: Result }[];
    };

export interface Op {
  readonly name: string;
  readonly signature: string;
  readonly doc: string;
  readonly differentiable: boolean;
  readonly positional: readonly Parameter[];
  readonly options: readonly Parameter[];
  readonly result: Result;
}

export interface ParameterKind {
  readonly kind: "float" | "int" | "bool" | "num" | "dist" | "static";
  readonly dims?: string;
  readonly type?: string;
  readonly many?: boolean;
}

export interface DistributionParameter extends ParameterKind {
  readonly name: string;
  readonly optional: boolean;
  readonly doc: string;
  readonly alternatives?: readonly ParameterKind[];
}

/** One array of an event: its named dims; of a compact one also its argument's name and what bounds its values. */
export interface Leaf {
  readonly dims: string;
  readonly name?: string;
  readonly below?: string;
}
/** One array, or several by name. */
export type DeclaredTree = Leaf | Readonly<Record<string, Leaf>>;

export interface Role {
  readonly kind: "potential" | "length" | "data" | "option";
  readonly bounds?: string;
  readonly least?: number;
  readonly below?: string;
}

export interface Query extends Op {
  /** Whether signature and doc are those of a base class. */
  readonly inherited: boolean;
}

export interface DistributionClass {
  readonly name: string;
  readonly doc: string;
  readonly params: readonly DistributionParameter[];
  readonly event: DeclaredTree;
  readonly compact: DeclaredTree;
  readonly forms: readonly (readonly string[])[];
  readonly binding: readonly string[];
  readonly roles: Readonly<Record<string, Role>>;
  /** Other classes that it may be compared with. */
  readonly comparable?: readonly string[];
  readonly queries: readonly Query[];
}

export interface Registry {
  readonly hash: string;
  readonly types: {
    readonly promote: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  } & Readonly<Record<"number" | "float" | "sum" | "real", Readonly<Record<string, readonly string[]>>>>;
  readonly ops: readonly Op[];
  readonly distributions: readonly DistributionClass[];
}
