/**
 * Has the engine collect what is unreachable, and waits until finalizers have run. It does not know of device memory,
 * so a small object here may hold much there.
 */
export async function collectGarbage(): Promise<void> {
  (globalThis.gc ?? (await exposedCollector()))();
  await turn();
  await turn();
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

// A context that is made after the flag was set has the function; the one that exists does not get it.
async function exposedCollector(): Promise<() => void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
