/** A value that what a function starts can see, also after an `await`. */
export interface ContextStorage<T> {
  run<R>(value: T, body: () => R): R;
  getStore(): T | undefined;
}

/** Node's storage; `undefined` where there is none (a browser). It is looked up, so that loading needs no Node. */
export function asyncContext<T>(): ContextStorage<T> | undefined {
  const { process } = globalThis as { readonly process?: typeof globalThis.process };
  const hooks = process?.getBuiltinModule?.("node:async_hooks");
  return hooks && new hooks.AsyncLocalStorage<T>();
}
