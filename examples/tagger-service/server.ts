/**
 * An HTTP service that tags the words of sentences.
 *
 *   npx tsx examples/tagger-service/server.ts [--port 8080] [--weights tagger.safetensors] [--sentences 4000] [--epochs 2]
 *
 * SYNJAX_ADDRESS is the address of a served worker, SYNJAX_KEYS the file of keys; without, it has a worker of its own.
 * The file of weights is read if it is there, and otherwise trained and written. SIGTERM ends the service when it has
 * answered what it has taken.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { connect } from "../../src/index.ts";
import { appOf } from "./app.ts";
import { Tagger, WIDTHS } from "./tagger.ts";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8080" },
    host: { type: "string", default: "127.0.0.1" },
    weights: { type: "string" },
    sentences: { type: "string", default: "4000" },
    epochs: { type: "string", default: "2" },
  },
});
const { SYNJAX_ADDRESS: address, SYNJAX_KEYS: keys, SYNJAX_TOKEN: token } = process.env;
const session = await (address
  ? connect(address, { ...(keys ? { keys } : {}), ...(token ? { token } : {}) })
  : connect());

const { weights } = options;
const tagger =
  weights !== undefined && existsSync(weights)
    ? await Tagger.load(weights)
    : await Tagger.train(Number(options.sentences), Number(options.epochs), (line) => console.log(line));
if (weights !== undefined && !existsSync(weights)) await tagger.save(weights);
// Each width is compiled before the first request has it.
await Promise.all(WIDTHS.map((width) => tagger.tag(Array.from({ length: width }, () => "a"))));

let isEnding = false;
const app = appOf(tagger, () => !isEnding);
const server = serve({ fetch: app.fetch, hostname: options.host, port: Number(options.port) }, (info) =>
  console.log(`listens at http://${options.host}:${info.port}`),
);
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    isEnding = true;
    server.close(() => void session.close());
  });
