/** What holds of every transport: the native one and the one in JavaScript, with keys and without. */
import { afterEach, describe, expect, test } from "vitest";
import { curveKeyPair, Router } from "zeromq";
import type { Frames, Transport } from "../../bridge/transport/transport.ts";
import { dialZeromq } from "../../bridge/transport/zeromq.ts";
import { dialZmtp } from "../../bridge/transport/zmtp.ts";
import { bindAgain, bindToPortOfItsOwn } from "../fixtures/own-port.ts";

const next = async (of: Transport): Promise<Frames> =>
  (await of[Symbol.asyncIterator]().next()).value as Frames;
const textOf = ([frame]: Frames): string => Buffer.from(frame!).toString();
const sizes = [0, 1, 255, 256, 65_536, 1_000_000];
const message = sizes.map((size) => new Uint8Array(size).map((_, i) => i % 251));
const isMessage = (frames: Frames): boolean =>
  frames.length === sizes.length && frames.every((frame, i) => Buffer.compare(frame, message[i]!) === 0);

const [worker, client] = [curveKeyPair(), curveKeyPair()];
const keys = { worker: worker.publicKey, public: client.publicKey, secret: client.secretKey };
const server = { linger: 0, curveServer: true, curveSecretKey: worker.secretKey };

let router: Router;
let transport: Transport;
afterEach(() => {
  transport.close();
  router.close();
});

describe.each([
  { name: "zeromq", dial: dialZeromq, hasKeys: false },
  { name: "zeromq with keys", dial: dialZeromq, hasKeys: true },
  { name: "JavaScript", dial: dialZmtp, hasKeys: false },
  { name: "JavaScript with keys", dial: dialZmtp, hasKeys: true },
])("by $name", ({ dial, hasKeys }) => {
  const newRouter = (options: object = {}): Router =>
    new Router({ ...(hasKeys ? server : { linger: 0 }), ...options });
  const dialled = (address: string): Promise<Transport> => dial(address, hasKeys ? keys : undefined);

  test("messages of all sizes come as they are, in order, and answers; what is early waits", async () => {
    router = newRouter();
    const address = await bindToPortOfItsOwn(router);
    await router.unbind(address);
    transport = await dialled(address);
    expect(transport.connected).toBe(false);
    transport.send([Buffer.from("early")]);
    transport.send(message);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await bindAgain(router, address);
    const [client, early] = await router.receive();
    expect(String(early)).toBe("early");
    expect(isMessage((await router.receive()).slice(1))).toBe(true);
    expect(transport.connected).toBe(true);
    for (const answer of [message, ["second"]]) await router.send([client!, ...answer]);
    expect(isMessage(await next(transport))).toBe(true);
    expect(textOf(await next(transport))).toBe("second");
  });

  test("a router that looks whether its peers live is answered", async () => {
    router = newRouter({ heartbeatInterval: 20, heartbeatTimeout: 60 });
    await router.bind("tcp://127.0.0.1:*");
    transport = await dialled(router.lastEndpoint!);
    transport.send([Buffer.from("hello")]);
    const [client] = await router.receive();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await router.send([client!, "still"]);
    expect(textOf(await next(transport))).toBe("still");
  });
});
