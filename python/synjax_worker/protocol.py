"""What client and worker agree on besides the operations: numbers, names and limits of the wire.

Everything here is declared once. The worker imports it; `document()` is the registry's entry `protocol`, from which
the client's side is generated, so a change here changes the registry's hash and both sides notice. This module
imports nothing of the package, so every other one may import it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

VERSION = 1  # of the messages; a hello with another is refused
PROGRAM_FORMAT = 1  # of an encoded program

HASH_BYTES = 16  # of a program's SHA-256
INLINE_BYTES = 512  # an array up to this size rides in the header, a larger one in a frame of its own
LARGEST_ID = 2**53  # ids and sizes stay below: a float64 holds them exactly
UNLIMITED = LARGEST_ID - 1  # a limit that nothing reaches
WEAK_INT_BITS = 32  # a number that fits this signed width is a weak int, any other a weak float
KEY_WORDS = 2  # uint32 words of a PRNG key (JAX's default, threefry)

# Weak floats that travel by name: msgpack may pack -0.0 as the integer 0.
NAMED_FLOATS = ("-0", "nan", "inf", "-inf")

# The platforms that a worker can be started for.
DEVICES = ("cpu", "cuda", "tpu")

# The start configuration: a JSON object, the first line on the worker's stdin.
CONFIGURATION = (
    "address",
    "token",
    "device",
    "limits",
    "compilationCache",
    "parentWatch",
    "privateDirectory",
    "maxBatch",
    "maxWait",
    "metricsAddress",
    "python",
    "plugins",
)


# -------------------------------------------------------------------------------------------------------- messages


class Message(NamedTuple):
    """A message of the client. Its header is `[number, *fields]`."""

    name: str
    number: int
    fields: tuple[str, ...]
    answered: bool  # False: the client sends seq 0, and only an error is answered
    windowed: bool  # counts among the client's messages in flight
    doc: str
    context: bool = False  # a map may follow the fields: see CONTEXT


(
    HELLO,
    LAUNCH,
    FETCH,
    PING,
    FORGET,
    FREE,
    CANCEL,
    GOODBYE,
    COMPILE,
    SHARE,
    SHARED,
    UNSHARE,
    BUNDLE,
    PYTHON,
) = range(14)

MESSAGES = (
    Message("hello", HELLO, ("seq", "hello"), True, False, "Opens a session. Must be the first message."),
    Message(
        "launch",
        LAUNCH,
        (
            "seq",
            "hash",
            "hasBody",
            "inputs",
            "firstOutput",
            "nOutputs",
            "wants",
            "donated",
            "frees",
            "flags",
        ),
        True,
        True,
        "Runs a program. Its results stay on the device as handles `firstOutput`, `firstOutput + 1`, ….",
        context=True,
    ),
    Message(
        "fetch",
        FETCH,
        ("seq", "handles", "frees"),
        True,
        True,
        "Brings the data of handles to the client.",
        context=True,
    ),
    Message("ping", PING, ("seq",), True, False, "Asks for the counters; answered while XLA compiles, too."),
    Message("forget", FORGET, ("seq", "hashes"), False, False, "Drops programs."),
    Message("free", FREE, ("seq", "handles"), False, False, "Drops handles."),
    Message("cancel", CANCEL, ("seq", "seqs"), False, False, "Refuses those calls that have not started."),
    Message(
        "goodbye",
        GOODBYE,
        ("seq", "drain"),
        True,
        False,
        "Ends the session. Calls in flight are finished if `drain`, otherwise cancelled.",
    ),
    Message(
        "compile",
        COMPILE,
        ("seq", "hash", "hasBody", "inputs", "donated", "flags"),
        True,
        True,
        "Compiles a program for the types of its inputs, ahead of a launch.",
        context=True,
    ),
    Message(
        "share",
        SHARE,
        ("seq", "name", "tree", "replace"),
        True,
        True,
        "Gives a tree of handles a name, by which every client of the worker can take it. It is read-only then.",
    ),
    Message(
        "shared",
        SHARED,
        ("seq", "name", "firstHandle"),
        True,
        True,
        "Takes a shared tree: its leaves are handles `firstHandle`, `firstHandle + 1`, … from then on.",
    ),
    Message(
        "unshare",
        UNSHARE,
        ("seq", "name"),
        True,
        True,
        "Takes a name back. What was taken by it stays until it is freed.",
    ),
    Message(
        "bundle",
        BUNDLE,
        ("seq", "headers"),
        False,
        False,
        "Messages without buffers, in one frame: each is handled as if it had come alone.",
    ),
    Message(
        "python",
        PYTHON,
        ("seq", "text"),
        False,
        False,
        "What pythonia asks of Python's modules, of a worker that its client has started.",
    ),
)

# What a map after the fields of a call says of it; each is optional, and where there is nothing to say there is no map.
CONTEXT = {
    "deadline": "Milliseconds from now after which nobody waits for the answer: not started by then, it is dropped.",
    "timed": "Whether the answer says, in seconds, for how long the call was queued and for how long it ran.",
    "traceparent": "The trace that the call is part of, as the W3C writes it.",
}

FIELDS = {message.name: message.fields for message in MESSAGES}

# The second element of a reply's header, `[seq, status, ...]`.
# A bundle has `seq` 0 and the headers of replies without buffers.
OK, ERROR, BUNDLED, PYTHON_SAID = range(4)
STATUSES = {"ok": OK, "error": ERROR, "bundle": BUNDLED, "python": PYTHON_SAID}

# Bits of a launch's or compile's flags.
LENIENT, UNCHECKED, FIND_NANS, BATCHABLE = 1, 2, 4, 8
FLAGS = {"lenient": LENIENT, "unchecked": UNCHECKED, "findNans": FIND_NANS, "batchable": BATCHABLE}

# The first element of an input that is not a handle.
INPUT_INT, INPUT_ARRAY, INPUT_FLOAT, INPUT_FILE = range(4)
INPUTS = {"int": INPUT_INT, "array": INPUT_ARRAY, "float": INPUT_FLOAT, "file": INPUT_FILE}

# The first element of an argument, in an encoded program, that is not a reference, string, bool or nil.
ARGUMENT_INT, ARGUMENT_FLOAT, ARGUMENT_TUPLE, ARGUMENT_DICT, ARGUMENT_PROGRAM, ARGUMENT_INT64 = range(6)
ARGUMENTS = {
    "int": ARGUMENT_INT,
    "float": ARGUMENT_FLOAT,
    "tuple": ARGUMENT_TUPLE,
    "dict": ARGUMENT_DICT,
    "program": ARGUMENT_PROGRAM,
    "int64": ARGUMENT_INT64,
}

# A tree of tensors is a list of its nodes, each before its children. A leaf is a handle, in a reply its place among
# the leaves; nil is an empty branch; a list is `[list, children]`, a dict is `[dict, key, …]`.
TREE_LIST, TREE_DICT = range(2)
TREES = {"list": TREE_LIST, "dict": TREE_DICT}

SHARED_NAME_LENGTH = 200  # characters of the name of a shared tree, at most

# What one bundle has at most: ZeroMQ costs as much for a frame as all else does for a small call.
BUNDLE_MESSAGES = 256
BUNDLE_BYTES = 1 << 16  # of its headers


# ---------------------------------------------------------------------------------------------------------- limits


class Limit(NamedTuple):
    name: str
    default: int
    code: str | None  # of the error beyond it; None where there is none
    doc: str


LIMITS = (
    Limit("equations", 100_000, "LIMIT_EQUATIONS", "Equations of a body."),
    Limit(
        "expandedEquations", 1_000_000, "LIMIT_EQUATIONS", "Equations of a body and of those nested in it."
    ),
    Limit(
        "tracedEquations",
        100_000,
        "LIMIT_TRACE",
        "Equations of JAX that a program becomes, and its own equations each time they are traced.",
    ),
    Limit("chain", 10_000, "LIMIT_TRACE", "Equations of JAX of which each waits for the one before."),
    Limit("traceSeconds", 60, "LIMIT_TRACE", "Seconds for which a program is traced."),
    Limit("bodies", 1_000, "LIMIT_BODIES", "Bodies of a program."),
    Limit("results", 10_000, "LIMIT_RESULTS", "Results of a program."),
    Limit("nesting", 64, "LIMIT_NESTING", "Programs in programs, tuples in tuples."),
    Limit("nestedLoops", 16, "LIMIT_NESTING", "Loops in loops."),
    Limit("nestedGradients", 12, "LIMIT_NESTING", "Gradients of gradients."),
    Limit("bodyBytes", 16 << 20, "LIMIT_BODY", "Bytes of an encoded program."),
    Limit("attributeBytes", 64 << 10, "LIMIT_ATTRIBUTE", "Bytes of a string in a program."),
    Limit("attributeItems", 65_536, "LIMIT_ATTRIBUTE", "Items of a tuple or dict in a program."),
    Limit("rank", 32, "LIMIT_RANK", "Dimensions of an array."),
    Limit("elements", 1 << 40, "LIMIT_SHAPE", "Elements of an array that a program makes."),
    Limit(
        "memoryBytes",
        UNLIMITED,
        "OUT_OF_MEMORY",
        "Bytes of memory that the worker may use. What the machine has left is a limit in any case.",
    ),
    Limit("frames", 4_096, "LIMIT_FRAMES", "Frames of a message, its header included."),
    Limit("frameBytes", 2 << 30, "LIMIT_BYTES", "Bytes of a frame."),
    Limit("headerBytes", 1 << 20, "LIMIT_BYTES", "Bytes of a message's header."),
    Limit("messageBytes", 4 << 30, "LIMIT_BYTES", "Bytes of a message."),
    Limit(
        "inFlightMessages",
        256,
        "OVERLOADED",
        "Unanswered messages of a client; refused from twice as many on.",
    ),
    Limit("inFlightBytes", 256 << 20, "OVERLOADED", "Their bytes; refused beyond twice as many."),
    Limit(
        "runSeconds",
        UNLIMITED,
        "LIMIT_RUN_TIME",
        "Seconds for which a call may run and be compiled. Nothing can interrupt it, so the worker ends then.",
    ),
    Limit(
        "deadlineSeconds",
        UNLIMITED,
        "DEADLINE",
        "Seconds for which a call may wait to be started that brings no deadline of its own.",
    ),
    Limit(
        "helloSeconds", 10, None, "Seconds that a connection may be open without a hello; then it is ended."
    ),
    Limit(
        "sessionSeconds",
        120,
        None,
        "Seconds without a sign of life from a client that came over tcp; then its session is ended. "
        "Answering ZeroMQ's own heartbeats is a sign of life.",
    ),
    Limit("handles", 1_000_000, "LIMIT_HANDLES", "Handles of a client."),
    Limit("programs", 4_096, "LIMIT_PROGRAMS", "Programs that the worker keeps for a client."),
    Limit("sharedNames", 1_000, "LIMIT_SHARED", "Shared trees of a client, until they are unshared."),
    Limit("sharedBytes", 16 << 30, "LIMIT_SHARED", "Bytes of the shared trees of a client."),
    Limit("executables", 512, None, "Executables of the worker; the least recently used is dropped."),
)

DEFAULT_LIMITS = {limit.name: limit.default for limit in LIMITS}


# ---------------------------------------------------------------------------------------------------------- dtypes


class DType(NamedTuple):
    """An element type. On the wire its name stands for it."""

    name: str
    bytes: int  # of one element
    stored: str  # the plain type of the numbers in its buffer: the same, or the integers that hold its bits
    arrow: str | None  # the Arrow type of the same values; None where Arrow has none


DTYPES = (
    DType("bool", 1, "uint8", "Bool"),
    DType("int8", 1, "int8", "Int8"),
    DType("int16", 2, "int16", "Int16"),
    DType("int32", 4, "int32", "Int32"),
    DType("int64", 8, "int64", "Int64"),
    DType("uint8", 1, "uint8", "Uint8"),
    DType("uint16", 2, "uint16", "Uint16"),
    DType("uint32", 4, "uint32", "Uint32"),
    DType("uint64", 8, "uint64", "Uint64"),
    DType("float16", 2, "uint16", "Float16"),
    DType("bfloat16", 2, "uint16", None),
    DType("float32", 4, "float32", "Float32"),
    DType("float64", 8, "float64", "Float64"),
    DType("complex64", 8, "float32", None),  # real and imaginary part in turn
    DType("complex128", 16, "float64", None),
    DType("key", 4 * KEY_WORDS, "uint32", None),
)

NUMERIC_DTYPES = tuple(dtype.name for dtype in DTYPES if dtype.name != "key")

# In a program that uses one of them, JAX runs with x64 on.
WIDE_DTYPES = ("int64", "uint64", "float64", "complex128")


# ------------------------------------------------------------------------------------------- ops of the interpreter

# Computations with sizes and tuples, which run while a program is traced: what each gives.
STRUCTURAL_OPS = {
    "size": "size",
    "shape": "shape",
    "rank": "size",
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
    "get": "item",
}


class NestedOp(NamedTuple):
    """An op that takes nested programs: how many, and how many operands stand before them."""

    programs: int | None  # None: any number, at least one
    first: int = 0


NESTED_OPS = {
    "grad": NestedOp(1),
    "value_and_grad": NestedOp(1),
    "jvp": NestedOp(1),
    "vjp": NestedOp(1),
    "pullback": NestedOp(0),
    "jacfwd": NestedOp(1),
    "jacrev": NestedOp(1),
    "hessian": NestedOp(1),
    "custom_jvp": NestedOp(2),
    "custom_vjp": NestedOp(3),
    "custom_self": NestedOp(0),
    "vmap": NestedOp(1),
    "map": NestedOp(1),
    "scan": NestedOp(1),
    "associative_scan": NestedOp(1),
    "cond": NestedOp(2, first=1),
    "switch_case": NestedOp(None, first=1),
    "while_loop": NestedOp(2),
    "checkpoint": NestedOp(1),
    # Statements of a probabilistic program, which only mean something inside the programs of the ops after them
    "sample_site": NestedOp(0),
    "structure_site": NestedOp(0),
    "deterministic_site": NestedOp(0),
    "factor_site": NestedOp(0),
    "param_site": NestedOp(0),
    "plate": NestedOp(0),
    "own_distribution": NestedOp(2),
    "in_plates": NestedOp(0),
    "subsample": NestedOp(0),
    "mcmc_start": NestedOp(1),
    "mcmc_advance": NestedOp(1),
    "svi_start": NestedOp(None),
    "svi_advance": NestedOp(None),
    "svi_params": NestedOp(None),
    "svi_evaluate": NestedOp(None),
    "guide_sample": NestedOp(1),
    "predictive": NestedOp(None),
    "posterior_structure": NestedOp(1),
}


# ---------------------------------------------------------------------------------------------------------- errors

# Every way a call can end badly, by who is at fault. The set is closed: a client may check that it handles all.
ERRORS = {
    "The caller's mistake, found before anything is sent": {
        "INVALID_ARGUMENT": "An argument is not what the function takes.",
        "NARROWING": "A value does not fit the dtype it would become.",
        "NOT_A_TENSOR": "A value is no tensor, number or array of numbers.",
        "SIZE_UNKNOWN": "A size was needed as a number before the program runs.",
        "TRACED_AS_NUMBER": "A tensor was used as a JavaScript number, condition or JSON.",
        "LEAKED_TRACER": "A value recorded in a function was used after that function had ended.",
        "OTHER_SESSION": "A tensor of another session was used.",
        "HANDLE_DONATED": "A tensor was used after its memory was given to a call.",
        "HANDLE_DISPOSED": "A tensor was used after it was freed.",
    },
    "The program ran, or tried to": {
        "OP_FAILED": "An operation refused its operands while the program was traced.",
        "CHECK_FAILED": "A value on the device is not what an operation allows.",
        "NAN_FOUND": "A result has a NaN, and `debugNans` asked to be told what made the first one.",
        "POISONED": "An input is the result of a call that had failed.",
        "OUT_OF_MEMORY": "The device has no memory left.",
        "INFERENCE_FAILED": "Inference could not begin, or came to nothing: the joint density says why.",
        "RUN_FAILED": "XLA failed while it compiled or ran the program.",
        "PYTHON_FAILED": "What was asked of a Python module raised an exception.",
        "UNFETCHED_FAILURES": "Calls whose results were never read had failed.",
    },
    "The call was given up": {
        "ABORTED": "Its signal was aborted.",
        "DEADLINE": "Its deadline passed.",
    },
    "The worker": {
        "SETUP_REQUIRED": "There is no Python environment yet.",
        "SETUP_FAILED": "The Python environment could not be made.",
        "WORKER_START": "The worker did not start.",
        "WORKER_LOST": "The worker ended, hangs or cannot be reached.",
        "HANDLE_LOST": "A tensor was lost with the worker that held it.",
        "HANDLE_UNKNOWN": "The worker does not know a handle.",
        "SESSION_CLOSED": "The session has been closed.",
        "OVERLOADED": "More calls are in flight than the worker takes.",
        "UNSUPPORTED_RUNTIME": "This JavaScript runtime has not what was asked for.",
    },
    "The wire": {
        "PROTOCOL_MISMATCH": "The two sides are of different versions.",
        "UNAUTHORIZED": "The token is wrong, or no hello was sent.",
        "BAD_MESSAGE": "A message is malformed.",
        "BAD_PROGRAM": "A program is malformed.",
        "BAD_HASH": "A program does not have the hash it was sent with.",
        "UNKNOWN_OP": "A program uses an operation that the worker does not have.",
        "UNKNOWN_PROGRAM": "A program was named that was not sent.",
        "INTERNAL": "A mistake of the worker's own.",
    },
    "Limits": {
        "LIMIT_EQUATIONS": "A program has too many equations.",
        "LIMIT_TRACE": "A program becomes too large when it is traced, or tracing it takes too long.",
        "LIMIT_RUN_TIME": "A call ran for too long, and the worker ended with it.",
        "LIMIT_BODIES": "A program has too many bodies.",
        "LIMIT_RESULTS": "A program has too many results.",
        "LIMIT_NESTING": "Programs or tuples are nested too deep.",
        "LIMIT_BODY": "An encoded program is too large.",
        "LIMIT_ATTRIBUTE": "A string, tuple or dict in a program is too large.",
        "LIMIT_RANK": "An array has too many dimensions.",
        "LIMIT_SHAPE": "An array that a program makes is too large.",
        "LIMIT_FRAMES": "A message has too many frames.",
        "LIMIT_BYTES": "A message or one of its frames is too large.",
        "LIMIT_HANDLES": "A client holds too many results.",
        "LIMIT_PROGRAMS": "A client has sent too many programs.",
        "LIMIT_SHARED": "A client has shared too many trees, or too large ones.",
    },
}

ERROR_CODES = frozenset(code for group in ERRORS.values() for code in group)


def document() -> dict[str, Any]:
    """All of it as JSON values, for the registry."""
    return {
        "version": VERSION,
        "programFormat": PROGRAM_FORMAT,
        "constants": {
            "hashBytes": HASH_BYTES,
            "inlineBytes": INLINE_BYTES,
            "largestId": LARGEST_ID,
            "weakIntBits": WEAK_INT_BITS,
            "sharedNameLength": SHARED_NAME_LENGTH,
            "bundleMessages": BUNDLE_MESSAGES,
            "bundleBytes": BUNDLE_BYTES,
        },
        "namedFloats": list(NAMED_FLOATS),
        "devices": list(DEVICES),
        "configuration": list(CONFIGURATION),
        "messages": [message._asdict() | {"fields": list(message.fields)} for message in MESSAGES],
        "context": CONTEXT,
        "statuses": STATUSES,
        "flags": FLAGS,
        "inputs": INPUTS,
        "arguments": ARGUMENTS,
        "trees": TREES,
        "limits": [limit._asdict() for limit in LIMITS],
        "dtypes": [dtype._asdict() for dtype in DTYPES],
        "wideDtypes": list(WIDE_DTYPES),
        "structuralOps": STRUCTURAL_OPS,
        "nestedOps": {name: op._asdict() for name, op in NESTED_OPS.items()},
        "errors": ERRORS,
    }
