/** How an address wants to be spoken to: a peer of ZeroMQ says it before anything else. */
import { createConnection } from "node:net";
import { GREETING_BYTES, greetingOf, mechanismOf } from "./zmtp-frames.ts";

/** Signature and version. Whoever hears of another mechanism than its own hangs up before it says which that is. */
const BEGINNING = greetingOf("NULL").subarray(0, 12);

/** `"NULL"`, `"CURVE"` and the like; `undefined` where nothing answers, or no ZeroMQ, within so many milliseconds. */
export function askMechanism(address: string, timeout: number): Promise<string | undefined> {
  const tcp = /^tcp:\/\/(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(address);
  if (!tcp) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = createConnection({ host: tcp[1] ?? tcp[2]!, port: Number(tcp[3]) });
    const end = (found?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    const timer = setTimeout(end, timeout);
    let received = Buffer.alloc(0);
    socket.on("connect", () => socket.write(BEGINNING));
    socket.on("error", () => end());
    socket.on("close", () => end());
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length >= GREETING_BYTES) end(mechanismOf(received));
    });
  });
}
