/**
 * pythonia's proxies over a line to a worker that this process has started: the other half runs there, in
 * `worker/pythonia.py`. Its own way to start Python, and its own pipes, are not used.
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { SynjaxError } from "../errors.ts";
import type { Channel } from "../transport/channel.ts";
import type { PythonSaid } from "../wire/answer.ts";
import { Line } from "./line.ts";

/** What is used of pythonia 1.2.6. Its files have no types. */
interface Com {
  register(id: string | number, hear: Hears): void;
  write(what: { readonly r: number }, answered?: Hears): void;
  writeRaw(text: string, r: number, answered: Hears): void;
}
/** An answer to `r`, or with `c` something that Python asks. */
type Said = Readonly<Record<string, unknown>>;
type Hears = (said: Said) => unknown;
type Stack = readonly (string | number)[];
export type Keywords = Record<string, unknown>;

interface Bridge {
  makePyObject(ffid: number, shown?: string): PythonRoot;
  call(ffid: number, stack: Stack, args: readonly unknown[], keywords: Keywords | undefined, set: boolean, timeout?: number): Promise<unknown>; // prettier-ignore
  get(ffid: number, stack: Stack, args: readonly unknown[], quietly?: boolean): Promise<unknown>;
  len(ffid: number, stack: Stack): Promise<number>;
  value(ffid: number, stack: Stack): Promise<unknown>;
  inspect(ffid: number, stack: Stack): Promise<string>;
  end(): void;
  /** Frees each second what is garbage here. */
  readonly loop: NodeJS.Timeout;
}
type BridgeClass = new (com: Com) => Bridge;

/** The functions of Python that all begins with. */
export interface PythonRoot {
  module(name: string): Promise<unknown>;
  fileImport(name: string, path: string, directory: string): Promise<unknown>;
  /** Makes a handle with this id of an array; its type, as JSON. */
  asTensor(value: unknown, id: number): Promise<string>;
}

/** Something that must live until it has arrived. */
export interface Kept {
  /** Why there is nothing that could arrive. */
  failure(): Promise<SynjaxError | undefined>;
}

/** What a value of this side becomes on its way to Python; `keep` takes what must live until then. */
export type Crosses = (value: unknown, keep: Kept[]) => unknown;

const require = createRequire(import.meta.url);
const FILES = "pythonia/src/pythonia";
/** Between the two stacks of an exception. */
const ACROSS = "\n\nPython:\n";

/** pythonia's Bridge. It gives requests up after 100 s unless it is told not to, by the environment, while it loads. */
function loaded(): BridgeClass {
  const before = process.env["REQ_TIMEOUT"];
  process.env["REQ_TIMEOUT"] = "0";
  try {
    // Its own text reads source files and colours them, and throws where one is not there
    (require(`${FILES}/errors.js`) as { getErrorMessage: unknown }).getErrorMessage = errorText;
    return (require(`${FILES}/Bridge.js`) as { Bridge: BridgeClass }).Bridge;
  } catch (error) {
    throw new SynjaxError("SETUP_REQUIRED", "The package pythonia is not installed: npm install pythonia@1.2.6", {
      cause: error,
    });
  } finally {
    if (before === undefined) delete process.env["REQ_TIMEOUT"];
    else process.env["REQ_TIMEOUT"] = before;
  }
}

const errorText = (called: string, stack: string, trace: string): string =>
  `PythonException: ${called}: ${lastLine(trace)}\n${stack}${ACROSS}${trace.trimEnd()}`;

const lastLine = (trace: string): string => trace.trimEnd().split("\n").at(-1)!.trim();

/** An exception of Python's as an error of ours, with both stacks. */
function pythonError(error: unknown): unknown {
  const [stack, trace] = ((error as { stack?: string } | undefined)?.stack ?? "").split(ACROSS);
  if (trace === undefined) return error;
  const [first] = stack!.split("\n");
  const found = new SynjaxError("PYTHON_FAILED", `${first!.replace("PythonException: ", "")}${ACROSS}${trace}`);
  found.stack = `${found.name}: ${found.message}\n\nJavaScript:\n${stack!.split("\n").slice(1).join("\n")}`;
  return found;
}

/** Python, as the worker of one channel has it. */
export class Pythonia {
  readonly root: PythonRoot;
  readonly #bridge: Bridge;

  private constructor(com: LineCom, crosses: Crosses) {
    this.#bridge = crossing(new (loaded())(com), crosses, com);
    this.#bridge.loop.unref(); // a process ends when nothing is asked any more
    this.root = this.#bridge.makePyObject(0);
    com.onLost(() => this.#bridge.end());
  }

  /**
   * @param post sends a message in order with the calls of the session
   * @throws {SynjaxError} `SETUP_REQUIRED` where pythonia is not installed
   */
  static async open(channel: Channel, post: (text: string) => void, crosses: Crosses): Promise<Pythonia> {
    const com = new LineCom(channel, post);
    const python = new Pythonia(com, crosses);
    await com.begin(dirname(require.resolve(`${FILES}/Bridge.js`)));
    return python;
  }
}

/** A bridge whose arguments cross as what Python takes them for, and whose errors are ours. */
function crossing(bridge: Bridge, crosses: Crosses, com: LineCom): Bridge {
  const guarded = async <T>(asked: () => Promise<T>): Promise<T> => {
    try {
      return await com.unlessLost(asked());
    } catch (error) {
      throw pythonError(error);
    }
  };
  const { call, get, len, value, inspect } = bridge;
  bridge.call = (ffid, stack, args, keywords, ...rest) =>
    guarded(async () => {
      const kept: Kept[] = [];
      const crossed = args.map((arg) => crosses(arg, kept));
      const named = keywords && (crosses(keywords, kept) as Keywords);
      try {
        return await call.call(bridge, ffid, stack, crossed, named, ...rest);
      } catch (error) {
        const failures = await Promise.all(kept.map((each) => each.failure()));
        throw failures.find((failure) => failure !== undefined) ?? error;
      }
    });
  bridge.get = (...asked) => guarded(() => get.apply(bridge, asked));
  bridge.len = (...asked) => guarded(() => len.apply(bridge, asked));
  bridge.value = (...asked) => guarded(() => value.apply(bridge, asked));
  bridge.inspect = (...asked) => guarded(() => inspect.apply(bridge, asked));
  return bridge;
}

/** Milliseconds in which the end of a worker is known once its line has ended. */
const KNOWN_WITHIN = 5_000;
/** Milliseconds after which who has asked something looks whether the worker still lives. */
const SOON = 1_000;
/** How a message begins to name a tensor; in a text of the user's the quotes are escaped. */
const NAMES_TENSOR = '{"$tensor":';

/** Carries pythonia's messages; it keeps the process alive only while something is asked. */
class LineCom implements Com {
  readonly #lost: Promise<never>;
  /** Why nothing can be asked any more. */
  #end: { readonly error: unknown } | undefined;
  readonly #channel: Channel;
  readonly #post: (text: string) => void;
  #line: Line | undefined;
  /** While something is asked for long the channel is: its heartbeat tells of a worker that hangs. */
  #soon: NodeJS.Timeout | undefined;
  #looking: (() => void) | undefined;
  readonly #events = new Map<string, Hears>();
  /** Who waits, and is told when the worker is lost. */
  readonly #waiting = new Set<(error: unknown) => void>();
  /** By the number of a request: who hears its answer, and what ends the wait for it. */
  readonly #asked = new Map<number, { readonly hears: Hears; readonly end: () => void }>();

  constructor(channel: Channel, post: (text: string) => void) {
    this.#channel = channel;
    this.#post = post;
    this.#lost = channel.closed.then((error) => {
      this.#line?.close();
      throw error ?? new SynjaxError("SESSION_CLOSED", "The session has been closed");
    });
    this.#lost.catch((error: unknown) => this.#refuse(error));
  }

  onLost(end: () => void): void {
    void this.#lost.catch(end);
  }

  /**
   * What `asked` gives, or the end of the worker where that comes first. `Promise.race` would do but for one thing: what
   * has been given would live as long as the worker, and Python could never free it.
   */
  unlessLost<T>(asked: Promise<T>): Promise<T> {
    if (this.#end) {
      asked.catch(() => undefined);
      return Promise.reject(this.#end.error as Error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const over = (): void => void this.#waiting.delete(reject);
      asked.finally(over).then(resolve, reject);
    });
  }

  /** Has the worker open the line, and load pythonia's half of itself. */
  async begin(directory: string): Promise<void> {
    const end = this.#channel.awaiting();
    const place = new Promise<PythonSaid>((resolve) => {
      this.#channel.hearsPython = resolve;
    });
    this.#post(directory);
    const said = await this.unlessLost(place).finally(end);
    if ("error" in said) throw new SynjaxError("PYTHON_FAILED", `no line to Python can be opened: ${said.error}`); // prettier-ignore
    this.#line = new Line(said, (each) => this.#take(each), (why) => this.#ended(why)); // prettier-ignore
    const { key, sig } = await this.unlessLost(new Promise<Said>((resolve) => this.#ask(0, resolve)));
    if (key !== "ready")
      throw new SynjaxError("PYTHON_FAILED", `pythonia does not load in the worker: ${String(sig)}`);
  }

  /** The line is at its end: with the worker, which its channel will say, or alone. */
  #ended(why: Error | undefined): void {
    if (this.#end) return;
    const end = this.#channel.awaiting();
    const alone = setTimeout(() => {
      end();
      this.#refuse(new SynjaxError("PYTHON_FAILED", "the line to Python has ended", { cause: why }));
    }, KNOWN_WITHIN);
    this.onLost(() => clearTimeout(alone));
  }

  #refuse(error: unknown): void {
    this.#end = { error };
    clearTimeout(this.#soon);
    this.#looking?.();
    for (const { end } of this.#asked.values()) end();
    this.#asked.clear();
    for (const reject of this.#waiting) reject(error);
  }

  #ask(r: number, hears: Hears): void {
    if (this.#end) return; // who asks is told
    if (this.#asked.size === 0)
      this.#soon = setTimeout(() => (this.#looking = this.#channel.awaiting()), SOON).unref();
    this.#asked.set(r, { hears, end: this.#line!.hold() });
  }

  #answered(r: number, end: () => void): void {
    this.#asked.delete(r);
    end();
    if (this.#asked.size > 0) return;
    clearTimeout(this.#soon);
    this.#looking?.();
    this.#looking = undefined;
  }

  register(id: string | number, hears: Hears): void {
    if (typeof id === "string") this.#events.set(id, hears);
    else this.#ask(id, hears);
  }

  write(what: { readonly r: number }, answered?: Hears): void {
    if (answered) this.#ask(what.r, answered);
    this.#send(JSON.stringify(what));
  }

  writeRaw(text: string, r: number, answered: Hears): void {
    this.#ask(r, answered);
    this.#send(text);
  }

  /** Before what names tensors something empty is said: it waits for a mark that goes after the calls that make them. */
  #send(text: string): void {
    if (text.includes(NAMES_TENSOR)) {
      this.#post("");
      this.#line!.write("");
    }
    this.#line!.write(text);
  }

  #take(said: Said): void {
    const event = typeof said["c"] === "string" ? this.#events.get(said["c"]) : undefined;
    if (event) return void event(said);
    const r = said["r"] as number;
    const asked = this.#asked.get(r);
    // What is true is said before the answer
    if (!asked) return;
    let isBefore: boolean;
    try {
      isBefore = asked.hears(said) === true;
    } catch (error) {
      isBefore = asked.hears({ r, key: "error", sig: String(error) }) === true;
    }
    if (!isBefore) this.#answered(r, asked.end);
  }
}
