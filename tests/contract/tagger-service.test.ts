/** The example of a service: its process is started, asked over HTTP, and ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { appOf } from "../../examples/tagger-service/app.ts";
import { SynjaxError } from "../../src/index.ts";

const directory = mkdtempSync(join(tmpdir(), "synjax-tagger-"));
const weights = join(directory, "tagger.safetensors");
const script = join(packageRoot(), "examples", "tagger-service", "server.ts");

/** The service, its address, and what it printed before. */
async function started(): Promise<{ child: ChildProcess; url: string; printed: string[] }> {
  const options = ["--port", "0", "--weights", weights, "--sentences", "300", "--epochs", "1"];
  const child = spawn(process.execPath, ["--import", "tsx", script, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^listens at (\S+)/.exec(line) ?? [];
    if (url) return { child, url, printed };
    printed.push(line);
  }
  throw new Error(`it ended: ${printed.join("\n")}`);
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGTERM");
  });

let service: Awaited<ReturnType<typeof started>>;
beforeAll(async () => {
  service = await started();
});
afterAll(() => {
  service.child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

const ask = async (body: unknown, url = service.url): Promise<[number, unknown]> => {
  const answer = await fetch(`${url}/tag`, { method: "POST", body: JSON.stringify(body) });
  return [answer.status, await answer.json()];
};

test("it tags sentences, each to its length", async () => {
  const sentences = [["The", "man", "saw", "the", "house", "."], Array.from({ length: 40 }, () => "the")];
  const [status, answer] = await ask({ sentences });
  const { tags } = answer as { tags: string[][] };
  expect(status).toBe(200);
  expect(tags.map((each) => each.length)).toEqual([6, 40]);
  expect([tags[0]![0], tags[0]![3], tags[0]![5]]).toEqual(["at", "at", "."]);
});

test("it says what is wrong with a body", async () => {
  for (const [body, path] of [
    [{}, ["sentences"]],
    [{ sentences: [] }, ["sentences"]],
    [{ sentences: [[]] }, ["sentences", 0]],
    [{ sentences: [["a", 1]] }, ["sentences", 0, 1]],
    [{ sentences: [Array.from({ length: 129 }, () => "a")] }, ["sentences", 0]],
  ] as const) {
    const [status, answer] = await ask(body);
    expect(status).toBe(400);
    expect(answer).toMatchObject({ error: "BAD_REQUEST", issues: [{ path }] });
  }
  const text = await fetch(`${service.url}/tag`, { method: "POST", body: "no JSON" });
  expect(text.status).toBe(400);
  const long = await fetch(`${service.url}/tag`, { method: "POST", body: "x".repeat((1 << 20) + 1) });
  expect([long.status, await long.json()]).toMatchObject([413, { error: "TOO_LARGE" }]);
});

test("errors have the status that says whose fault it is", async () => {
  const statusOf = async (error: Error): Promise<[number, string | null]> => {
    const tagger = { tag: () => Promise.reject(error) };
    const app = appOf(tagger as unknown as Parameters<typeof appOf>[0], () => false);
    const answer = await app.request("/tag", { method: "POST", body: '{"sentences":[["a"]]}' });
    return [answer.status, answer.headers.get("retry-after")];
  };
  expect(await statusOf(new SynjaxError("OVERLOADED", "full"))).toEqual([503, "1"]);
  expect(await statusOf(new SynjaxError("WORKER_LOST", "gone"))).toEqual([503, "1"]);
  expect(await statusOf(new SynjaxError("DEADLINE", "late"))).toEqual([504, null]);
  expect((await appOf({} as never, () => false).request("/readyz")).status).toBe(503);
});

test("told to end, it answers what it has, and ends; the next one has its weights from the file", async () => {
  expect(service.printed.join("\n")).toMatch(/epoch 1: loss [\d.]+ nats a word\n[\d.]+ % of the tags/);
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  // The service says that it goes on with a request whose body has not come yet; then it is told to end.
  const last = request(`${service.url}/tag`, { method: "POST", headers: { expect: "100-continue" } });
  const answered = once(last, "response") as Promise<[IncomingMessage]>;
  last.flushHeaders();
  await once(last, "continue");
  const end = ended(service.child);
  last.end(JSON.stringify({ sentences: [["The", "man", "."]] }));
  const [answer] = await answered;
  expect(answer.statusCode).toBe(200);
  answer.resume();
  expect(await end).toBe(0);
  service = await started();
  expect(service.printed).toEqual([]);
  expect((await ask({ sentences: [["The", "man", "."]] }))[1]).toEqual({ tags: [["at", "nn", "."]] });
});
