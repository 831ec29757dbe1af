/** What everyday use costs beside the barest way to do the same. */
import { transportRows } from "./everyday-transports.ts";
import { report } from "./table.ts";

report("everyday", [...(await transportRows())]);
