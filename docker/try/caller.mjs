// What the trial runs beside the worker, in the app image: `caller.mjs long` has a call on the worker while that is told to
// end, `caller.mjs stranger` calls with keys that the worker does not know.
import { array, connect, jit, np, scan } from "synjax-ts";

const address = process.env.SYNJAX_ADDRESS;

async function long() {
  const session = await connect(address, { keys: process.env.SYNJAX_KEYS, retry: false });
  const products = jit(
    (x) => scan((y) => [np.tanh(np.matmul(y, y)), 0], x, undefined, { length: 2_000 })[0].mean(),
    { batchable: false },
  );
  const x = np.eye(512).add(array(0.5));
  await products.compile(x);
  const value = products(x).item();
  await session.counters(); // what was sent before this is there
  console.log("the call is on the worker");
  console.log("answered:", await value);
  await session.close();
}

async function stranger() {
  const { readFileSync } = await import("node:fs");
  const own = JSON.parse(readFileSync(process.env.SYNJAX_KEYS, "utf8"));
  const refusals = [{}, { keys: { ...own, worker: own.public } }];
  for (const options of refusals) {
    const said = await connect(address, { ...options, startTimeout: 60_000 }).then(
      () => "no refusal",
      (error) => error.code,
    );
    console.log(said);
    if (said !== "UNAUTHORIZED") process.exitCode = 1;
  }
}

await { long, stranger }[process.argv[2]]();
process.exit();
