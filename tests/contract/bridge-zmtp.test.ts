import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Router } from "zeromq";
import type { Frames, Transport } from "../../bridge/transport/transport.ts";
import { dialZmtp } from "../../bridge/transport/zmtp.ts";
import { FrameReader } from "../../bridge/transport/frame-reader.ts";
import type { Frame } from "../../bridge/transport/zmtp-frames.ts";

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

describe("a ZeroMQ router", () => {
  test("that goes is noticed", async () => {
    router = new Router({ linger: 0 });
    await router.bind("tcp://127.0.0.1:*");
    transport = await dialZmtp(router.lastEndpoint!);
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
  test.each([1, 2, 7, 1000])("sends %i bytes at a time is understood", (at_once) => {
    const long = new Uint8Array(200_000).map((_, i) => i % 251);
    const header = [3, 0, 0, 0, 0, 0, 3, 0x0d, 0x40]; // more, long, 200,000
    const sent = Buffer.concat([Buffer.from([5, 6]), Buffer.from([1, 2, 7, 8, ...header]), long, Buffer.from([0, 1, 9, 0, 0])]); // prettier-ignore
    const greetings: unknown[] = [];
    const frames: Frame[] = [];
    const reader = new FrameReader(
      2,
      (greeting) => greetings.push([...greeting]),
      (frame) => frames.push(frame),
    );
    for (let at = 0; at < sent.length;) {
      const space = reader.space();
      const part = sent.subarray(at, at + Math.min(at_once, space.byteLength));
      space.set(part);
      reader.filled(space, part.byteLength);
      at += part.byteLength;
    }
    expect(greetings).toEqual([[5, 6]]);
    expect(frames.map(({ body, more }) => [body.byteLength, more])).toEqual([[2, true], [200_000, true], [1, false], [0, false]]); // prettier-ignore
    expect(frames.map(({ body }) => Buffer.compare(body, body === frames[1]!.body ? long : body))).toEqual([0, 0, 0, 0]); // prettier-ignore
    expect([...frames[0]!.body, ...frames[2]!.body]).toEqual([7, 8, 9]);
    expect(frames[1]!.body.buffer.byteLength).toBe(200_000); // memory of its own
  });
  test.each(["nonsense", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "inproc://x"])(
    "is called %s cannot be dialled",
    async (address) => {
      await expect(dialZmtp(address)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", received: address });
    },
  );
});
