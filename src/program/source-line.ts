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

function pathOf(location: string): string {
  return location.startsWith("file://") ? decodeURI(location.slice("file://".length)) : location;
}

export const captureLine = (): object => captured(FRAMES);

/** The line of the caller, for an error that is thrown now. */
export const callersLine = (): string | undefined => lineOf(captured(FRAMES_OF_CALL));

/** The stack of a call that sends, waits or fetches. */
export const captureCall = (): object => captured(FRAMES_OF_CALL);

/** The stack below this function: that of its caller may be gone, for Bun has proper tail calls. */
function captured(frames: number): object {
  const holder = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  Error.captureStackTrace(holder, captured);
  Error.stackTraceLimit = limit;
  return holder;
}

/** `tagger.ts:31:17`: the innermost frame outside this package, its path relative to the working directory. */
export function lineOf(stack: object): string | undefined {
  const text = (stack as { stack?: string }).stack;
  for (const line of text?.split("\n").slice(1) ?? []) {
    const location = /\(?((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*:\d+:\d+)\)?$/.exec(line.trim())?.[1];
    if (!location) continue;
    const path = pathOf(location);
    if (OWN_DIRECTORIES.some((own) => path.startsWith(own))) continue;
    const here = `${globalThis.process?.cwd() ?? ""}/`;
    return path.startsWith(here) ? path.slice(here.length) : path;
  }
  return undefined;
}
