import { SynjaxError } from "../../bridge/errors.ts";
import { component, emit, partOf } from "../program/emit.ts";
import { checkMethods } from "../program/signatures.ts";
import { CLASS_NAME, Intermediate, type ResultClass, Traced } from "../program/traced.ts";
import { asFloat, asInt } from "../tensor/array.ts";
import { type DisplayBundle, JUPYTER_DISPLAY } from "../tensor/notebook.ts";
import { Shape } from "../tensor/shape.ts";
import { type FloatDType, notWhileRecording, Tensor } from "../tensor/tensor.ts";
import { recordConstructor } from "./constructor.ts";
import type { Declaration, DeclaredTree, Fields } from "./declaration.ts";
import { SimpleDistribution } from "./simple-distribution.ts";
import { treeOperand } from "./events.ts";
import { distributionBundle } from "./notebook.ts";
import { pictureOf, type PictureOptions } from "./picture.ts";
import { attributeErrorsTo, refused } from "./refusal.ts";

/** What a query answers: values of a class, or fields by name, each with its name on the wire and what it is. */
export type Answer =
  | "event"
  | "compact"
  | "dist"
  | "parameter"
  | ResultClass
  | { readonly [field: string]: readonly [python: string, Answer] };

const HAS_EMISSION: unique symbol = Symbol("hasEmission");

type Convert = (given: unknown, argument: string) => unknown;
type Attributes = Readonly<Record<string, unknown>>;

/** The shape of an event, or of each of its arrays. */
export type EventShape<Leaf extends string = never> = [Leaf] extends [never]
  ? Shape
  : { readonly [L in Leaf]: Shape };

/** A distribution of one of the classes of these names. */
export type Named<F extends FloatDType, Name extends string> = DeclaredDistribution<F> & {
  readonly className: Name;
};

/**
 * A distribution as its declaration makes it; the generated classes add its queries. It has no fields and no private
 * names of JavaScript's: results of queries are made without the constructor.
 */
export abstract class DeclaredDistribution<
  F extends FloatDType = "float32",
  EventLeaf extends string = never,
> extends Traced {
  /** The float dtype of parameters and results, in the types only. */
  declare readonly floatDtype: F;

  /** Whether it was made of an emission: of one that came through a recorded function it is not known here. */
  declare [HAS_EMISSION]?: true;

  /** What the class declares. Of the class and not of the object: results are made without their constructor. */
  protected abstract get declared(): Declaration;

  /** @internal */
  get [CLASS_NAME](): string {
    return this.declared.name;
  }

  protected constructor(declaration: Declaration, options: object) {
    if (!Array.isArray((declaration as Partial<Declaration> | undefined)?.parameters))
      throw new SynjaxError(
        "INVALID_ARGUMENT",
        `new ${new.target.name}(): it is the base of the distributions`,
      );
    super(attributeErrorsTo(declaration.name, () => recordConstructor(declaration, options as Attributes)));
    if (Object.values(options).some((given) => given instanceof SimpleDistribution))
      this[HAS_EMISSION] = true;
  }

  /** Records a query. `statics` are part of the program; `named` are operands given by name. */
  protected ask(
    query: string,
    answer: Answer,
    operands: readonly unknown[] = [],
    statics?: Attributes,
    named?: Attributes,
  ): unknown {
    return this.asked(`${this.declared.name}.${query}`, answer, [this, ...operands], statics, named);
  }

  /** @internal Records an op that answers as a query of this distribution does. */
  asked(
    op: string,
    answer: Answer,
    operands: readonly unknown[],
    statics?: Attributes,
    named?: Attributes,
  ): unknown {
    const Whole = this.classOf(answer);
    const whole = emit(op, operands, statics, Whole ?? Intermediate, named);
    if (answer === "dist" && this[HAS_EMISSION]) (whole as this)[HAS_EMISSION] = true;
    return Whole ? whole : this.partsOf(whole, answer);
  }

  /** The class of what is one value; undefined of what has parts. */
  private classOf(answer: Answer): ResultClass | undefined {
    if (typeof answer === "function") return answer;
    if (answer === "parameter") return this[HAS_EMISSION] ? SimpleDistribution : Tensor;
    if (answer === "dist") return this.constructor as unknown as ResultClass;
    return typeof answer === "string" && "dims" in this.declared[answer] ? Tensor : undefined;
  }

  private partsOf(whole: Traced, answer: Answer): unknown {
    const fields =
      typeof answer === "string"
        ? (this.declared[answer as "event" | "compact"] as Fields).map(
            ({ name, python }) => [name, python, Tensor] as const,
          )
        : Object.entries(answer).map(([name, [python, part]]) => [name, python, part] as const);
    return Object.fromEntries(
      fields.map(([name, python, part]) => {
        const Part = this.classOf(part);
        const value = partOf(whole, python, Part ?? Intermediate);
        return [name, Part ? value : this.partsOf(value, part)];
      }),
    );
  }

  /** An operand of a query, as `convert` makes it of what was given; `argument` is what the caller knows it by. */
  protected operand(query: string, argument: string, given: unknown, convert: Convert): unknown {
    return attributeErrorsTo(`${this.declared.name}.${query}`, () => convert(given, argument));
  }
  protected eventOperand(query: string, argument: string, given: unknown): unknown {
    return this.tree(query, this.declared.event, argument, given, asFloat);
  }
  protected compactOperand(query: string, argument: string, given: unknown): unknown {
    const { compact } = this.declared;
    return this.tree(query, compact, "dims" in compact ? (compact.name ?? argument) : argument, given, asInt);
  }
  /** An answer of another query, as an operand: its fields by their names on the wire. */
  protected structOperand(query: string, argument: string, given: unknown, fields: Fields): unknown {
    return this.tree(query, fields, argument, given, asFloat);
  }

  private tree(
    query: string,
    tree: DeclaredTree,
    argument: string,
    given: unknown,
    convert: Convert,
  ): unknown {
    return this.operand(query, argument, given, () => treeOperand(tree, argument, given, convert));
  }

  /** @internal A value that was given for an event of this distribution, as an operand. */
  eventGiven(argument: string, given: unknown): unknown {
    return treeOperand(this.declared.event, argument, given, asFloat);
  }

  /** A parameter's value. `index` says which, where the parameter is a list of tensors. */
  parameter(name: string, index?: number): Tensor<F> {
    const { name: of, parameters } = this.declared;
    const known = parameters.find((parameter) => parameter.name === name);
    const names = parameters.map((parameter) => parameter.name).join(", ");
    if (!known) throw refused("name", `${of} has no parameter \`${name}\`; it has ${names}`, names, name);
    const Whole = known.kinds.some(({ kind }) => kind === "dist") ? this.classOf("parameter")! : Tensor;
    if (!known.many) return component(this, known.python, Whole) as Tensor<F>;
    if (index === undefined)
      throw refused("index", `\`${name}\` of ${of} is a list: say which of it, parameter("${name}", 0)`, "a position", "undefined"); // prettier-ignore
    return partOf(component(this, known.python, Intermediate), index, Tensor) as Tensor<F>;
  }

  /** How far each item goes along the named dims that lengths bound, each (*batch). */
  protected extents(): Readonly<Record<string, Tensor<"int32">>> {
    const whole = component(this, "extents", Intermediate);
    const bounded = this.declared.parameters.flatMap(({ bounds }) => bounds ?? []);
    return Object.fromEntries(bounded.map((dim) => [dim, partOf(whole, dim, Tensor) as Tensor<"int32">]));
  }

  /** The batch axes, symbolic. */
  get batchShape(): Shape {
    return new Shape(undefined, component(this, "batch_shape", Intermediate));
  }
  /** The axes of an event after those of the batch, symbolic; of each of its arrays where it has several. */
  get eventShape(): EventShape<EventLeaf> {
    const { event } = this.declared;
    const whole = component(this, "event_shape", Intermediate);
    if ("dims" in event) return new Shape(undefined, whole) as EventShape<EventLeaf>;
    const shapes = event.map(({ name, python }) => [
      name,
      new Shape(undefined, partOf(whole, python, Intermediate)),
    ]);
    return Object.fromEntries(shapes) as EventShape<EventLeaf>;
  }

  /**
   * A picture of one item, as SVG: how probable each part is, and the best structure. Of sequences with labels (chains,
   * segments), of tables (alignments) and of trees (constituents, dependencies, spanning trees).
   */
  toSVG(options: PictureOptions = {}): Promise<string> {
    notWhileRecording("toSVG");
    return pictureOf(this as never, this.declared, options);
  }

  /** In a notebook: the picture of the first item; words where the class has none. */
  [JUPYTER_DISPLAY](): Promise<DisplayBundle> {
    return distributionBundle(this as never, this.declared, this.batchShape);
  }
}

checkMethods(DeclaredDistribution, {
  parameter: { takes: { name: "string", index: "number?" } },
  toSVG: {
    options: {
      item: "any?",
      labels: "list?",
      positions: "list?",
      coordinates: "list?",
      rows: "list?",
      columns: "list?",
      title: "string?",
    },
    isAsync: true,
  },
});
