import { afterAll, beforeAll, expect, test } from "vitest";
import { MESSAGE } from "../../bridge/wire/protocol.ts";
import { array, connect, grad, jit, progress, progressBar, type ProgressEvent, type Session, type Tensor } from "../../src/index.ts"; // prettier-ignore
import { errorOf } from "../fixtures/errors.ts";
import { FakeWorker } from "../fixtures/fake-worker.ts";
import { COUNTERS } from "../fixtures/memory-transport.ts";

type T = Tensor<"float32">;
const ignore = (): void => undefined;

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

test("losses, times of steps and of compilations are told, in order", async () => {
  const events: ProgressEvent[] = [];
  const loss = (x: T): T => x.mul(x).sum();
  const step = jit(function descend(x: T) {
    return { value: loss(x), x: x.sub(grad(loss)(x).mul(0.25)) };
  });
  {
    await using following = progress({ steps: 5, every: 2, session, onEvent: (event) => events.push(event) });
    let x = array([2, 0]);
    for (let i = 0; i < 5; i++) {
      const done = step(x);
      x = done.x;
      following.step(done.value);
    }
  }
  const [compiled, ...steps] = events.filter(({ type, compilation }) => type === "step" || compilation!.name === "descend"); // prettier-ignore
  expect([compiled!.type, compiled!.step, compiled!.loss]).toEqual(["compiled", 0, undefined]);
  expect(compiled!.compilation!.seconds).toBeGreaterThan(0);
  expect(steps.map(({ step, loss }) => [step, loss])).toEqual([[2, 1], [4, 1 / 16], [5, 1 / 64]]); // prettier-ignore
  for (const { compileSeconds, secondsPerStep } of steps) {
    expect(compileSeconds).toBeGreaterThanOrEqual(compiled!.compilation!.seconds);
    expect(secondsPerStep).toBeGreaterThanOrEqual(0);
  }
  // Nothing is told any more
  const count = events.length;
  await jit((x: T) => x.add(1))(array([1])).data();
  expect(events).toHaveLength(count);
});

test("a step that fails ends the progress", async () => {
  const following = progress({ session, onEvent: ignore });
  following.step(jit((x: T) => x.add(array([1, 2, 3])).sum())(array([1, 2])));
  expect((await errorOf(() => following.end())).code).toBe("OP_FAILED");
});

test("what is being compiled is told by name while it lasts", async () => {
  using worker = await new FakeWorker().listen();
  let [hash, seconds] = [new Uint8Array(), 0];
  worker.lie = (header) => {
    if (header[0] === MESSAGE.launch) hash = header[2] as Uint8Array<ArrayBuffer>;
    if (header[0] === MESSAGE.launch) return [];
    if (header[0] === MESSAGE.ping)
      return [[[header[1], 0, { ...COUNTERS, compiling: [hash, (seconds += 0.9)] }]]];
    return undefined;
  };
  const slow = await connect(worker.address);
  const event = await new Promise<ProgressEvent>((resolve) => {
    void progress({ session: slow, steps: 10, onEvent: resolve });
    slow.run(() => jit(function train(x: T) { return x.add(1); })(array([1]))); // prettier-ignore
  });
  expect(event).toMatchObject({ type: "compiling", step: 0, compilation: { name: "train", seconds: 1.8 } });
  expect(progressBar(event)).toBe("░░░░░░░░░░░░░░░░░░░░ 0/10  compiling train, 1.8 s");
  await slow.close({ drain: false });
});

test("an event is a line", () => {
  const at = { type: "step", step: 120, steps: 300, loss: 0.432149, secondsPerStep: 0.00823, compileSeconds: 5.31, compilation: undefined } as const; // prettier-ignore
  expect(progressBar(at)).toBe(
    "████████░░░░░░░░░░░░ 120/300  loss 0.4321  8.2 ms a step  compiled for 5.3 s",
  );
  expect(progressBar({ ...at, steps: undefined, compileSeconds: 0 })).toBe("step 120  loss 0.4321  8.2 ms a step"); // prettier-ignore
});

test.each([
  ["no callback", {}, "onEvent"],
  ["no steps", { onEvent: ignore, steps: 0 }, "steps"],
  ["a fraction", { onEvent: ignore, every: 0.5 }, "every"],
])("%s: refused by name", async (_, options, argument) => {
  const error = await errorOf(() => progress(options as never));
  expect([error.code, error.argument]).toEqual(["INVALID_ARGUMENT", argument]);
});
