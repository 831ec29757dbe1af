/** A program as a graph: its random variables and what each depends on directly. */
import { SynjaxError } from "../../bridge/errors.ts";
import { programDot } from "../display/program-dot.ts";
import { drawProgram } from "../display/program.ts";
import { checkMethods } from "../program/signatures.ts";
import { captureLine, lineOf } from "../program/source-line.ts";
import { type DisplayBundle, JUPYTER_DISPLAY } from "../tensor/notebook.ts";
import { determined, isDSeparated } from "./d-separation.ts";

/** A plate that a node stands in. */
export interface NodePlate {
  readonly name: string;
  /** How many items there are, where that is a plain number. */
  readonly size?: number;
  /** How many of them are looked at, where that is a plain number. */
  readonly subsampleSize?: number;
}

/** A statement of a program, as a node of its graph. */
export interface ModelNode {
  readonly name: string;
  readonly kind: "latent" | "observed" | "deterministic" | "factor" | "param";
  /** What it is drawn from: `normal`, `HMM`, or `custom` of the user's own. */
  readonly distribution?: string;
  /** The plates that it stands in, the outermost first. */
  readonly plates: readonly NodePlate[];
  /** The arguments of the program whose values it reads without another node between: `argument 0.x`. */
  readonly arguments: readonly string[];
}

/** That one node depends on another directly. */
export interface ModelEdge {
  readonly from: string;
  readonly to: string;
}

/** The random variables of a program and what each depends on; made by `dependencies(model)`. */
export class ModelGraph {
  /** In the order of the program, so parents before their children. */
  readonly nodes: readonly ModelNode[];
  readonly edges: readonly ModelEdge[];
  readonly #parents: ReadonlyMap<string, readonly string[]>;
  readonly #kinds: ReadonlyMap<string, ModelNode["kind"]>;

  /** @internal */
  constructor(nodes: readonly ModelNode[], edges: readonly ModelEdge[]) {
    this.nodes = nodes;
    this.edges = edges;
    const parents = new Map(nodes.map(({ name }) => [name, [] as string[]]));
    for (const { from, to } of edges) parents.get(to)!.push(from);
    this.#parents = parents;
    this.#kinds = new Map(nodes.map(({ name, kind }) => [name, kind]));
  }

  /**
   * Whether two variables are independent whatever the distributions are, given others, the observed ones, and all that is
   * computed from these: d-separation. A factor makes neighbours of what it depends on, as an observed variable does; a
   * `param` is a constant. What is asked about is not taken for given, where it is observed; and all items of a plate
   * are one variable.
   *
   * Source: Koller & Friedman (2009), Probabilistic Graphical Models, section 3.3; Geiger, Verma & Pearl (1990) for what
   * is computed.
   * @returns `false` where some distributions would make them dependent
   * @throws {SynjaxError} `INVALID_ARGUMENT` for a name that the program has not, a factor, or one asked about that is given
   */
  independent(x: string, y: string, given: readonly string[] = []): boolean {
    const stack = captureLine();
    for (const [argument, name] of [["x", x], ["y", y], ...given.map((name) => ["given", name])] as [
      string,
      string,
    ][]) {
      this.#assertVariable(argument, name, stack);
      if (argument === "given" && (name === x || name === y)) throw refusal("given", "variables that are not asked about", `\`${name}\``, stack); // prettier-ignore
    }
    const asked = new Set([x, y]);
    const isKnown = (kind: ModelNode["kind"], name: string): boolean =>
      kind === "factor" || ((kind === "observed" || kind === "param") && !asked.has(name));
    const known = [...this.#kinds].flatMap(([name, kind]) => (isKnown(kind, name) ? [name] : []));
    const isComputed = (name: string): boolean => this.#kinds.get(name) === "deterministic";
    const all = determined(this.#parents, isComputed, new Set([...known, ...given]));
    // A constant is independent of everything, and nothing else is of itself
    if (all.has(x) || all.has(y)) return true;
    return x !== y && isDSeparated(this.#parents, x, y, all);
  }

  /**
   * A picture: variables as circles, shaded where observed and dashed where computed, factors as squares, a `param` as its
   * name, plates as boxes around what stands in them.
   * @returns SVG text
   */
  toSVG(options: { readonly title?: string } = {}): Promise<string> {
    return drawProgram({ title: options.title ?? "Model", nodes: this.nodes, edges: this.edges });
  }

  /** @internal A notebook shows the picture. */
  async [JUPYTER_DISPLAY](): Promise<DisplayBundle> {
    return { "text/plain": `ModelGraph of ${this.nodes.length} nodes`, "image/svg+xml": await this.toSVG() };
  }

  /** The same picture in the language of Graphviz. */
  toDOT(): string {
    return programDot(this.nodes, this.edges);
  }

  #assertVariable(argument: string, name: string, stack: object): void {
    const kind = this.#kinds.get(name);
    if (kind !== undefined && kind !== "factor") return;
    const names = [...this.#kinds].flatMap(([each, its]) => (its === "factor" ? [] : [each]));
    const received = kind ? `\`${name}\`, a factor, which has no value` : `\`${name}\``;
    throw refusal(argument, names.length > 0 ? `one of ${names.join(", ")}` : "none: the program states no variable", received, stack); // prettier-ignore
  }
}

function refusal(argument: string, expected: string, received: string, stack: object): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `independent: \`${argument}\`: expected ${expected}, got ${received}`,
    { argument, expected, received, line: lineOf(stack) },
  );
}

checkMethods(ModelGraph, {
  independent: { takes: { x: "string", y: "string", given: "list?" } },
  toSVG: { options: { title: "string?" }, isAsync: true },
  toDOT: {},
});
