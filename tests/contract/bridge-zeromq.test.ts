import { afterEach, describe, expect, test } from "vitest";
import { Router } from "zeromq";
import type { Transport } from "../../bridge/transport/transport.ts";
import { dialZeromq } from "../../bridge/transport/zeromq.ts";
import { bindAgain, bindToPortOfItsOwn } from "../fixtures/own-port.ts";

/** Blocks this thread for 500 ms, in which zeromq's own thread connects (it tries every 100 ms) or delivers. */
const standStill = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);

let router: Router;
let transport: Transport;
afterEach(() => {
  transport.close();
  router.close();
});

/** The address of a router that listens. */
async function bound(): Promise<string> {
  router = new Router({ linger: 0 });
  return bindToPortOfItsOwn(router);
}

// Readiness is edge-triggered: who reads the state of a socket consumes the signal that a pending operation waits for.
describe("a wake-up that somebody else took", () => {
  test("a message goes out that waited for the connection", async () => {
    const address = await bound();
    await router.unbind(address);
    transport = await dialZeromq(address);
    transport.send([Buffer.from("early")]);
    await bindAgain(router, address);
    standStill();
    expect(transport.connected).toBe(true);
    const [, message] = await router.receive();
    expect(String(message)).toBe("early");
  });
  test("a message comes in that was waited for", async () => {
    transport = await dialZeromq(await bound());
    const incoming = transport[Symbol.asyncIterator]();
    transport.send([Buffer.from("hello")]);
    const [client] = await router.receive();
    const answer = incoming.next();
    await router.send([client!, "answer"]);
    standStill();
    expect(transport.connected).toBe(true);
    expect(String(((await answer).value as Uint8Array[])[0])).toBe("answer");
  });
});
