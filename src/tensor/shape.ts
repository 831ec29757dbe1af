import { SynjaxError } from "../../bridge/errors.ts";
import { emit } from "../program/emit.ts";
import { alike, checkMethods } from "../program/signatures.ts";
import { AS_TRACED, Intermediate, Traced } from "../program/traced.ts";

/** What functions take where a length is wanted. */
export type Dim = number | Size;
/** What functions take where a shape is wanted. */
export type ShapeLike = Shape | readonly Dim[];

/**
 * The length of one axis, known when the program runs: one recording serves every shape. Arithmetic goes by methods
 * (`n.add(1)`); a Size stands wherever a function takes a `Dim`.
 */
export class Size extends Traced {
  add(other: Dim): Size {
    return emit("size.add", [this, other], undefined, Size);
  }
  sub(other: Dim): Size {
    return emit("size.sub", [this, other], undefined, Size);
  }
  mul(other: Dim): Size {
    return emit("size.mul", [this, other], undefined, Size);
  }
  floordiv(other: Dim): Size {
    return emit("size.floordiv", [this, other], undefined, Size);
  }
  mod(other: Dim): Size {
    return emit("size.mod", [this, other], undefined, Size);
  }
  max(other: Dim): Size {
    return emit("size.max", [this, other], undefined, Size);
  }
  min(other: Dim): Size {
    return emit("size.min", [this, other], undefined, Size);
  }

  override toJSON(): never {
    throw unknownSize("this size was written as JSON");
  }

  override [Symbol.toPrimitive](): never {
    throw new SynjaxError(
      "SIZE_UNKNOWN",
      "this size is known only when the program runs (one recording serves every shape): use n.add(1), n.mul(k), n.floordiv(2) instead of operators, scan instead of a loop over it, or pass the number as a static argument of jit",
    );
  }
}

function unknownSize(what: string): SynjaxError {
  return new SynjaxError(
    "SIZE_UNKNOWN",
    `${what}, but is known only when the program runs: (await x.aval()).shape is an array of numbers`,
  );
}

/** How many axes a pattern or an index may name. */
const RANK_LIMIT = 32;

type Place = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
type Lacking = Exclude<keyof unknown[], keyof ShapeMembers | number>;
type ShapeMembers = Record<
  "at" | "slice" | "concat" | "length" | "toString" | typeof Symbol.iterator,
  unknown
>;

/**
 * To the type checker a shape has a Size at every place, so that it knows what `const [n, t] = x.shape` finds there. It
 * looks at places only of what could be an array; what a shape lacks of one is `never`, and refused when it is called.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export interface Shape extends Readonly<Record<Place, Size> & Record<Lacking, never>> {
  readonly [axis: number]: Size;
}

/** A symbolic shape: it becomes part of the program only where it is used. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class Shape {
  readonly #of: Traced | undefined;
  readonly #tuple: Traced | undefined;

  /** @internal */
  constructor(of: Traced | undefined, tuple?: Traced) {
    this.#of = of;
    this.#tuple = tuple;
  }

  /** @internal */
  [AS_TRACED](): Traced {
    return this.#tuple ?? emit("shape", [this.#of], undefined, Intermediate);
  }

  toJSON(): never {
    throw unknownSize("this shape was written as JSON");
  }
  [Symbol.toPrimitive](hint: string): never {
    throw unknownSize(
      `this shape was used as a JavaScript ${hint === "default" ? "number or string" : hint}`,
    );
  }
  toString(): string {
    return "Shape (known when the program runs: see aval())";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** The length of axis `i`; negative counts from the end. */
  at(i: number): Size {
    if (this.#of) return emit("size", [this.#of], { i }, Size);
    return emit("shape.get", [this], { i }, Size);
  }

  /** The shape of the axes from `start` up to `end` (exclusive). */
  slice(start = 0, end?: number): Shape {
    return new Shape(undefined, emit("shape.slice", [this, start, end ?? null], undefined, Intermediate));
  }

  concat(...dims: readonly (Dim | ShapeLike | ConcatArray<Dim>)[]): Shape {
    return new Shape(undefined, emit("shape.concat", [this, ...dims], undefined, Intermediate));
  }

  /** The number of elements. */
  product(): Size {
    return emit("shape.product", [this], undefined, Size);
  }

  get length(): never {
    throw new SynjaxError(
      "SIZE_UNKNOWN",
      "the rank is known only when the program runs: use x.ndim (a Size), x.shape.at(-1), x.shape.slice(0, -1) or x.shape.concat([k])",
    );
  }

  /** `const [n, t] = x.shape` works; a spread or a rest pattern cannot, since the rank is not known. */
  *[Symbol.iterator](): ArrayIterator<Size> {
    for (let i = 0; i < RANK_LIMIT; i++) yield this.at(i);
    throw new SynjaxError(
      "SIZE_UNKNOWN",
      "x.shape cannot be spread or collected by a rest pattern: write x.shape.concat([k]) or x.shape.slice(1)",
    );
  }
}

checkMethods(Size, alike("add sub mul floordiv mod max min", { takes: { other: "size" } }));
checkMethods(Shape, {
  at: { takes: { i: "number" } },
  slice: { takes: { start: "size?", end: "size?" } },
  concat: { takes: { dims: "...shape" } },
  product: {},
});
for (let i = 0; i < RANK_LIMIT; i++)
  Object.defineProperty(Shape.prototype, i, {
    get(this: Shape) {
      return this.at(i);
    },
  });
for (const name of Object.getOwnPropertyNames(Array.prototype))
  if (!(name in Shape.prototype))
    Object.defineProperty(Shape.prototype, name, {
      value: () => {
        throw new SynjaxError(
          "SIZE_UNKNOWN",
          `x.shape has no ${name}(): the rank is known only when the program runs. Use x.shape.at(-1), x.shape.slice(0, -1), x.shape.concat([k]), or (await x.aval()).shape.${name}(…)`,
        );
      },
    });
