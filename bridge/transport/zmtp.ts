import { createConnection, type Socket } from "node:net";
import { SynjaxError } from "../errors.ts";
import type { ClientKeys } from "./client-keys.ts";
import { FrameReader } from "./frame-reader.ts";
import { type Handshake, withoutSecurity } from "./handshake.ts";
import { isNode } from "./runtime.ts";
import type { Frames, Transport } from "./transport.ts";
import { command, commandFrame, FRAME_FLAG, type Frame, frameHeader, GREETING_BYTES, greetingError, greetingOf, mechanismOf, pongTo } from "./zmtp-frames.ts"; // prettier-ignore

/** Milliseconds between attempts to connect. */
const RETRY_INTERVAL = 50;
/** Milliseconds until a broken connection is told: the end of the worker's process, which says more, may come first. */
const TELL_AFTER = 250;

/**
 * Dials a worker like `dialZeromq`, by JavaScript alone: nothing of it outlives a thread that is terminated.
 *
 * @throws SynjaxError INVALID_ARGUMENT where the address or the keys are none
 */
export async function dialZmtp(address: string, keys?: ClientKeys): Promise<Transport> {
  const tcp = /^tcp:\/\/(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(address);
  const ipc = /^ipc:\/\/(.+)$/.exec(address);
  const to = tcp ? { host: tcp[1] ?? tcp[2]!, port: Number(tcp[3]) } : ipc ? { path: ipc[1]! } : undefined;
  if (!to || (to.port !== undefined && (to.port < 1 || to.port > 65_535)))
    throw new SynjaxError("INVALID_ARGUMENT", `\`address\`: ${address} cannot be dialled`, {
      argument: "address",
      expected: "tcp://host:port or ipc:///path",
      received: address,
    });
  if (!keys) return new ZmtpTransport(to, withoutSecurity);
  const { curve, curveKeys } = await import("./curve.ts");
  const decoded = curveKeys(keys);
  return new ZmtpTransport(to, () => curve(decoded));
}

type Address =
  { readonly host: string; readonly port: number } | { readonly path: string; readonly port?: undefined };

/** A DEALER socket of ZMTP 3.0 for one peer. https://rfc.zeromq.org/spec/23/ */
class ZmtpTransport implements Transport {
  readonly #address: Address;
  readonly #newHandshake: () => Handshake;
  #handshake!: Handshake;
  #socket: Socket;
  #state: "connecting" | "greeted" | "ready" | "broken" | "closed" = "connecting";
  #failure: Error | undefined;
  /** What is sent before the peer is ready. */
  readonly #waiting: Frames[] = [];
  readonly #received: Frames[] = [];
  #message: Uint8Array[] = [];
  #wake: (() => void) | undefined;

  constructor(address: Address, newHandshake: () => Handshake) {
    this.#address = address;
    this.#newHandshake = newHandshake;
    this.#socket = this.#connect();
  }

  get connected(): boolean {
    return this.#state === "ready";
  }

  #connect(): Socket {
    const handshake = (this.#handshake = this.#newHandshake());
    const reader = new FrameReader(
      GREETING_BYTES,
      (greeting) => this.#greeted(greeting),
      (frame) => this.#take(frame),
    );
    const onread = {
      buffer: () => reader.space(),
      callback: (count: number, space: Uint8Array) => this.#unlessBroken(() => reader.filled(space, count)),
    };
    // Elsewhere it is not there, or does not ask for space again
    const socket = createConnection(isNode ? { ...this.#address, onread } : { ...this.#address });
    if (!this.#wake) socket.unref();
    socket.setNoDelay(true);
    socket.on("connect", () => socket.write(greetingOf(handshake.mechanism)));
    if (!isNode) socket.on("data", (bytes) => this.#unlessBroken(() => reader.push(bytes)));
    socket.on("error", (error) => (this.#failure = error));
    socket.on("close", () => this.#lost());
    return socket;
  }

  /** A peer that was never there may come yet. */
  #lost(): void {
    if (this.#state === "closed" || this.#state === "broken") return;
    if (this.#state === "ready") return this.#break(this.#failure ?? new Error("the peer ended it"));
    this.#state = "connecting";
    const timer = setTimeout(() => {
      if (this.#state === "connecting") this.#socket = this.#connect();
    }, RETRY_INTERVAL);
    if (!this.#wake) timer.unref();
  }

  #break(error: Error): void {
    this.#state = "broken";
    this.#failure = error;
    this.#socket.destroy();
    setTimeout(() => this.#wake?.(), TELL_AFTER);
  }

  #unlessBroken(read: () => void): boolean {
    try {
      if (this.#state !== "broken") read();
    } catch (error) {
      this.#break(error as Error);
    }
    return true;
  }

  #greeted(greeting: Uint8Array): void {
    const error = greetingError(greeting);
    if (error) throw new Error(error);
    const [ours, theirs] = [this.#handshake.mechanism, mechanismOf(greeting)];
    if (ours === theirs) {
      this.#state = "greeted";
      this.#command(this.#handshake.begin());
    } else if (theirs === "NULL" || theirs === "CURVE") {
      // Whoever opens the connection finds out whether keys are missing or too many
      this.#socket.destroy();
    } else throw new Error(`it asks for ${theirs}`);
  }

  #take(frame: Frame): void {
    if (this.#state === "greeted") return this.#hear(frame.body);
    const { body, more, isCommand } = this.#handshake.open?.(frame.body) ?? frame;
    if (!isCommand) return this.#collect(body, more);
    const { name, rest } = command(body);
    if (name === "PING") this.#command(pongTo(rest));
    else if (name === "ERROR") throw new Error("the peer refuses the connection");
  }

  #hear(body: Uint8Array): void {
    const { name, rest } = command(body);
    if (name === "ERROR") throw new Error("the peer refuses the connection");
    const { answer, isReady } = this.#handshake.hear(name, rest);
    if (answer) this.#command(answer);
    if (!isReady) return;
    this.#state = "ready";
    for (const frames of this.#waiting.splice(0)) this.#write(frames);
  }

  #collect(body: Uint8Array, more: boolean): void {
    this.#message.push(body);
    if (more) return;
    this.#received.push(this.#message);
    this.#message = [];
    this.#wake?.();
  }

  send(frames: Frames): void {
    if (this.#state === "ready") this.#write(frames);
    else if (this.#state !== "broken" && this.#state !== "closed") this.#waiting.push(frames);
  }

  #write(frames: Frames): void {
    this.#socket.cork();
    frames.forEach((body, i) => this.#writeFrame({ body, more: i < frames.length - 1, isCommand: false }));
    this.#socket.uncork();
  }

  #writeFrame(frame: Frame): void {
    const sealed = this.#handshake.seal?.(frame);
    const body = sealed ?? frame.body;
    this.#socket.write(frameHeader(body.byteLength, !sealed && frame.more ? FRAME_FLAG.more : 0));
    this.#socket.write(body);
  }

  #command(body: Uint8Array): void {
    if (this.#state === "ready" && this.#handshake.seal)
      this.#writeFrame({ body, more: false, isCommand: true });
    else this.#socket.write(commandFrame(body));
  }

  [Symbol.asyncIterator](): AsyncIterator<Frames, undefined> {
    return { next: () => this.#receive() };
  }

  async #receive(): Promise<IteratorResult<Frames, undefined>> {
    while (this.#received.length === 0 && this.#state !== "closed" && this.#state !== "broken") {
      this.#socket.ref();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
      this.#socket.unref();
    }
    const frames = this.#received.shift();
    if (frames) return { done: false, value: frames };
    if (this.#state === "broken") throw this.#failure!;
    return { done: true, value: undefined };
  }

  close(): void {
    if (this.#state !== "broken") this.#state = "closed";
    this.#waiting.length = 0;
    this.#socket.destroy();
    this.#wake?.();
  }
}
