/**
 * What everyday use costs beside the barest way to do the same. `--rows 50000 --rounds 1 --megabytes 50` makes it small, to try.
 */
import { parseArgs } from "node:util";
import { fileRows } from "./everyday-files.ts";
import { scoringRows } from "./everyday-scoring.ts";
import { transportRows } from "./everyday-transports.ts";
import { report } from "./table.ts";

const { values: given } = parseArgs({
  args: process.argv.slice(3),
  options: {
    rows: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    megabytes: { type: "string", default: "1024" },
  },
});
report("everyday", [
  ...(await scoringRows(Number(given.rows), Number(given.rounds))),
  ...(await fileRows(Number(given.megabytes))),
  ...(await transportRows()),
]);
