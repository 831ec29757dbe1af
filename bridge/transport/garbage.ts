/**
 * Collects garbage now, and waits until finalizers have run. The engine would not do it by itself in time: it sees only
 * small objects, although each of them may hold much device memory.
 */
export async function collectGarbage(): Promise<void> {
  (globalThis.gc ?? (await exposedCollector()))();
  await turn();
  await turn();
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

// The flag gives `gc` to contexts that are made later, not to the current one.
async function exposedCollector(): Promise<() => void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import("node:v8"),
    import("node:vm"),
  ]);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
