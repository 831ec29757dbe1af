/** Reading functions, and their weights, from a file. */
import { Container } from "../../bridge/files/container.ts";
import { PIECE } from "../../bridge/files/hashes.ts";
import { checkPlugins } from "../../bridge/files/plugin-ops.ts";
import { filledTree, type Schema, type SchemaFunction } from "../../bridge/files/schema.ts";
import { checkOps, readStored, type Stored } from "../../bridge/files/stored.ts";
import { besideOf, weightsFrom } from "../../bridge/files/weights.ts";
import { sizeOf } from "../../bridge/wire/answer.ts";
import type { HostArray } from "../../bridge/wire/dtypes.ts";
import type { ArrayAval } from "../../bridge/wire/protocol.ts";
import type { Constant } from "../program/body.ts";
import { Program } from "../program/program.ts";
import { isRecording } from "../program/recording.ts";
import { shown } from "../program/signatures.ts";
import { adopt, Traced } from "../program/traced.ts";
import { currentSession, sessionOf } from "../session/current-session.ts";
import { Session } from "../session/session.ts";
import { Tensor } from "../tensor/tensor.ts";
import { withoutAvals } from "../transforms/abstract-arguments.ts";
import { refused } from "../transforms/trees.ts";
import { checkShapes, inputOf, type Placed, placed } from "./call-arguments.ts";
import type { AnyFunctions, Functions, LoadedFunctions, LoadOptions } from "./types.ts";
import { HeldTensors } from "./held-tensors.ts";

/** What a file holds. */
export interface Model<F> {
  readonly functions: F;
  readonly schema: Schema;
  /** What the one who saved it wrote. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Under which name the worker has its weights, where it was loaded with `shared`: see `session.unshare`. */
  readonly sharedAs: string | undefined;
  /** Frees its weights on the devices where they are; a later call puts them there again. */
  readonly dispose: () => void;
  readonly [Symbol.dispose]: () => void;
}

/**
 * The functions of a file that `save` wrote: `const { functions } = await load<{ tag: typeof tag }>("tagger.synjax")`.
 * Their weights are part of them: they are put on the device of a session at the first call there, once for all
 * functions. Every size and hash is checked before; the worker of `session`, if this process has started it, reads
 * them meanwhile.
 * @throws {SynjaxError} `INVALID_ARGUMENT`: the file is cut, was changed, is of a newer format, or contradicts itself;
 *   weights are missing, or of another dtype or shape. `UNKNOWN_OP` with the names of what this version does not have,
 *   or of plugins that the session's worker does not have; without a session the first call says that. `LIMIT_SHARED`:
 *   with `shared`, where the worker takes no more
 */
export async function load<F extends Functions = never, HasParams extends boolean = true>(
  path: string,
  options: LoadOptions = {},
): Promise<Model<[F] extends [never] ? AnyFunctions : LoadedFunctions<F, HasParams>>> {
  if (typeof path !== "string") throw refused("load", "path", "the name of a file", shown(path));
  const { session, shared = false } = options;
  if (session !== undefined && !(session instanceof Session))
    throw refused("load", "session", "a session, which connect() gives", shown(session));
  if (typeof shared !== "boolean") throw refused("load", "shared", "true or false", shown(shared));
  if (shared && session === undefined)
    throw refused("load", "session", "a session, whose worker is to share the weights", "none");
  const { stored, held } = await readFile(path, options.weights, (stored, held) => {
    if (!session?.info) return;
    checkPlugins(path, stored.plugins, session.info);
    if (session.info.readsFiles && !shared) held.on(session); // it reads them while they are checked here
  });
  const sharedAs = shared && held.size > 0 ? await held.share(session!) : undefined;
  const functions = Object.fromEntries(
    Object.entries(stored.schema.functions).map(([name, of]) => {
      const program = new Program(stored.programs[of.program]!, of.outputs.map((_, i) => i)); // prettier-ignore
      return [name, functionOf(name, of, program, held, session)];
    }),
  );
  const dispose = (): void => held.dispose();
  return {
    functions: functions as never,
    schema: stored.schema,
    metadata: stored.metadata,
    sharedAs,
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/**
 * @param begun what can begin before the bytes of the tensors are compared with their hashes
 * @throws as `load`
 */
async function readFile(
  path: string,
  given: string | undefined,
  begun: (stored: Stored, held: HeldTensors) => void,
): Promise<{ readonly stored: Stored; readonly held: HeldTensors }> {
  using container = new Container(path);
  const stored = readStored(container);
  checkOps(path, stored);
  const { weights, weightsFile } = stored.schema;
  const elsewhere =
    given ?? (weightsFile === null ? undefined : besideOf(path, weightsFile, container.wrong));
  const tensors = elsewhere === undefined ? new Map<string, HostArray>() : weightsFrom(elsewhere, weights);
  const own = [...container.header.entries.keys()].filter((name) => !tensors.has(name));
  for (const name of own) tensors.set(name, container.tensor(name));
  const said = own.filter(
    (name) => stored.format > 1 || sizeOf(avalOf({ host: tensors.get(name)! })!) <= PIECE,
  );
  const digests = said.map((name) => [name, stored.tensors[name]!] as const);
  const held = new HeldTensors(tensors, new Map(digests));
  begun(stored, held);
  try {
    await container.check(new Map(own.map((name) => [name, stored.tensors[name]!])), stored.format > 1);
  } catch (error) {
    await held.abandon();
    throw error;
  }
  return { stored, held };
}

function functionOf(
  name: string,
  of: SchemaFunction,
  program: Program,
  held: HeldTensors,
  fixed: Session | undefined,
): unknown {
  const source = { name };
  const { flags } = of;
  const nameOf = (input: number): string => {
    const at = of.inputs[input]!;
    if ("weight" in at) return at.weight;
    if ("constant" in at) return at.constant;
    return `an argument of ${name}`;
  };

  const inputsOf = (
    args: readonly unknown[],
    avals: ReadonlyMap<unknown, ArrayAval>,
  ): { readonly session: Session; readonly inputs: readonly (Constant | { readonly aval: ArrayAval })[] } => {
    if (isRecording())
      throw refused(name, "call", "a call outside of recorded functions", "one inside of one");
    const found = placed(name, of, args);
    const values = [...found.values()].map(({ value }) => value);
    const session = fixed ?? sessionOf(values.filter((each) => each instanceof Traced)) ?? currentSession();
    session.flush();
    const given = new Map<number, Constant | { readonly aval: ArrayAval }>();
    for (const [place, each] of found) {
      const aval = avals.get(each.value);
      given.set(place, aval ? { aval } : inputOf(name, each, session));
    }
    checkShapes(name, [...found].map(([place, each]): [Placed, ArrayAval | undefined] => [each, avalOf(given.get(place)!)])); // prettier-ignore
    const own = held.on(session);
    const inputs = of.inputs.map((input, i) => {
      if ("weight" in input) return own.get(input.weight)!;
      return "constant" in input ? own.get(input.constant)! : given.get(i)!;
    });
    return { session, inputs };
  };

  const run = (args: readonly unknown[]): { readonly session: Session; readonly results: unknown } => {
    const { session, inputs } = inputsOf(args, new Map());
    const options = { nameOf, source, batchable: flags.batchable, debugNans: flags.debugNans };
    const handles = session.launch(program, inputs as readonly Constant[], options);
    const tensors = handles.map((handle) => adopt(Tensor, { kind: "handle", handle }));
    return { session, results: filledTree(of.results, (place) => tensors[place]) };
  };

  const call = async (...args: readonly unknown[]): Promise<unknown> => {
    const { session, results } = run(args);
    const found = await session.get(results);
    dispose(results);
    return found;
  };
  const compile = async (...args: readonly unknown[]): Promise<void> => {
    const avals = new Map<unknown, ArrayAval>();
    const planned = args.map((arg, i) => withoutAvals(arg, of.arguments[i]?.name ?? "arguments", avals));
    const { session, inputs } = inputsOf(planned, avals);
    await session.compile(program, inputs, [], { nameOf, source, debugNans: flags.debugNans });
  };
  Object.defineProperty(call, "name", { value: name });
  return Object.assign(call, { launch: (...args: readonly unknown[]) => run(args).results, compile });
}

function avalOf(input: Constant | { readonly aval: ArrayAval }): ArrayAval | undefined {
  if ("aval" in input) return input.aval;
  if ("host" in input) return [input.host.dtype, input.host.shape, false];
  return "handle" in input ? (input.handle.aval as ArrayAval | undefined) : undefined;
}

function dispose(results: unknown): void {
  if (results instanceof Tensor) results.dispose();
  else if (typeof results === "object" && results !== null)
    for (const each of Object.values(results)) dispose(each);
}
