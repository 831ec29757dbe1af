/** The bytes of ZMTP 3.0: greeting, commands and frames. https://rfc.zeromq.org/spec/23/ */

/** Bits of a frame's first byte. */
export const FRAME_FLAG = { more: 1, long: 2, command: 4 } as const;
const LONGEST_SHORT = 255;

export interface Frame {
  readonly body: Uint8Array;
  readonly more: boolean;
  readonly isCommand: boolean;
}

export const isShort = (flags: number): boolean => (flags & FRAME_FLAG.long) === 0;

export const latin1 = (value: string): Buffer => Buffer.from(value, "latin1");

export const GREETING_BYTES = 64;

/** Signature, version 3.0, mechanism, not the server's side. */
export const greetingOf = (mechanism: "NULL" | "CURVE"): Buffer =>
  Buffer.concat([
    Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]),
    latin1(mechanism.padEnd(20, "\0")),
    Buffer.alloc(32),
  ]);

/** Why nothing can be said to a peer that greets so. */
export function greetingError(greeting: Uint8Array): string | undefined {
  if (greeting[0] !== 0xff || (greeting[9]! & 1) === 0) return "it speaks no ZeroMQ";
  return greeting[10]! < 3 ? `it speaks version ${greeting[10]} of ZeroMQ's protocol` : undefined;
}

/** How who greets so wants to be spoken to: "NULL", "CURVE". */
export const mechanismOf = (greeting: Uint8Array): string =>
  Buffer.from(greeting).toString("latin1", 12, 32).replaceAll("\0", "");

export function frameHeader(size: number, flags: number): Buffer {
  if (size <= LONGEST_SHORT) return Buffer.from([flags, size]);
  const header = Buffer.alloc(9);
  header[0] = flags | FRAME_FLAG.long;
  header.writeBigUInt64BE(BigInt(size), 1);
  return header;
}

/** A command's body. */
export const commandBody = (name: string, rest: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([name.length]), latin1(name), rest]);

export const commandFrame = (body: Uint8Array): Buffer =>
  Buffer.concat([frameHeader(body.byteLength, FRAME_FLAG.command), body]);

/** @throws Error where it has no name */
export function command(body: Uint8Array): { readonly name: string; readonly rest: Uint8Array } {
  const end = 1 + (body[0] ?? 0);
  if (body.length < end) throw new Error("a command of the peer has no name");
  return { name: Buffer.from(body.subarray(1, end)).toString("latin1"), rest: body.subarray(end) };
}

/** A ping's first two bytes say how long its sender waits. */
export const pongTo = (ping: Uint8Array): Buffer => commandBody("PONG", ping.subarray(2));

function property(name: string, value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([Buffer.from([name.length]), latin1(name), length, latin1(value)]);
}

/** What a DEALER without a name says of itself. */
export const METADATA: Buffer = Buffer.concat([property("Socket-Type", "DEALER"), property("Identity", "")]);
