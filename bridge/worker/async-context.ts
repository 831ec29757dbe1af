/** A value that what a function starts can see, also after an `await`. */
export interface ContextStorage<T> {
  run<R>(value: T, body: () => R): R;
  getStore(): T | undefined;
}

/** Holds a value while a synchronous function runs: what an async one does after an `await` is no part of it. */
export class SynchronousStorage<T> implements ContextStorage<T> {
  #value: T | undefined;

  run<R>(value: T, body: () => R): R {
    const outer = this.#value;
    this.#value = value;
    try {
      return body();
    } finally {
      this.#value = outer;
    }
  }

  getStore(): T | undefined {
    return this.#value;
  }
}

/**
 * Node's storage, which follows a value across awaits (Deno and Bun have it too); where there is none (a browser), one
 * that does not. It is looked up, so that loading needs no Node.
 */
export function contextStorage<T>(): ContextStorage<T> {
  const { process } = globalThis as { readonly process?: typeof globalThis.process };
  const hooks = process?.getBuiltinModule?.("node:async_hooks");
  return hooks ? new hooks.AsyncLocalStorage<T>() : new SynchronousStorage<T>();
}
