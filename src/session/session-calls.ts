/** What the methods of a session take, checked where JavaScript calls them without types. */
import type { Signature, Signatures } from "../program/signatures.ts";
import type { SessionOptions } from "./session.ts";

const WAIT = { signal: "any?", deadline: "any?" } as const;

export const GET: Signature = { takes: { tree: "any" }, options: WAIT, isAsync: true };
export const PUT: Signature = {
  takes: { tree: "any" },
  options: { transfer: "boolean?", restore: "any?" },
};

export const SESSION_CALLS: Signatures = {
  get: GET,
  put: PUT,
  share: {
    takes: { name: "any", tree: "any" },
    options: { replace: "boolean?", transfer: "boolean?" },
    isAsync: true,
  },
  shared: { takes: { name: "any" }, isAsync: true },
  unshare: { takes: { name: "any" }, isAsync: true },
  run: { takes: { body: "function" }, options: WAIT },
  scope: { takes: { body: "function" } },
  close: { options: { drain: "boolean?" }, isAsync: true },
  idle: { isAsync: true },
  counters: { isAsync: true },
  status: {},
};

/** The options of `connect`; what they hold is checked where the connection is made. */
export const CONNECT: Readonly<Record<keyof SessionOptions | "signal", string>> = {
  device: "any?",
  address: "any?",
  token: "any?",
  keys: "any?",
  transport: "any?",
  socket: "any?",
  python: "any?",
  setup: "any?",
  onProgress: "any?",
  limits: "any?",
  plugins: "any?",
  compilationCache: "any?",
  env: "any?",
  startTimeout: "any?",
  hangAfter: "any?",
  heartbeat: "any?",
  retry: "any?",
  checks: "boolean?",
  debugNans: "boolean?",
  traceparent: "function?",
  signal: "any?",
};
