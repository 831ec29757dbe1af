/** The SHA-256 of parts of a file. Large files are hashed on several threads: hashing takes longer than reading. */
import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { hasDescriptors } from "./open-file.ts";

export interface Part {
  readonly begin: number;
  readonly end: number;
}

/** Bytes of a piece of a tensor: those of a larger one are hashed by themselves, and then their hashes. */
export const PIECE = 1 << 20;
/** Bytes that are hashed without a thread: what takes some 30 ms, as a thread takes to begin. */
const LITTLE = 32 << 20;
/** Bytes for which a thread more pays. */
const SHARE = 64 << 20;
const MOST_THREADS = 4;
/** What is read at a time: it stays in the cache of a core until it is hashed. */
const CHUNK = PIECE;

/** What a thread does. Its text is no function's, because a build adds to those what is not there. */
const ON_THREAD = `
const { createHash } = require("node:crypto");
const { readSync } = require("node:fs");
const { parentPort, workerData: { descriptor, parts, size } } = require("node:worker_threads");
const chunk = new Uint8Array(size);
parentPort.postMessage(parts.map(({ begin, end }) => {
  const hash = createHash("sha256");
  for (let at = begin, count = 1; at < end && count > 0; at += count) {
    count = readSync(descriptor, chunk, 0, Math.min(size, end - at), at);
    hash.update(chunk.subarray(0, count));
  }
  return hash.digest("hex");
}));`;

/** The places of the pieces of a part; a small one is one piece. */
function piecesOf({ begin, end }: Part): readonly Part[] {
  const count = Math.max(1, Math.ceil((end - begin) / PIECE));
  return Array.from({ length: count }, (_, i) => ({
    begin: begin + i * PIECE,
    end: Math.min(end, begin + (i + 1) * PIECE),
  }));
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** What is said of a tensor whose pieces have these hashes. */
const joined = (hashes: readonly string[]): string =>
  hashes.length === 1 ? hashes[0]! : sha256(Buffer.from(hashes.join(""), "hex"));

/** What a file says of a tensor with these bytes. */
export const digestOfTensor = (bytes: Uint8Array): string =>
  joined(piecesOf({ begin: 0, end: bytes.length }).map(({ begin, end }) => sha256(bytes.subarray(begin, end)))); // prettier-ignore

/** The same of the tensors that stand in these parts of a file. */
export async function digestsOf(descriptor: number, parts: readonly Part[]): Promise<readonly string[]> {
  const pieces = parts.map(piecesOf);
  const hashes = await hashesOf(descriptor, pieces.flat());
  let at = 0;
  return pieces.map(({ length }) => joined(hashes.slice(at, (at += length))));
}

/**
 * In hexadecimal, in the order of the parts; of a part that is cut, that of what there is.
 * @param descriptor of the open file
 */
export async function hashesOf(descriptor: number, parts: readonly Part[]): Promise<readonly string[]> {
  const total = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  if (total <= LITTLE || !hasDescriptors()) return parts.map((part) => hashOf(descriptor, part));
  const threads = Math.min(MOST_THREADS, availableParallelism(), parts.length, Math.ceil(total / SHARE));
  const hashes = new Array<string>(parts.length);
  await Promise.all(
    sharesOf(parts, threads).map(async (places) => {
      const found = await onThread({ descriptor, parts: places.map((place) => parts[place]!), size: CHUNK });
      places.forEach((place, i) => (hashes[place] = found[i]!));
    }),
  );
  return hashes;
}

const sizeOf = ({ begin, end }: Part): number => end - begin;

/** The places of the parts in so many shares of about the same size. */
function sharesOf(parts: readonly Part[], count: number): readonly (readonly number[])[] {
  const shares = Array.from({ length: count }, () => ({ size: 0, places: [] as number[] }));
  const places = parts.map((_, place) => place).sort((a, b) => sizeOf(parts[b]!) - sizeOf(parts[a]!));
  for (const place of places) {
    const least = shares.reduce((a, b) => (b.size < a.size ? b : a));
    least.size += sizeOf(parts[place]!);
    least.places.push(place);
  }
  return shares.map((share) => share.places);
}

function onThread(workerData: object): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(ON_THREAD, { eval: true, workerData });
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the thread that hashes ended")));
  });
}

function hashOf(descriptor: number, { begin, end }: Part): string {
  const [hash, chunk] = [createHash("sha256"), new Uint8Array(Math.min(CHUNK, end - begin))];
  for (let at = begin, count = 1; at < end && count > 0; at += count) {
    count = readSync(descriptor, chunk, 0, Math.min(chunk.length, end - at), at);
    hash.update(chunk.subarray(0, count));
  }
  return hash.digest("hex");
}
