/** Who stands between a client with keys and its worker changes nothing and repeats nothing. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { curveKeyPair, Router } from "zeromq";
import type { Transport } from "../../bridge/transport/transport.ts";
import { dialZmtp } from "../../bridge/transport/zmtp.ts";

const [worker, client] = [curveKeyPair(), curveKeyPair()];
const keys = { worker: worker.publicKey, public: client.publicKey, secret: client.secretKey };

let router: Router;
let between: Server;
let transport: Transport;
const sockets: Socket[] = [];
afterEach(() => {
  transport.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  between.close();
  router.close();
});

test.each([
  ["nothing", (bytes: Buffer) => [bytes], undefined],
  [
    "a bit",
    (bytes: Buffer) => [bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])],
    /not encrypted by its key/,
  ],
  ["nothing, and says it twice", (bytes: Buffer) => [bytes, bytes], /repeats itself/],
  ["all, unencrypted", () => [Buffer.from([0, 5, ...Buffer.from("plain")])], /not encrypted/],
] as const)("who changes %s", async (_, change, why) => {
  router = new Router({ linger: 0, curveServer: true, curveSecretKey: worker.secretKey });
  await router.bind("tcp://127.0.0.1:*");
  const port = Number(router.lastEndpoint!.split(":").at(-1));
  between = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    sockets.push(near, far);
    near.on("data", (bytes) => far.write(bytes)).on("error", () => undefined);
    far
      .on("error", () => undefined)
      .on("data", (bytes: Buffer) => {
        for (const part of bytes.includes("\x07MESSAGE") ? change(bytes) : [bytes]) near.write(part);
      });
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  transport = await dialZmtp(`tcp://127.0.0.1:${(between.address() as { port: number }).port}`, keys);
  transport.send([Buffer.from("hello")]);
  const [id, hello] = await router.receive();
  expect(String(hello)).toBe("hello");
  await router.send([id!, "answer"]);
  const incoming = transport[Symbol.asyncIterator]();
  if (!why || why.source.includes("repeats"))
    expect(Buffer.from(((await incoming.next()).value as Uint8Array[])[0]!).toString()).toBe("answer");
  if (why) await expect(incoming.next()).rejects.toThrow(why);
});
