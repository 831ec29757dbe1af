/** The session that operations run in where nothing else says which. */
import { SynjaxError } from "../../bridge/errors.ts";
import { checkSignal } from "../../bridge/transport/call-options.ts";
import type { HandleOwner } from "../program/handle.ts";
import { installRuntime } from "../program/runtime.ts";
import { checkCall, checkMethods } from "../program/signatures.ts";
import { flatten } from "../program/tree.ts";
import type { HostLike } from "../tensor/host-like.ts";
import type { Tensor, WaitOptions } from "../tensor/tensor.ts";
import { checkRetry } from "./backoff.ts";
import { ownerOf } from "./owner-of.ts";
import { currentRun } from "./run-context.ts";
import type { PutOptions } from "./put-options.ts";
import { Session, type SessionOptions } from "./session.ts";
import { CONNECT, GET, PUT, SESSION_CALLS } from "./session-calls.ts";
import { sessionRuntime } from "./session-runtime.ts";
import type { Fetched, OnDevice } from "./trees.ts";

let implicit: Session | undefined;

/** The session that operations on host data run in: the first one connected, or one that starts by itself. */
export function defaultSession(): Session {
  if (!implicit || implicit.closed) implicit = new Session();
  return implicit;
}

/** @internal */
export const currentSession = (): Session => asSession(currentRun()?.session) ?? defaultSession();

/** @internal The one session the values of a call live in. */
export const sessionOf = (values: readonly unknown[]): Session | undefined => asSession(ownerOf(values));

/** @internal The session that a handle or an eager graph belongs to. */
export function asSession<O extends HandleOwner | undefined>(owner: O): Session | Extract<O, undefined> {
  if (owner === undefined || owner instanceof Session) return owner as Session | Extract<O, undefined>;
  throw new SynjaxError("INTERNAL", `${owner.name} is no session`);
}

/**
 * Starts the bundled worker (or dials one) and resolves when it answers. The first session connected is the default
 * one, in which everything on host data runs; `session.run(fn)` chooses another.
 * @param address `tcp://127.0.0.1:5555` of a served worker; without one the embedded worker is started
 * @throws {SynjaxError} `SETUP_REQUIRED`, `WORKER_START`, `PROTOCOL_MISMATCH`, `UNAUTHORIZED`, `UNSUPPORTED_RUNTIME`
 */
export async function connect(
  address?: string | (SessionOptions & { readonly signal?: AbortSignal }),
  options: SessionOptions & { readonly signal?: AbortSignal } = {},
): Promise<Session> {
  const isAddress = address === undefined || typeof address === "string";
  checkCall("connect", { options: CONNECT }, [isAddress ? options : address]);
  const { signal, ...given } = isAddress ? (address ? { ...options, address } : options) : address;
  checkSignal(signal);
  checkRetry(given.retry);
  const unused = implicit && !implicit.used ? implicit : undefined;
  const session = unused?.configure(given) ?? new Session(given);
  if (!implicit || implicit.closed) implicit = session;
  try {
    await session.open(signal);
  } catch (error) {
    if (implicit === session) implicit = undefined;
    throw error;
  }
  return session;
}

/** Brings a tree of tensors to the host in one round trip, in the session they live in. */
export function get<const T>(tree: T, options: WaitOptions = {}): Promise<Fetched<T>> {
  checkCall("get", GET, [tree, options]);
  const leaves: unknown[] = [];
  flatten(tree, leaves, "tree");
  return (sessionOf(leaves) ?? currentSession()).get(tree, options);
}

/** Puts a tree of host data on the device of the current session. */
export function put<
  const T extends HostLike | Tensor | number | Readonly<Record<string, unknown>> | readonly unknown[],
>(tree: T, options: PutOptions = {}): OnDevice<T> {
  checkCall("put", PUT, [tree, options]);
  return currentSession().put(tree, options);
}

checkMethods(Session, SESSION_CALLS);
installRuntime(sessionRuntime({ currentSession, sessionOf, asSession }));
