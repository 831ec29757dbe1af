import { afterAll, beforeAll, expect, test } from "vitest";
import {
  array,
  associativeScan,
  cond,
  connect,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jit,
  jvp,
  LinearChainCRF,
  map,
  np,
  scan,
  type Session,
  switchCase,
  type Tensor,
  vjp,
  vmap,
  whileLoop,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

type T = Tensor<"float32">;

let [session, other]: readonly [Session | undefined, Session | undefined] = [undefined, undefined];
beforeAll(async () => {
  [session, other] = [await connect(), await connect()];
});
afterAll(async () => {
  for (const each of [session, other]) await each?.close({ drain: false }).catch(() => undefined);
});

const x = array([1, 2]);
const scalar = array(0, { shape: [] });
const whole = array(Int32Array.of(1, 2)) as unknown as T;
const crf = (): LinearChainCRF => new LinearChainCRF({ initial: [0, 0], transition: [[0, 0], [0, 0]], emission: [[0, 1]] }); // prettier-ignore
const here = (): T => session!.put(array([1, 2]));
const away = (): T => other!.put(array([1, 2]));
const sum = (y: T): T => y.sum() as T;
const twice = (y: T): T => y.mul(2) as T;

/** A function with a rule. */
function ruled(rule: (y: T, dy: T) => unknown): (y: T) => T {
  const f = customJvp(twice);
  f.defjvp(([y], [dy]) => rule(y, dy) as readonly [T, T]);
  return f;
}
function backwards(fwd: (y: T) => unknown, bwd: (g: T) => unknown): (y: T) => T {
  const f = customVjp(twice);
  f.defvjp(
    (y) => [fwd(y) as T, null],
    (_, g) => bwd(g) as [T],
  );
  return f;
}
const slope = (f: (y: T) => T): Promise<unknown> => grad((y: T) => sum(f(y)))(x).data();

/** What is done wrong, with what it ends: the code, and words of the message. */
const mistakes: Record<string, readonly [() => unknown, string, RegExp]> = {
  "an argument that is no tensor": [
    () => vmap((s: string) => s as never)("x"),
    "NOT_A_TENSOR",
    /argument 0 of vmap is a string: pass tensors/,
  ],
  "a result that is none": [
    () => grad((_: T) => "x")(x),
    "NOT_A_TENSOR",
    /the result of grad's function is a string/,
  ],
  "an async function": [() => vmap(async (y: T) => y)(x), "NOT_A_TENSOR", /is a Promise/],
  "no function": [() => grad(x as never), "INVALID_ARGUMENT", /`f`: expected a function/],
  "a function of nothing": [
    () => grad((_: T) => undefined)(x),
    "INVALID_ARGUMENT",
    /that returns one number/,
  ],
  "a tensor as a number": [() => jit((y: T) => (+y > 0 ? y : y))(x), "TRACED_AS_NUMBER", /np\.where|cond/],

  "a differentiated integer": [
    () => grad(sum)(whole).data(),
    "INVALID_ARGUMENT",
    /is int32: a derivative needs floating-point numbers\. Make it floats with np\.astype/,
  ],
  "an integer along a direction": [() => jvp(twice, [whole], [whole])[1].data(), "INVALID_ARGUMENT", /int32/],
  "an integer result": [() => jacfwd((y: T) => np.argmax(y))(x).data(), "INVALID_ARGUMENT", /with hasAux/],
  "the gradient of several numbers": [() => grad(twice)(x).data(), "OP_FAILED", /returns shape \(2,\)/],
  "no aux where it is announced": [
    () => grad(sum, { hasAux: true })(x),
    "INVALID_ARGUMENT",
    /\[out, aux\], because of hasAux/,
  ],
  "an argument that is not there": [
    () => grad(sum, { argnums: 2 })(x),
    "INVALID_ARGUMENT",
    /`argnums`: expected positions of arguments, 0 to 0, got 2/,
  ],
  "a gradient through whileLoop": [
    () => grad((y: T) => whileLoop((c: T) => c.less(9) as never, twice, sum(y)))(x).data(),
    "OP_FAILED",
    /go backwards through `whileLoop`.*use `scan` with a length/,
  ],
  "the Hessian by a distribution": [
    () => hessian((c: LinearChainCRF) => c.logPartition())(crf()),
    "INVALID_ARGUMENT",
    /make the distribution inside the function/,
  ],
  "a direction of another shape": [
    () => jvp(twice, [x], [array([1])])[1].data(),
    "OP_FAILED",
    /a direction has shape \(1,\) where its point has \(2,\)/,
  ],
  "a direction of another structure": [
    () => jvp(twice, [x], [[x]] as never),
    "INVALID_ARGUMENT",
    /`tangents`: expected them to have the structure of `primals`, \[Tensor\]/,
  ],
  "arguments of vjp one by one": [() => vjp(twice, x as never), "INVALID_ARGUMENT", /`primals`: expected an array/], // prettier-ignore
  "another cotangent than the value": [
    () => vjp(twice, [x])[1](array([1, 2, 3]))[0].data(),
    "OP_FAILED",
    /a cotangent is float32\[3\] where the value is float32\[2\]/,
  ],

  "a carry that grows": [
    () => scan((c: T, y: T) => [np.stack([c, c]), y], scalar, x)[0].data(),
    "OP_FAILED",
    /the state must keep its type: float32\[\] goes in where float32\[2\] comes out/,
  ],
  "a carry of another dtype": [
    () => scan((c: T, y: T) => [np.greater(c, 0) as never, y], scalar, x)[0].data(),
    "OP_FAILED",
    /float32\[\] goes in where bool\[\] comes out/,
  ],
  "a carry of another structure": [
    () => scan((c: T, y: T) => [[c] as never, y], scalar, x),
    "INVALID_ARGUMENT",
    /the carry it returns to have the structure of `init`, Tensor, got \[Tensor\]/,
  ],
  "nothing to scan over": [
    () => scan((c: T, y: null) => [c, y], x, null)[0].data(),
    "OP_FAILED",
    /give `xs`, or `length`/,
  ],
  "a number to scan over": [() => map(twice, scalar).data(), "INVALID_ARGUMENT", /has no axis 0 to map over/],
  "neighbours joined to one": [
    () => associativeScan((a: T) => sum(a), x).data(),
    "INVALID_ARGUMENT",
    /it joins them elementwise/,
  ],
  "branches of several shapes": [
    () => switchCase(0, [twice, sum], x).data(),
    "OP_FAILED",
    /one returns float32\[2\] where the other returns float32\[\]/,
  ],
  "branches of several structures": [
    () => cond(true, (y: T) => [y] as never, twice, x),
    "INVALID_ARGUMENT",
    /`whenFalse`: expected its result to have the structure of that of whenTrue/,
  ],
  "an index of several": [
    () => switchCase(array(Int32Array.of(0, 1)), [twice, twice], x).data(),
    "OP_FAILED",
    /the index must be one whole number, got shape \(2,\)/,
  ],
  "no branch": [() => switchCase(0, [], x), "INVALID_ARGUMENT", /at least one/],

  "an axis that is not there": [
    () => vmap(twice, { inAxes: 1 })(x).data(),
    "INVALID_ARGUMENT",
    /of shape \(2\) has no axis 1/,
  ],
  "a distribution without a batch": [
    () => vmap((c: LinearChainCRF) => c.logPartition(), { inAxes: 0 })(crf()).data(),
    "INVALID_ARGUMENT",
    /a distribution with batch \(\) has no axis 0/,
  ],
  "nothing to map over": [
    () => vmap(twice, { inAxes: null })(x).data(),
    "OP_FAILED",
    /give `inAxes` an axis, or `axisSize`/,
  ],
  "axes of another structure": [
    () => vmap((p: { a: T }) => p.a, { inAxes: [{ b: 0 }] })({ a: x }),
    "INVALID_ARGUMENT",
    /`inAxes`: expected a tree of axes like that of the tensors, with a, got one with b/,
  ],

  "a derivative that nobody has said": [() => customJvp(twice)(x), "INVALID_ARGUMENT", /before f\.defjvp/],
  "a rule that gives another value": [
    () => slope(ruled((y, dy) => [sum(y), sum(dy)])),
    "INVALID_ARGUMENT",
    /`defjvp` gives float32\[\] where the function gives float32\[2\]/,
  ],
  "a tangent unlike the value": [
    () => slope(ruled((y, dy) => [twice(y), sum(dy)])),
    "OP_FAILED",
    /a tangent that `defjvp` returns is float32\[\]/,
  ],
  "a derivative unlike the argument": [
    () => slope(backwards(twice, (g) => [sum(g)])),
    "OP_FAILED",
    /that `bwd` returns is float32\[\] where the argument is float32\[2\]/,
  ],
  "a backward pass that checks": [
    () => slope(backwards(twice, (g) => [g.mul(np.take(g, np.argmax(g)))])),
    "INVALID_ARGUMENT",
    /np\.take: checks its arguments .*: compute it in `fwd`/,
  ],
  "a derivative by what is captured": [
    () =>
      grad((w: T) => {
        const f = customJvp((y: T) => y.mul(w) as T);
        f.defjvp(([y], [dy]) => [y.mul(w) as T, dy.mul(w) as T]);
        return sum(f(x));
      })(x).data(),
    "INVALID_ARGUMENT",
    /make it an argument of the function, or hold it with stopGradient/,
  ],
  "customVjp forwards": [
    () =>
      jvp(
        backwards(twice, (g) => [g]),
        [x],
        [x],
      )[1].data(),
    "OP_FAILED",
    /has a derivative backwards only .*: use `customJvp`/,
  ],

  "tensors of two sessions": [
    () => vmap((y: T) => y.mul(here()))(away()).data(),
    "OTHER_SESSION",
    /fetch it and put it here/,
  ],
  "a value read after its function": [
    () => {
      let leaked: T = x;
      vmap((y: T) => (leaked = twice(y)))(x);
      return leaked.data();
    },
    "LEAKED_TRACER",
    /return it from that function/,
  ],
  "a pullback used after its function": [
    () => {
      let leaked: ((g: T) => readonly [T]) | undefined;
      jit((y: T) => {
        const [value, pullback] = vjp(twice, [y]);
        leaked = pullback;
        return value;
      })(x);
      return leaked!(x);
    },
    "LEAKED_TRACER",
    /return it from that function/,
  ],
  "a donated tensor": [
    () => {
      const given = here();
      jit(twice, { donateArgnums: 0 })(given);
      return vmap(twice)(given);
    },
    "HANDLE_DONATED",
    /use that call's result instead/,
  ],
};

test.for(Object.entries(mistakes))("%s", async ([, [mistake, code, words]]) => {
  const error = await errorOf(mistake);
  expect(error.message).toMatch(words);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/ {2}at tests\/contract\/transform-errors\.test\.ts:\d+:\d+$/);
});
