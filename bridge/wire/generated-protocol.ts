// Generated from the Python registry by `npm run generate`; do not edit.

/** Version of the messages; both sides refuse another. */
export const PROTOCOL_VERSION = 1;
/** Version of an encoded program. */
export const PROGRAM_FORMAT = 1;
/** A program is named by so many first bytes of its SHA-256. */
export const HASH_BYTES = 16;
/** An array up to this size rides in the header, a larger one in a frame of its own. */
export const INLINE_BYTES = 512;
/** Ids and sizes stay below. */
export const LARGEST_ID = 9007199254740992;
/** A number that fits this signed width is a weak int, any other a weak float. */
export const WEAK_INT_BITS = 32;
/** Characters of the name of a shared tree, at most. */
export const SHARED_NAME_LENGTH = 200;
/** Messages in a bundle, at most. */
export const BUNDLE_MESSAGES = 256;
/** Bytes of the headers in a bundle, at most. */
export const BUNDLE_BYTES = 65536;

/** The first element of a client's header. What follows it stands in brackets. */
export const MESSAGE = {
  /** `[seq, hello]`. Opens a session. Must be the first message. */
  hello: 0,
  /** `[seq, hash, hasBody, inputs, firstOutput, nOutputs, wants, donated, frees, flags, context?]`. Runs a program. Its results stay on the device as handles `firstOutput`, `firstOutput + 1`, …. */
  launch: 1,
  /** `[seq, handles, frees, context?]`. Brings the data of handles to the client. */
  fetch: 2,
  /** `[seq]`. Asks for the counters; answered while XLA compiles, too. */
  ping: 3,
  /** `[seq, hashes]`. Drops programs. Not answered where `seq` is 0. */
  forget: 4,
  /** `[seq, handles]`. Drops handles. Not answered where `seq` is 0. */
  free: 5,
  /** `[seq, seqs]`. Refuses those calls that have not started. Not answered where `seq` is 0. */
  cancel: 6,
  /** `[seq, drain]`. Ends the session. Calls in flight are finished if `drain`, otherwise cancelled. */
  goodbye: 7,
  /** `[seq, hash, hasBody, inputs, donated, flags, context?]`. Compiles a program for the types of its inputs, ahead of a launch. */
  compile: 8,
  /** `[seq, name, tree, replace]`. Gives a tree of handles a name, by which every client of the worker can take it. It is read-only then. */
  share: 9,
  /** `[seq, name, firstHandle]`. Takes a shared tree: its leaves are handles `firstHandle`, `firstHandle + 1`, … from then on. */
  shared: 10,
  /** `[seq, name]`. Takes a name back. What was taken by it stays until it is freed. */
  unshare: 11,
  /** `[seq, headers]`. Messages without buffers, in one frame: each is handled as if it had come alone. Not answered where `seq` is 0. */
  bundle: 12,
  /** `[seq, text]`. What pythonia asks of Python's modules, of a worker that its client has started. Not answered where `seq` is 0. */
  python: 13,
} as const;
/** Those that count among the messages in flight. */
export const WINDOWED: ReadonlySet<number> = new Set<number>([
  MESSAGE.launch,
  MESSAGE.fetch,
  MESSAGE.compile,
  MESSAGE.share,
  MESSAGE.shared,
  MESSAGE.unshare,
]);

/** What a map after the fields of a call says of it; where there is nothing to say there is no map. */
export interface CallContext {
  /** Milliseconds from now after which nobody waits for the answer: not started by then, it is dropped. */
  readonly deadline?: number;
  /** Whether the answer says, in seconds, for how long the call was queued and for how long it ran. */
  readonly timed?: boolean;
  /** The trace that the call is part of, as the W3C writes it. */
  readonly traceparent?: string;
}

/** The second element of a reply's header, after `seq`. */
export const STATUS = { ok: 0, error: 1, bundle: 2, python: 3 } as const;

/** Bits of the flags of a launch or compile. */
export const FLAG = { lenient: 1, unchecked: 2, findNans: 4, batchable: 8 } as const;

/** The first element of an input that is not a handle. */
export const INPUT = { int: 0, array: 1, float: 2, file: 3 } as const;

/** The first element of an argument, in an encoded program, that is not a reference, string, boolean or `null`. */
export const ARGUMENT = { int: 0, float: 1, tuple: 2, dict: 3, program: 4, int64: 5 } as const;

/** The first element of a branch, in a tree of shared tensors. */
export const TREE = { list: 0, dict: 1 } as const;

/** Weak floats that travel by name: msgpack may pack −0 as the integer 0. */
export type NamedFloat = "-0" | "nan" | "inf" | "-inf";

/** The platforms that a worker can be started for. */
export const DEVICES = ["cpu", "cuda", "tpu"] as const;
export type Device = (typeof DEVICES)[number];

/** The fields of the start configuration, the first line on a worker's stdin. */
export type ConfigurationField =
  | "address"
  | "token"
  | "device"
  | "limits"
  | "compilationCache"
  | "parentWatch"
  | "privateDirectory"
  | "maxBatch"
  | "maxWait"
  | "metricsAddress"
  | "python"
  | "plugins";

/** What one client may ask of the worker, unless the worker was started with other limits. */
export const DEFAULT_LIMITS = {
  /** Equations of a body. Beyond: LIMIT_EQUATIONS. */
  equations: 100000,
  /** Equations of a body and of those nested in it. Beyond: LIMIT_EQUATIONS. */
  expandedEquations: 1000000,
  /** Equations of JAX that a program becomes, and its own equations each time they are traced. Beyond: LIMIT_TRACE. */
  tracedEquations: 100000,
  /** Equations of JAX of which each waits for the one before. Beyond: LIMIT_TRACE. */
  chain: 10000,
  /** Seconds for which a program is traced. Beyond: LIMIT_TRACE. */
  traceSeconds: 60,
  /** Bodies of a program. Beyond: LIMIT_BODIES. */
  bodies: 1000,
  /** Results of a program. Beyond: LIMIT_RESULTS. */
  results: 10000,
  /** Programs in programs, tuples in tuples. Beyond: LIMIT_NESTING. */
  nesting: 64,
  /** Loops in loops. Beyond: LIMIT_NESTING. */
  nestedLoops: 16,
  /** Gradients of gradients. Beyond: LIMIT_NESTING. */
  nestedGradients: 12,
  /** Bytes of an encoded program. Beyond: LIMIT_BODY. */
  bodyBytes: 16777216,
  /** Bytes of a string in a program. Beyond: LIMIT_ATTRIBUTE. */
  attributeBytes: 65536,
  /** Items of a tuple or dict in a program. Beyond: LIMIT_ATTRIBUTE. */
  attributeItems: 65536,
  /** Dimensions of an array. Beyond: LIMIT_RANK. */
  rank: 32,
  /** Elements of an array that a program makes. Beyond: LIMIT_SHAPE. */
  elements: 1099511627776,
  /** Bytes of memory that the worker may use. What the machine has left is a limit in any case. Beyond: OUT_OF_MEMORY. */
  memoryBytes: 9007199254740991,
  /** Frames of a message, its header included. Beyond: LIMIT_FRAMES. */
  frames: 4096,
  /** Bytes of a frame. Beyond: LIMIT_BYTES. */
  frameBytes: 2147483648,
  /** Bytes of a message's header. Beyond: LIMIT_BYTES. */
  headerBytes: 1048576,
  /** Bytes of a message. Beyond: LIMIT_BYTES. */
  messageBytes: 4294967296,
  /** Unanswered messages of a client; refused from twice as many on. Beyond: OVERLOADED. */
  inFlightMessages: 256,
  /** Their bytes; refused beyond twice as many. Beyond: OVERLOADED. */
  inFlightBytes: 268435456,
  /** Seconds for which a call may run and be compiled. Nothing can interrupt it, so the worker ends then. Beyond: LIMIT_RUN_TIME. */
  runSeconds: 9007199254740991,
  /** Seconds for which a call may wait to be started that brings no deadline of its own. Beyond: DEADLINE. */
  deadlineSeconds: 9007199254740991,
  /** Seconds that a connection may be open without a hello; then it is ended. */
  helloSeconds: 10,
  /** Seconds without a sign of life from a client that came over tcp; then its session is ended. Answering ZeroMQ's own heartbeats is a sign of life. */
  sessionSeconds: 120,
  /** Handles of a client. Beyond: LIMIT_HANDLES. */
  handles: 1000000,
  /** Programs that the worker keeps for a client. Beyond: LIMIT_PROGRAMS. */
  programs: 4096,
  /** Shared trees of a client, until they are unshared. Beyond: LIMIT_SHARED. */
  sharedNames: 1000,
  /** Bytes of the shared trees of a client. Beyond: LIMIT_SHARED. */
  sharedBytes: 17179869184,
  /** Executables of the worker; the least recently used is dropped. */
  executables: 512,
} as const;

/** The element types that cross the wire, by name. A `key` is a PRNG key: its data are uint32 words. */
export type DType =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "complex64"
  | "complex128"
  | "key";

/** What `data()` returns for each dtype: float16 and bfloat16 arrive as their bits, int64 as bigints, complex numbers as real and imaginary parts in turn. */
export interface DataOf {
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  complex64: Float32Array;
  complex128: Float64Array;
  key: Uint32Array;
}

type ArrayClass<T> = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
  new (length: number): T;
};

/** The typed array that holds the elements of each dtype. */
export const ARRAY_OF: { readonly [D in DType]: ArrayClass<DataOf[D]> } = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
  key: Uint32Array,
};

/** Bytes of one element. */
export const ITEM_BYTES: { readonly [D in DType]: number } = {
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  complex64: 8,
  complex128: 16,
  key: 8,
};

/** The class of apache-arrow for each dtype that Arrow has. */
export const ARROW_TYPE = {
  bool: "Bool",
  int8: "Int8",
  int16: "Int16",
  int32: "Int32",
  int64: "Int64",
  uint8: "Uint8",
  uint16: "Uint16",
  uint32: "Uint32",
  uint64: "Uint64",
  float16: "Float16",
  float32: "Float32",
  float64: "Float64",
} as const satisfies { readonly [D in DType]?: string };

/** Computations with sizes and tuples, which run while a program is traced: what each gives. */
export const STRUCTURAL_OPS = {
  size: "size",
  shape: "shape",
  rank: "size",
  "size.add": "size",
  "size.sub": "size",
  "size.mul": "size",
  "size.floordiv": "size",
  "size.mod": "size",
  "size.max": "size",
  "size.min": "size",
  "shape.slice": "shape",
  "shape.concat": "shape",
  "shape.product": "size",
  "shape.get": "size",
  get: "item",
} as const;
/** Ops that take nested programs: how many, and how many operands stand before them. */
export const NESTED_OPS = {
  grad: { programs: 1, first: 0 },
  value_and_grad: { programs: 1, first: 0 },
  jvp: { programs: 1, first: 0 },
  vjp: { programs: 1, first: 0 },
  pullback: { programs: 0, first: 0 },
  jacfwd: { programs: 1, first: 0 },
  jacrev: { programs: 1, first: 0 },
  hessian: { programs: 1, first: 0 },
  custom_jvp: { programs: 2, first: 0 },
  custom_vjp: { programs: 3, first: 0 },
  custom_self: { programs: 0, first: 0 },
  vmap: { programs: 1, first: 0 },
  map: { programs: 1, first: 0 },
  scan: { programs: 1, first: 0 },
  associative_scan: { programs: 1, first: 0 },
  cond: { programs: 2, first: 1 },
  switch_case: { programs: null, first: 1 },
  while_loop: { programs: 2, first: 0 },
  checkpoint: { programs: 1, first: 0 },
  sample_site: { programs: 0, first: 0 },
  structure_site: { programs: 0, first: 0 },
  deterministic_site: { programs: 0, first: 0 },
  factor_site: { programs: 0, first: 0 },
  param_site: { programs: 0, first: 0 },
  plate: { programs: 0, first: 0 },
  own_distribution: { programs: 2, first: 0 },
  in_plates: { programs: 0, first: 0 },
  subsample: { programs: 0, first: 0 },
  mcmc_start: { programs: 1, first: 0 },
  mcmc_advance: { programs: 1, first: 0 },
  svi_start: { programs: null, first: 0 },
  svi_advance: { programs: null, first: 0 },
  svi_params: { programs: null, first: 0 },
  svi_evaluate: { programs: null, first: 0 },
  guide_sample: { programs: 1, first: 0 },
  predictive: { programs: null, first: 0 },
  posterior_structure: { programs: 1, first: 0 },
} as const;

/** Every way a call can end badly. The set is closed: a `switch` over it is checked by the compiler. */
export const ERROR_CODES = [
  // -- The caller's mistake, found before anything is sent
  "INVALID_ARGUMENT", // An argument is not what the function takes.
  "NARROWING", // A value does not fit the dtype it would become.
  "NOT_A_TENSOR", // A value is no tensor, number or array of numbers.
  "SIZE_UNKNOWN", // A size was needed as a number before the program runs.
  "TRACED_AS_NUMBER", // A tensor was used as a JavaScript number, condition or JSON.
  "LEAKED_TRACER", // A value recorded in a function was used after that function had ended.
  "OTHER_SESSION", // A tensor of another session was used.
  "HANDLE_DONATED", // A tensor was used after its memory was given to a call.
  "HANDLE_DISPOSED", // A tensor was used after it was freed.
  // -- The program ran, or tried to
  "OP_FAILED", // An operation refused its operands while the program was traced.
  "CHECK_FAILED", // A value on the device is not what an operation allows.
  "NAN_FOUND", // A result has a NaN, and `debugNans` asked to be told what made the first one.
  "POISONED", // An input is the result of a call that had failed.
  "OUT_OF_MEMORY", // The device has no memory left.
  "INFERENCE_FAILED", // Inference could not begin, or came to nothing: the joint density says why.
  "RUN_FAILED", // XLA failed while it compiled or ran the program.
  "PYTHON_FAILED", // What was asked of a Python module raised an exception.
  "UNFETCHED_FAILURES", // Calls whose results were never read had failed.
  // -- The call was given up
  "ABORTED", // Its signal was aborted.
  "DEADLINE", // Its deadline passed.
  // -- The worker
  "SETUP_REQUIRED", // There is no Python environment yet.
  "SETUP_FAILED", // The Python environment could not be made.
  "WORKER_START", // The worker did not start.
  "WORKER_LOST", // The worker ended, hangs or cannot be reached.
  "HANDLE_LOST", // A tensor was lost with the worker that held it.
  "HANDLE_UNKNOWN", // The worker does not know a handle.
  "SESSION_CLOSED", // The session has been closed.
  "OVERLOADED", // More calls are in flight than the worker takes.
  "UNSUPPORTED_RUNTIME", // This JavaScript runtime has not what was asked for.
  // -- The wire
  "PROTOCOL_MISMATCH", // The two sides are of different versions.
  "UNAUTHORIZED", // The token is wrong, or no hello was sent.
  "BAD_MESSAGE", // A message is malformed.
  "BAD_PROGRAM", // A program is malformed.
  "BAD_HASH", // A program does not have the hash it was sent with.
  "UNKNOWN_OP", // A program uses an operation that the worker does not have.
  "UNKNOWN_PROGRAM", // A program was named that was not sent.
  "INTERNAL", // A mistake of the worker's own.
  // -- Limits
  "LIMIT_EQUATIONS", // A program has too many equations.
  "LIMIT_TRACE", // A program becomes too large when it is traced, or tracing it takes too long.
  "LIMIT_RUN_TIME", // A call ran for too long, and the worker ended with it.
  "LIMIT_BODIES", // A program has too many bodies.
  "LIMIT_RESULTS", // A program has too many results.
  "LIMIT_NESTING", // Programs or tuples are nested too deep.
  "LIMIT_BODY", // An encoded program is too large.
  "LIMIT_ATTRIBUTE", // A string, tuple or dict in a program is too large.
  "LIMIT_RANK", // An array has too many dimensions.
  "LIMIT_SHAPE", // An array that a program makes is too large.
  "LIMIT_FRAMES", // A message has too many frames.
  "LIMIT_BYTES", // A message or one of its frames is too large.
  "LIMIT_HANDLES", // A client holds too many results.
  "LIMIT_PROGRAMS", // A client has sent too many programs.
  "LIMIT_SHARED", // A client has shared too many trees, or too large ones.
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
