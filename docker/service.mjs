// What the app image runs until it is given something of your own: POST /tag, of scores for two tags at every word of some
// sentences, answers their best tags. It calls the worker at SYNJAX_ADDRESS with the keys in SYNJAX_KEYS, or its own.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { array, connect, jit, LinearChainCRF, padded, SynjaxError } from "synjax-ts";

const { SYNJAX_ADDRESS, SYNJAX_KEYS, SYNJAX_DEVICE, HOST = "0.0.0.0", PORT = "8080" } = process.env;
const START_TIMEOUT = 120_000; // ms: a worker that starts at the same time first loads JAX
const DEADLINE = 30_000; // ms: each new width and number of sentences, to a multiple of 16 words, is compiled once
const THEIRS = ["INVALID_ARGUMENT", "NARROWING", "CHECK_FAILED"]; // codes of what was wrong with what they sent

const session = SYNJAX_ADDRESS
  ? await connect(SYNJAX_ADDRESS, { keys: SYNJAX_KEYS || undefined, startTimeout: START_TIMEOUT })
  : await connect({ device: SYNJAX_DEVICE || "cpu" });
const weights = session.put(
  { initial: array([0, 0]), transition: array([[0.5, -1], [-1, 0.5]]) }, // prettier-ignore
  { restore: true },
);

const tag = jit((w, emission, lengths) => {
  const crf = new LinearChainCRF({ ...w, emission, lengths });
  return crf.decode(crf.argmax());
});

async function tagged(sentences, deadline) {
  const { values, lengths } = padded(sentences, { item: [2], multipleOf: 16 });
  const rows = await tag(weights, values, lengths).array({ deadline });
  return rows.map((row, k) => row.slice(0, sentences[k].length));
}

async function answer({ method, url }, body) {
  if (url === "/healthz") return [200, { alive: true }];
  if (url === "/readyz") return [200, await tagged([[[0, 1]]], 2_000)]; // the worker, and the way to it
  if (url !== "/tag") return [404, { error: "POST /tag" }];
  if (method !== "POST") return [405, { error: "POST /tag" }];
  return [200, await tagged(await body(), DEADLINE)];
}

function failure(error) {
  const code = error instanceof SynjaxError ? error.code : error instanceof SyntaxError ? "JSON" : "INTERNAL";
  return [code === "JSON" || THEIRS.includes(code) ? 400 : 503, { code, error: String(error.message) }];
}

const server = createServer((request, response) => {
  void answer(request, () => json(request))
    .catch(failure)
    .then(([status, body]) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
});
server.listen(Number(PORT), HOST, () => console.log(JSON.stringify({ listening: server.address() })));

async function end() {
  await new Promise((resolve) => server.close(resolve)); // answers what it has
  await session.close();
}
process.once("SIGTERM", () => void end());
process.once("SIGINT", () => void end());
