/** `synjax-ts/python`: Python's modules, in the process that holds the tensors. */
import { invalid } from "../bridge/transport/call-options.ts";
import { Session } from "./session/session.ts";
import type { Tensor } from "./tensor/tensor.ts";

/**
 * Anything of Python's that is no number, text, boolean or None: a proxy. An attribute or item is read when it is awaited,
 * a call runs when it is made. A name with `$` at its end takes keyword arguments last: `f$(1, { axis: 0 })`.
 */
export interface PythonObject extends AsyncIterable<PythonObject> {
  <T = PythonObject>(...args: readonly unknown[]): Promise<T>;
  readonly [name: string | number]: PythonObject;
  /** Call it for what `repr` says: `await x.toString<string>()`. */
  readonly toString: PythonObject;
  /** Call it for a copy: lists and dicts become arrays and objects, and so do arrays of numbers. */
  readonly valueOf: PythonObject;
}

/**
 * A module of Python, in the worker's process: `await python(session, "math")`, or a file, `"./model.py"`.
 *
 * Tensors cross as handles and not as copies, also in arrays and objects; typed arrays are put on the device. Functions
 * cross as callbacks, which Python may call while it is called from here. For what is called often: a call takes a
 * round trip of more than a hundred microseconds, and nothing in it is recorded, compiled or differentiated.
 *
 * @throws {SynjaxError} `INVALID_ARGUMENT` for a session that has not started its worker: this runs any code there.
 *   `SETUP_REQUIRED` where the package pythonia is not installed; `PYTHON_FAILED` with Python's stack, and so do calls.
 */
export async function python(session: Session, module: string): Promise<PythonObject> {
  if (!(session instanceof Session)) throw invalid("session", "a session", String(session));
  if (typeof module !== "string" || module === "")
    throw invalid("module", "the name of a module or the path of a file", String(module));
  const root = await session.python.root();
  if (!module.includes("/")) return (await root.module(module)) as PythonObject;
  const path = module.startsWith("/") ? module : `${process.cwd()}/${module}`;
  const [directory, file] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
  return (await root.fileImport(file.replace(/\.py$/, ""), path, directory)) as PythonObject;
}

/**
 * An array of Python's (of JAX, NumPy or a list of numbers) as a tensor of the session. An array of JAX is not copied.
 * @throws {SynjaxError} as `python`
 */
export async function asTensor(session: Session, array: PythonObject): Promise<Tensor> {
  if (!(session instanceof Session)) throw invalid("session", "a session", String(session));
  return session.python.tensor(array);
}
