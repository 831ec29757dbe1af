/** The caller's line of code: a stack is captured unformatted and read only when an error is shown. */

// Empty in a bundle of CommonJS. This file stands in src/program/ in a checkout, which may be called anything-dist, and
// published in dist/src/ or dist/src/chunks/.
const packageRoot = ((import.meta.url as string | undefined) ?? "").replace(
  /(?:(?<=\/)dist\/)?src\/(?:[^/]*\/)?[^/]*$/,
  "",
);
const OWN_DIRECTORIES = ["src/", "bridge/", "dist/"].map((d) => pathOf(packageRoot + d));
/** Frames kept per captured stack: enough to get from an operator through the library to its caller. */
const FRAMES = 17;
/** Where it is captured once a call and not once an operation: the way through the library is longer there. */
const FRAMES_OF_CALL = 65;
/** Where the caller stands right below: enough for one that does not, once. */
const FRAMES_OF_DIRECT_CALL = 4;

function pathOf(location: string): string {
  return location.startsWith("file://") ? decodeURI(location.slice("file://".length)) : location;
}

export const captureLine = (): object => captured(FRAMES);

/** The line of the caller, for an error that is thrown now. */
export const callersLine = (): string | undefined => lineOf(captured(FRAMES_OF_CALL));

/** The stack of a call that sends, waits or fetches. */
export const captureCall = (): object => captured(FRAMES_OF_CALL);

/**
 * Where a function of this package is called from. A frame costs half a microsecond, a whole stack more than a quarter
 * of what a call costs here: where the caller stands right below the function, as it nearly always does, a few will do.
 */
export class CallSites {
  #frames: number | undefined;

  /** @param below the function that is called: its caller's frame is the first */
  capture(below: (...args: never[]) => unknown): object {
    const stack = captured(this.#frames ?? FRAMES_OF_CALL, below);
    this.#frames ??= outsideAt(framesOf(stack)[0]) === undefined ? FRAMES_OF_CALL : FRAMES_OF_DIRECT_CALL;
    return stack;
  }
}

/** The stack below a function. Without one that of this one's caller, which may be gone: Bun has proper tail calls. */
function captured(frames: number, below: (...args: never[]) => unknown = captured): object {
  const holder = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  Error.captureStackTrace(holder, below);
  Error.stackTraceLimit = limit;
  return holder;
}

/** `tagger.ts:31:17`: the innermost frame outside this package, its path relative to the working directory. */
export function lineOf(stack: object): string | undefined {
  for (const frame of framesOf(stack)) {
    const path = outsideAt(frame);
    if (path === undefined) continue;
    const here = `${globalThis.process?.cwd() ?? ""}/`;
    return path.startsWith(here) ? path.slice(here.length) : path;
  }
  return undefined;
}

const framesOf = (stack: object): readonly string[] =>
  (stack as { stack?: string }).stack?.split("\n").slice(1) ?? [];

/** Where a frame stands, if that is in a file outside this package. */
function outsideAt(frame: string | undefined): string | undefined {
  const location = frame && /\(?((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*:\d+:\d+)\)?$/.exec(frame.trim())?.[1];
  const path = location && pathOf(location);
  return path && !OWN_DIRECTORIES.some((own) => path.startsWith(own)) ? path : undefined;
}
