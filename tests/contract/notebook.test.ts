/** `synjax-ts/notebook`, before a kernel in name only: what the real one does with it is in notebooks-jupyter.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { array, connect, LinearChainCRF, np, pictures, type Session } from "../../src/index.ts";
import type * as Notebook from "../../src/notebook.ts";
import { errorOf } from "../fixtures/errors.ts";

const JUPYTER = Symbol.for("Jupyter.display");
type Message = { readonly type: string; readonly data: Record<string, string>; readonly place: string };
const messages: Message[] = [];
const kernel = {
  broadcast(type: string, content: { data: Message["data"]; transient: { display_id: string } }) {
    messages.push({ type, data: content.data, place: content.transient.display_id });
    return Promise.resolve();
  },
};

let session: Session;
let notebook: typeof Notebook;
const listeners = process.listeners("SIGINT");
beforeAll(async () => {
  (globalThis as { Deno?: unknown }).Deno = { jupyter: kernel };
  notebook = await import("../../src/notebook.ts");
  delete (globalThis as { Deno?: unknown }).Deno; // all else runs under Node
  session = await connect();
});
afterAll(async () => {
  for (const each of process.listeners("SIGINT")) if (!listeners.includes(each)) process.off("SIGINT", each);
  await session.close();
});

const shown = (value: Notebook.Displayed) =>
  (value as unknown as { readonly [name: symbol]: () => unknown })[JUPYTER]!();
const svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>';

describe("a cell shows", () => {
  test("a picture, of what toSVG gives", async () => {
    const crf = new LinearChainCRF({ initial: [0, 0], transition: [[0, 1], [1, 0]], emission: [[0, 1]] }); // prettier-ignore
    const found = crf.toSVG({ labels: ["noun", "verb"] });
    expect(await shown(notebook.picture(found))).toEqual({ "text/plain": "picture", "image/svg+xml": await found }); // prettier-ignore
    expect(await found).toContain("verb");
    const failed = notebook.picture(crf.toSVG({ labels: ["noun"] }));
    expect((await errorOf(async () => await shown(failed))).argument).toBe("labels");
  });
  test("lines of cells as a table", () => {
    const bundle = shown(notebook.table([["a", "<b>"], ["x", 1 / 3], [true, -Infinity]])); // prettier-ignore
    expect(bundle).toEqual({
      "text/plain": "a\t<b>\nx\t0.3333\ntrue\t-Infinity",
      "text/html":
        "<table><thead><tr><th>a</th><th>&lt;b&gt;</th></tr></thead><tbody><tr><th>x</th><td>0.3333</td></tr><tr><th>true</th><td>-Infinity</td></tr></tbody></table>",
    });
  });
  test.each<[string, () => unknown, object]>([
    ["no picture", () => notebook.picture("text"), { argument: "svg", received: '"text"' }],
    ["no promise", () => notebook.picture(3 as never), { argument: "svg", received: "3" }],
    ["no picture in the end", () => shown(notebook.picture(Promise.resolve("text"))), { argument: "svg" }],
    ["no head", () => notebook.table([]), { argument: "lines", received: "an array" }],
    ["no lines", () => notebook.table([1] as never), { argument: "lines" }],
    ["no format", () => notebook.inPlace(3 as never), { argument: "format" }],
  ])("an error for %s", async (_, call, details) => {
    const error = await errorOf(async () => await call());
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", ...details });
  });
});

describe("in place", () => {
  test("the first is shown, all others stand in its place", () => {
    messages.length = 0;
    const [one, other] = [notebook.inPlace((n: number) => `${n} of 3`), notebook.inPlace()];
    for (const n of [1, 2, 3]) one(n);
    other(notebook.table([["x"]]));
    expect(messages.slice(0, 3).map(({ type, data }) => [type, data["text/plain"]])).toEqual([
      ["display_data", "1 of 3"],
      ["update_display_data", "2 of 3"],
      ["update_display_data", "3 of 3"],
    ]);
    expect(new Set(messages.slice(0, 3).map(({ place }) => place)).size).toBe(1);
    expect(new Set(messages.map(({ place }) => place)).size).toBe(messages.length === 3 ? 1 : 2);
  });
  test("a picture that comes late does not take the place of a later one", async () => {
    messages.length = 0;
    let resolve!: (svg: string) => void;
    const show = notebook.inPlace();
    show(notebook.picture(new Promise<string>((done) => (resolve = done))));
    show(notebook.picture(svg));
    await new Promise(setImmediate);
    resolve(svg.replace("></", ">late</"));
    await new Promise(setImmediate);
    expect(messages.map(({ data }) => data["image/svg+xml"])).toEqual([svg]);
  });
});

describe("an interrupt", () => {
  test("ends what waits, and nothing else: the session and its tensors live on", async () => {
    const kept = np.eye(3).mul(2);
    const sum = np.matmul(kept, kept).sum();
    const [waiting, own] = [sum.item(), kept.array({ signal: new AbortController().signal })]; // in flight, or not yet sent
    process.emit("SIGINT");
    for (const error of await Promise.all([waiting, own].map((read) => errorOf(() => read)))) {
      expect(error.code).toBe("ABORTED");
      expect(error.message).toBe("the cell was interrupted");
    }
    expect(await array([1, 2]).sum().item()).toBe(3);
    expect([await sum.item(), await np.matmul(kept, kept).sum().item()]).toEqual([12, 12]);
    expect(session.closed).toBe(false);
  });
});

test("below a cell an error is its name and its message, at the line", async () => {
  const error = await errorOf(() => np.eye(2).sum("x" as never));
  expect(error.stack).toBe(`SynjaxError [INVALID_ARGUMENT]: ${error.message}`);
});

describe("curves", () => {
  test("a line for each list, from 0 on", () => {
    const picture = pictures.curves({ loss: [3, 2, NaN, 1], other: new Float32Array([1, 2]) }, { title: "Learning", every: 5 }); // prettier-ignore
    expect(picture.match(/stroke-width="2"/g)).toHaveLength(2);
    expect(picture).toContain("Learning");
    expect(picture).toContain(">14<");
  });
  test.each<[string, object, string]>([
    ["words", { loss: ["x"] }, "values.loss"],
    ["no list", { loss: 3 }, "values.loss"],
    ["nothing", {}, "values"],
    ["nothing finite", { loss: [NaN] }, "values"],
  ])("an error for %s", async (_, values, argument) => {
    const error = await errorOf(() => pictures.curves(values as never));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument });
  });
});
