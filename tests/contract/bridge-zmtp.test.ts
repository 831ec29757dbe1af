import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Router } from "zeromq";
import type { Frames, Transport } from "../../bridge/transport/transport.ts";
import { dialZmtp } from "../../bridge/transport/zmtp.ts";
import { FrameReader } from "../../bridge/transport/zmtp-frames.ts";
import { bindAgain, bindToPortOfItsOwn } from "../fixtures/own-port.ts";

let router: Router | undefined;
let server: Server | undefined;
let transport: Transport | undefined;
afterEach(() => {
  transport?.close();
  router?.close();
  server?.close();
  router = server = transport = undefined;
});

const next = async (of: Transport): Promise<Frames> =>
  (await of[Symbol.asyncIterator]().next()).value as Frames;
const sizes = [0, 1, 255, 256, 65_536, 5_000_000];
const message = sizes.map((size) => new Uint8Array(size).map((_, i) => i % 251));

describe("a ZeroMQ router", () => {
  test("gets messages of all sizes as they are, in order, and answers; what is early waits", async () => {
    router = new Router({ linger: 0 });
    const address = await bindToPortOfItsOwn(router);
    await router.unbind(address);
    transport = dialZmtp(address);
    transport.send([Buffer.from("early")]);
    transport.send(message);
    expect(transport.connected).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await bindAgain(router, address);
    const [client, early] = await router.receive();
    expect(String(early)).toBe("early");
    const [, ...frames] = await router.receive();
    expect(frames.map((frame, i) => Buffer.compare(frame, message[i]!))).toEqual(sizes.map(() => 0));
    expect(transport.connected).toBe(true);
    for (const answer of [message, ["second"]]) await router.send([client!, ...answer]);
    const answer = await next(transport);
    expect(answer.map((frame, i) => Buffer.compare(frame, message[i]!))).toEqual(sizes.map(() => 0));
    expect(String((await next(transport))[0])).toBe("second");
  });
  test("that looks whether its peers live is answered", async () => {
    router = new Router({ linger: 0, heartbeatInterval: 20, heartbeatTimeout: 60 });
    await router.bind("tcp://127.0.0.1:*");
    transport = dialZmtp(router.lastEndpoint!);
    transport.send([Buffer.from("hello")]);
    const [client] = await router.receive();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await router.send([client!, "still"]);
    expect(String((await next(transport))[0])).toBe("still");
  });
  test("that goes is noticed", async () => {
    router = new Router({ linger: 0 });
    await router.bind("tcp://127.0.0.1:*");
    transport = dialZmtp(router.lastEndpoint!);
    transport.send([Buffer.from("hello")]);
    await router.receive();
    const waiting = next(transport);
    router.close();
    await expect(waiting).rejects.toThrow("the peer ended it");
    expect(transport.connected).toBe(false);
  });
});

describe("a peer that", () => {
  async function peer(speak: (socket: Socket) => void): Promise<Transport> {
    server = createServer(speak);
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    return dialZmtp(`tcp://127.0.0.1:${port}`);
  }
  const greeting = Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1, ...Buffer.from("NULL"), ...new Uint8Array(48)]); // prettier-ignore
  const ready = Buffer.from([4, 6, 5, ...Buffer.from("READY")]);
  test.each([
    [
      "speaks HTTP",
      Buffer.from("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
      /no ZeroMQ/,
    ],
    ["speaks an older version", Buffer.from(greeting.map((byte, i) => (i === 10 ? 1 : byte))), /version 1/],
    [
      "asks for a secret",
      Buffer.concat([greeting.subarray(0, 12), Buffer.from("PLAIN"), new Uint8Array(47)]),
      /PLAIN/,
    ],
    ["sends what is no frame", Buffer.concat([greeting, ready, Buffer.from([0x77, 0, 0])]), /no frame/],
    [
      "announces too much",
      Buffer.concat([greeting, ready, Buffer.from([2, 0x7f, 255, 255, 255, 255, 255, 255, 255])]),
      /announces a frame/,
    ],
    ["sends a command without a name", Buffer.concat([greeting, Buffer.from([4, 1, 9])]), /no name/],
  ])("%s breaks the connection", async (_, bytes, why) => {
    transport = await peer((socket) => socket.on("error", () => undefined).write(bytes));
    await expect(next(transport)).rejects.toThrow(why);
  });
  test("sends one byte at a time is understood", () => {
    const reader = new FrameReader();
    const found: unknown[] = [];
    for (const byte of [1, 2, 7, 8, 2, 0, 0, 0, 0, 0, 0, 0, 1, 9, 0, 0]) {
      reader.push(Uint8Array.of(byte));
      for (let frame; (frame = reader.next());) found.push([[...frame.body], frame.more]);
    }
    expect(found).toEqual([[[7, 8], true], [[9], false], [[], false]]); // prettier-ignore
  });
  test.each(["nonsense", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "inproc://x"])(
    "is called %s cannot be dialled",
    (address) => {
      expect(() => dialZmtp(address)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", received: address }),
      );
    },
  );
});
