/** Messages of the worker. Nothing of one is used before all of it has been checked here. */
import { type RemoteError, SynjaxError } from "../errors.ts";
import { unpack } from "./codec.ts";
import {
  type ArrayAval,
  type Aval,
  BUNDLE_MESSAGES,
  type DType,
  ERROR_CODES,
  ITEM_BYTES,
  MESSAGE,
  PROTOCOL_VERSION,
  STATUS,
} from "./protocol.ts";
import { isTreeOf } from "./trees.ts";

/** What the worker answered to one message. */
export interface Reply {
  /** Avals of a launch or fetch; a map for hello and ping, a tree and avals for shared, `null` for all else. */
  readonly result: unknown;
  /** The data of the wanted outputs, `null` where one failed. They begin where a typed array of 8-byte elements can. */
  readonly data: readonly (Uint8Array | null)[];
  /** The outputs of a lenient launch that failed, and why. */
  readonly errors: readonly (readonly [output: number, error: RemoteError])[];
  /** Seconds in which a program was compiled for a launch or compile; `undefined` where it had been before. */
  readonly compiled: number | undefined;
  /** Seconds that it was queued and that it ran, where the message asked for them. */
  readonly times?: readonly [queue: number, run: number];
}

export type Answer =
  { readonly seq: number; readonly reply: Reply } | { readonly seq: number; readonly error: RemoteError };

/** What an answer must be like, by the message that it answers. */
export interface Expected {
  readonly type: number;
  /** How many results it describes. */
  readonly outputs: number;
  /** Those whose data it brings, by position. */
  readonly wants: readonly number[];
  /** Whether it says how long the call took. */
  readonly timed?: boolean;
}

type Map = Readonly<Record<string, unknown>>;

/**
 * @param header of a message of this side
 * @param timed whether it asks how long it took
 */
export function expectedAnswer(header: readonly unknown[], timed = false): Expected {
  const [type] = header as readonly [number];
  if (type === MESSAGE.launch)
    return { type, outputs: header[6] as number, wants: header[7] as readonly number[], timed };
  if (type === MESSAGE.fetch) {
    const { length } = header[2] as readonly number[];
    return { type, outputs: length, wants: Array.from({ length }, (_, i) => i), timed };
  }
  return { type, outputs: 0, wants: [], timed };
}

/** The beginning of a bundle's header: a list of three, of which the first two are `seq` 0 and the status. */
const BUNDLE_BEGINS = [0x93, 0, STATUS.bundle];

const PYTHON_BEGINS = [0x93, 0, STATUS.python];

/** Where the line to Python is, and the first message on it. */
export type PythonSaid =
  | { readonly token: string; readonly path: string }
  | { readonly token: string; readonly port: number }
  | { readonly error: string };

/**
 * What is said of Python; `undefined` where the message is another.
 * @throws {SynjaxError} `BAD_MESSAGE`
 */
export function pythonSaid(frames: readonly Uint8Array[]): PythonSaid | undefined {
  const first = frames[0];
  if (!first || PYTHON_BEGINS.some((byte, i) => first[i] !== byte)) return undefined;
  const said = read(frames)[2];
  const isPlace =
    isMap(said) && typeof said["token"] === "string" && (typeof said["path"] === "string" || isCount(said["port"])); // prettier-ignore
  if (frames.length > 1 || !(isPlace || (isMap(said) && typeof said["error"] === "string")))
    throw bad("what is said of Python is no place");
  return said as PythonSaid;
}

/**
 * The messages in a bundle; `undefined` where the message is none.
 * @throws {SynjaxError} `BAD_MESSAGE`
 */
export function unbundled(frames: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
  const first = frames[0];
  if (!first || BUNDLE_BEGINS.some((byte, i) => first[i] !== byte)) return undefined;
  const headers = read(frames)[2];
  if (frames.length > 1 || !Array.isArray(headers)) throw bad("its bundle is no list of headers");
  if (headers.length > BUNDLE_MESSAGES || !headers.every((header) => header instanceof Uint8Array))
    throw bad(`its bundle is not of at most ${BUNDLE_MESSAGES} headers`);
  return headers as readonly Uint8Array[];
}

/**
 * Decodes and checks the frames of a message of the worker, which is no bundle.
 * @param expected what the message of this side with that `seq` asks for; `undefined` where none waits for an answer
 * @throws {SynjaxError} `BAD_MESSAGE`: nothing more on this connection can be trusted
 */
export function decodeAnswer(
  frames: readonly Uint8Array[],
  expected: (seq: number) => Expected | undefined,
): Answer {
  const header = read(frames);
  const [seq, status, result] = header as readonly [unknown, ...unknown[]];
  if (!isCount(seq)) throw bad("its `seq` is no number of a message");
  if (status === STATUS.error) {
    if (!isRemoteError(result) || header.length !== 3 || frames.length > 1)
      throw bad(`answer ${seq} is an error without its parts`);
    const asked = seq === 0 ? undefined : expected(seq);
    if (seq !== 0 && !asked) throw bad(`nothing was asked by the number ${seq}`);
    if (asked?.type === MESSAGE.ping && result.code !== "UNAUTHORIZED")
      throw bad(`it answered a ping with ${result.code} (${result.message})`);
    if (seq === 0 && result.code === "BAD_MESSAGE")
      throw bad(`it could not read one of this side's (${result.message}), and does not say which`);
    return { seq, error: result };
  }
  const asked = seq === 0 ? undefined : expected(seq);
  if (status !== STATUS.ok) throw bad(`answer ${seq} has a status of neither kind`);
  if (!asked) throw bad(`nothing was asked by the number ${seq}`);
  if (!asked.timed) return { seq, reply: checkedReply(asked, header, frames) };
  const times = header.at(-1);
  if (!isTimes(times)) throw bad(`answer ${seq} does not say how long it took`);
  return { seq, reply: { ...checkedReply(asked, header.slice(0, -1), frames), times } };
}

function bad(what: string): SynjaxError {
  return new SynjaxError("BAD_MESSAGE", `The worker sent a message that cannot be read: ${what}`);
}

function read(frames: readonly Uint8Array[]): readonly unknown[] {
  let header: unknown;
  try {
    header = frames[0] && unpack(frames[0]);
  } catch (error) {
    throw bad(`its header is no msgpack of this protocol (${(error as Error).message})`);
  }
  if (!Array.isArray(header)) throw bad("its header is no list");
  return header;
}

// -- replies -------------------------------------------------------------------------------------------------------

function checkedReply(
  { type, outputs, wants }: Expected,
  header: readonly unknown[],
  frames: readonly Uint8Array[],
): Reply {
  const [seq, , result] = header;
  if (type === MESSAGE.launch || type === MESSAGE.fetch) {
    if (header.length < 4 || header.length > (type === MESSAGE.fetch ? 4 : 6))
      throw bad(`answer ${String(seq)} has not as many parts as it must`);
    const errors = header.length > 4 ? checkedErrors(header[4], outputs) : [];
    const compiled = header[5];
    if (header.length > 5 && !isSeconds(compiled)) throw bad("it was compiled in no time");
    const failed = new Set(errors.map(([output]) => output));
    checkAvals(result, outputs, failed);
    return {
      result,
      data: checkedData(header[3], wants, result, failed, frames),
      errors,
      compiled: compiled as number | undefined,
    };
  }
  const fits = isResult(type, result);
  if (!fits || header.length !== 3 || frames.length > 1)
    throw bad(`answer ${String(seq)} is none to a message of type ${type}`);
  const compiled = type === MESSAGE.compile ? ((result as number | null) ?? undefined) : undefined;
  return { result, data: [], errors: [], compiled };
}

function isResult(type: number, result: unknown): boolean {
  if (type === MESSAGE.hello) return isHello(result);
  if (type === MESSAGE.ping) return isCounters(result);
  if (type === MESSAGE.shared) return isShared(result);
  return result === null || (type === MESSAGE.compile && isSeconds(result));
}

function checkAvals(
  result: unknown,
  outputs: number,
  failed: ReadonlySet<number>,
): asserts result is readonly (Aval | null)[] {
  if (!Array.isArray(result) || result.length !== outputs)
    throw bad(`it describes other results than the ${outputs} that were asked for`);
  result.forEach((aval, i) => {
    if (failed.has(i) ? aval !== null : !isAval(aval)) throw bad(`result ${i} has no type`);
  });
}

function checkedErrors(errors: unknown, outputs: number): Reply["errors"] {
  if (!Array.isArray(errors)) throw bad("its errors are no list");
  const seen = new Set<number>();
  for (const item of errors as unknown[]) {
    if (!Array.isArray(item) || item.length !== 2 || !isCount(item[0]) || !isRemoteError(item[1]))
      throw bad("one of its errors is none");
    if (item[0] >= outputs || seen.has(item[0])) throw bad(`it has an error of result ${item[0]}`);
    seen.add(item[0]);
  }
  return errors as unknown as Reply["errors"];
}

function checkedData(
  data: unknown,
  wants: readonly number[],
  avals: readonly (Aval | null)[],
  failed: ReadonlySet<number>,
  frames: readonly Uint8Array[],
): readonly (Uint8Array | null)[] {
  if (!Array.isArray(data) || data.length !== wants.length)
    throw bad(`it has not the data of the ${wants.length} results that were asked for`);
  let frame = 0;
  const values = wants.map((output, i): Uint8Array | null => {
    const item = (data as unknown[])[i];
    if (failed.has(output)) {
      if (item !== null) throw bad(`result ${output} has failed and has data`);
      return null;
    }
    const aval = avals[output]!;
    if (aval[0] === "object") throw bad(`result ${output} is no array and has data`);
    // A buffer's index does not count the header, and each is used once, in order
    const bytes =
      item instanceof Uint8Array ? new Uint8Array(item) : item === frame ? frames[++frame] : undefined;
    if (!bytes) throw bad(`the data of result ${output} are not in it`);
    const expected = sizeOf(aval as ArrayAval);
    if (bytes.byteLength !== expected)
      throw bad(`${bytes.byteLength} bytes for ${aval[0]}[${aval[1].toString()}]`);
    return item instanceof Uint8Array ? bytes : aligned(bytes);
  });
  if (frame !== frames.length - 1) throw bad("it has more frames than it needs");
  return values;
}

/** A received frame in place, or a copy where it is unaligned or a small part of a large buffer that it would keep. */
function aligned(frame: Uint8Array): Uint8Array {
  return frame.byteOffset % 8 === 0 && frame.byteLength * 2 >= frame.buffer.byteLength
    ? new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength)
    : new Uint8Array(frame);
}

/** Bytes of an array. */
export function sizeOf([dtype, shape]: ArrayAval): number {
  return shape.reduce((n, d) => n * d, ITEM_BYTES[dtype]);
}

// -- parts ---------------------------------------------------------------------------------------------------------

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isSeconds = (value: unknown): boolean =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

const isTimes = (value: unknown): value is [queue: number, run: number] =>
  Array.isArray(value) && value.length === 2 && value.every(isSeconds);

const isMap = (value: unknown): value is Map =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** A field by a name that every object has (`constructor`) is none. */
const field = (map: Map, name: string): unknown => (Object.hasOwn(map, name) ? map[name] : undefined);

const isDType = (value: unknown): value is DType =>
  typeof value === "string" && Object.hasOwn(ITEM_BYTES, value);

function isAval(value: unknown): value is Aval {
  if (!Array.isArray(value)) return false;
  const [dtype, shape, weak] = value as readonly unknown[];
  if (dtype === "object") return value.length === 2 && typeof shape === "string";
  return (
    value.length === 3 &&
    isDType(dtype) &&
    Array.isArray(shape) &&
    shape.every(isCount) &&
    typeof weak === "boolean" &&
    Number.isSafeInteger(sizeOf([dtype, shape, weak]))
  );
}

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES);

const PARTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  launch: isCount,
  body: isCount,
  equation: isCount,
  op: (value) => typeof value === "string",
  argument: (value) => typeof value === "string",
  expected: (value) => typeof value === "string",
  received: (value) => typeof value === "string",
  trace: (value) => typeof value === "string",
  poisoned: (value) => typeof value === "boolean",
  retryAfter: (value) => typeof value === "number" && value >= 0,
};

function isRemoteError(value: unknown): value is RemoteError {
  if (!isMap(value) || !CODES.has(field(value, "code")) || typeof field(value, "message") !== "string")
    return false;
  return Object.entries(PARTS).every(([name, fits]) => !Object.hasOwn(value, name) || fits(value[name]));
}

/** Of another version only the version is read. */
function isHello(value: unknown): boolean {
  if (!isMap(value)) return false;
  const version = field(value, "version");
  if (isCount(version) && version !== PROTOCOL_VERSION) return true;
  const [devices, limits] = [field(value, "devices"), field(value, "limits")];
  return (
    isCount(version) &&
    isCount(field(value, "pid")) &&
    ["registry", "platform", "jax"].every((name) => typeof field(value, name) === "string") &&
    Array.isArray(devices) &&
    devices.every((device) => typeof device === "string") &&
    ["boolean", "undefined"].includes(typeof field(value, "readsFiles")) &&
    isMap(limits) &&
    Object.values(limits).every((limit) => isCount(limit) && limit > 0)
  );
}

const COUNTERS = ["queued", "running", "handles", "programs", "executables", "compiles", "launches"] as const;

/** A tree, and the types of its leaves: arrays all. */
function isShared(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [nodes, avals] = value as readonly unknown[];
  if (!Array.isArray(avals) || !avals.every((aval) => isAval(aval) && aval[0] !== "object")) return false;
  return isTreeOf(nodes, avals.length);
}

function isCounters(value: unknown): boolean {
  if (!isMap(value)) return false;
  const uptime = field(value, "uptime");
  return COUNTERS.every((name) => isCount(field(value, name))) && typeof uptime === "number" && uptime >= 0;
}
