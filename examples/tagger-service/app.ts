/** The HTTP side: what is asked is checked, what goes wrong has the status that says whose fault it is. */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { SynjaxError } from "../../src/index.ts";
import { type Tagger, WIDTHS } from "./tagger.ts";

const LONGEST = WIDTHS.at(-1)!; // words
const MOST = 64; // sentences
const LARGEST = 1 << 20; // bytes
const MILLISECONDS = 10_000;

const word = z.string().min(1).max(100);
const Body = z.strictObject({ sentences: z.array(z.array(word).min(1).max(LONGEST)).min(1).max(MOST) });

/** By the code of an error: what a client can do about it. What is not here is this service's own fault. */
const STATUS: Readonly<Record<string, 400 | 503 | 504>> = {
  OVERLOADED: 503,
  WORKER_LOST: 503,
  HANDLE_LOST: 503,
  SESSION_CLOSED: 503,
  DEADLINE: 504,
  ABORTED: 504,
};

const tooLarge = (c: Context): Response =>
  c.json({ error: "TOO_LARGE", message: `a body has at most ${LARGEST} bytes` }, 413);

export function appOf(tagger: Tagger, isReady: () => boolean): Hono {
  const app = new Hono();
  app.get("/healthz", (c) => c.text("ok"));
  app.get("/readyz", (c) => (isReady() ? c.text("ok") : c.text("not ready", 503)));
  app.post("/tag", bodyLimit({ maxSize: LARGEST, onError: tooLarge }), async (c) => {
    const body = Body.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) return c.json({ error: "BAD_REQUEST", issues: body.error.issues }, 400);
    const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(MILLISECONDS)]);
    const tags = await Promise.all(body.data.sentences.map((words) => tagger.tag(words, signal)));
    return c.json({ tags });
  });
  app.onError((error, c) => {
    const code = error instanceof SynjaxError ? error.code : "INTERNAL";
    const status = STATUS[code] ?? 500;
    if (status === 500) console.error(error);
    if (status === 503) c.header("Retry-After", "1");
    return c.json({ error: code, message: status === 500 ? "see the log" : error.message }, status);
  });
  return app;
}
