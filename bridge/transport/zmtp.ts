import { createConnection, type Socket } from "node:net";
import { SynjaxError } from "../errors.ts";
import type { Frames, Transport } from "./transport.ts";
import { command, FrameReader, frameHeader, GREETING, greetingError, pongTo, READY } from "./zmtp-frames.ts";

/** Milliseconds between attempts to connect. */
const RETRY_INTERVAL = 50;
/** Milliseconds until a broken connection is told: the end of the worker's process, which says more, may come first. */
const TELL_AFTER = 250;

/** Dials a worker like `dialZeromq`, by JavaScript alone: nothing of it outlives a thread that is terminated. */
export function dialZmtp(address: string): Transport {
  const tcp = /^tcp:\/\/(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(address);
  const ipc = /^ipc:\/\/(.+)$/.exec(address);
  const to = tcp ? { host: tcp[1] ?? tcp[2]!, port: Number(tcp[3]) } : ipc ? { path: ipc[1]! } : undefined;
  if (!to || (to.port !== undefined && (to.port < 1 || to.port > 65_535)))
    throw new SynjaxError("INVALID_ARGUMENT", `\`address\`: ${address} cannot be dialled`, {
      argument: "address",
      expected: "tcp://host:port or ipc:///path",
      received: address,
    });
  return new ZmtpTransport(to);
}

type Address =
  { readonly host: string; readonly port: number } | { readonly path: string; readonly port?: undefined };

/** A DEALER socket of ZMTP 3.0 for one peer, without security. https://rfc.zeromq.org/spec/23/ */
class ZmtpTransport implements Transport {
  readonly #address: Address;
  #socket: Socket;
  #reader = new FrameReader();
  #state: "connecting" | "greeted" | "ready" | "broken" | "closed" = "connecting";
  #failure: Error | undefined;
  /** What is sent before the peer is ready. */
  readonly #waiting: Frames[] = [];
  readonly #received: Frames[] = [];
  #message: Uint8Array[] = [];
  #wake: (() => void) | undefined;

  constructor(address: Address) {
    this.#address = address;
    this.#socket = this.#connect();
  }

  get connected(): boolean {
    return this.#state === "ready";
  }

  #connect(): Socket {
    const socket = createConnection({ ...this.#address });
    if (!this.#wake) socket.unref();
    socket.setNoDelay(true);
    socket.on("connect", () => socket.write(GREETING));
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", (error) => (this.#failure = error));
    socket.on("close", () => this.#lost());
    return socket;
  }

  /** A peer that was never there may come yet. */
  #lost(): void {
    if (this.#state === "closed" || this.#state === "broken") return;
    if (this.#state === "ready") return this.#break(this.#failure ?? new Error("the peer ended it"));
    this.#state = "connecting";
    this.#reader = new FrameReader();
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

  #read(bytes: Uint8Array): void {
    try {
      this.#reader.push(bytes);
      if (this.#state === "connecting") {
        const greeting = this.#reader.take(GREETING.length);
        if (!greeting) return;
        const error = greetingError(greeting);
        if (error) throw new Error(error);
        this.#state = "greeted";
        this.#socket.write(READY);
      }
      for (let frame; (frame = this.#reader.next());) {
        if (frame.isCommand) this.#command(frame.body);
        else this.#collect(frame.body, frame.more);
      }
    } catch (error) {
      this.#break(error as Error);
    }
  }

  #command(body: Uint8Array): void {
    const { name, rest } = command(body);
    if (name === "READY" && this.#state === "greeted") {
      this.#state = "ready";
      for (const frames of this.#waiting.splice(0)) this.#write(frames);
    } else if (name === "PING") this.#socket.write(pongTo(rest));
    else if (name === "ERROR") throw new Error("the peer refuses the connection");
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
    frames.forEach((frame, i) => {
      this.#socket.write(frameHeader(frame.byteLength, i < frames.length - 1));
      this.#socket.write(frame);
    });
    this.#socket.uncork();
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
