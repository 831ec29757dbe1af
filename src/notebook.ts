/** `synjax-ts/notebook`: what cells of a notebook show, and how they are interrupted, under Deno's Jupyter kernel. */
import { shortenErrors, type SynjaxError } from "../bridge/errors.ts";
import { short } from "./display/heat-map.ts";
import { htmlLines } from "./display/html-table.ts";
import { refused } from "./program/refused.ts";
import { checkCall, shown } from "./program/signatures.ts";
import { beginInterrupts, interrupt } from "./session/interrupts.ts";
import { type DisplayBundle, JUPYTER_DISPLAY } from "./tensor/notebook.ts";

/** What a notebook shows where a cell ends in it. */
export interface Displayed {
  readonly [JUPYTER_DISPLAY]: () => DisplayBundle | Promise<DisplayBundle>;
}

/** As much of Deno's kernel as is used here. https://docs.deno.com/api/deno/~/Deno.jupyter */
interface Kernel {
  broadcast(type: string, content: Readonly<Record<string, unknown>>): Promise<void>;
}

/** As much of a process as is used here: Node's, as Deno has it. */
interface Process {
  on(event: "SIGINT", listener: () => void): unknown;
  readonly stderr?: { readonly isTTY?: boolean; write(text: string): unknown };
}

const surroundings = globalThis as { Deno?: { readonly jupyter?: Kernel }; process?: Process };

/** Deno's kernel, where cells run in it: elsewhere `Deno.jupyter` throws. */
function kernelHere(): Kernel | undefined {
  try {
    return surroundings.Deno?.jupyter;
  } catch {
    return undefined;
  }
}
const kernel = kernelHere();

// Without a listener the signal by which Jupyter interrupts a cell ends the kernel, and all tensors with it.
if (kernel) {
  beginInterrupts();
  shortenErrors();
  surroundings.process?.on("SIGINT", interrupt);
}

/**
 * A picture as what a cell shows: of what `toSVG` gives, or one of `pictures`.
 *
 *     picture(crf.toSVG({ positions: words, labels: tags }))
 *
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it is no SVG, when it is shown where it is a promise
 */
export function picture(svg: string | Promise<string>): Displayed {
  if (typeof svg === "string") checkPicture(svg);
  else if (!(svg instanceof Promise)) throw noPicture(svg);
  else svg.catch(() => undefined); // the cell that shows it tells
  return {
    [JUPYTER_DISPLAY]: async () => {
      const found = await svg;
      checkPicture(found);
      return { "text/plain": "picture", "image/svg+xml": found };
    },
  };
}

/**
 * Lines of cells as what a cell shows: a table, the first line its head. Texts stay as they are, numbers have four digits.
 *
 *     table([["word", "tag"], ...words.map((word, i) => [word, tags[i]])])
 *
 * @throws {SynjaxError} `INVALID_ARGUMENT` where it is no list of lists, or there is no head
 */
export function table(lines: readonly (readonly unknown[])[]): Displayed {
  checkCall("table", { takes: { lines: "list" } }, [lines]);
  if (lines.length === 0 || !lines.every((line) => Array.isArray(line)))
    throw refused("table", "lines", "lists of cells, the first the head", shown(lines));
  const cells = lines.map((line) =>
    line.map((cell) => (typeof cell === "number" ? short(cell) : String(cell))),
  );
  const plain = cells.map((line) => line.join("\t")).join("\n");
  return { [JUPYTER_DISPLAY]: () => ({ "text/plain": plain, "text/html": htmlLines(cells) }) };
}

function checkPicture(svg: unknown): asserts svg is string {
  if (typeof svg !== "string" || !svg.trimStart().startsWith("<svg")) throw noPicture(svg);
}

const noPicture = (svg: unknown): SynjaxError =>
  refused("picture", "svg", "an SVG or the promise of one", shown(svg));

/**
 * A function that shows what it is told in one place below the cell, each time instead of what stood there: for
 * `onProgress` and `onEvent` of what takes long.
 *
 *     mcmc(nuts(model), { onProgress: inPlace(mcmcProgressBar) })
 *
 * What `format` gives is shown as a cell shows it, texts as they are. In a terminal the texts are one line of the standard
 * error stream that is written anew; where there is neither notebook nor terminal, nothing is shown.
 */
export function inPlace<T = unknown>(format: (told: T) => unknown = (told) => told): (told: T) => void {
  checkCall("inPlace", { takes: { format: "function?" } }, [format]);
  const place = { display_id: `synjax-${++places}-${Date.now().toString(36)}` };
  let type = "display_data";
  let last: unknown;
  /** Pictures come later; of two the later one stays. */
  const show = (bundle: DisplayBundle): void => {
    void kernel?.broadcast(type, { data: bundle, metadata: {}, transient: place });
    type = "update_display_data";
  };
  return (told) => {
    const value = (last = format(told));
    if (!kernel) return void writeLine(value);
    const display = (value as Partial<Displayed> | undefined | null)?.[JUPYTER_DISPLAY];
    if (!display) return show({ "text/plain": String(value) });
    void Promise.resolve(display.call(value)).then(
      (bundle) => (last === value ? show(bundle) : undefined),
      (error: unknown) => show({ "text/plain": String(error) }),
    );
  };
}
let places = 0;

function writeLine(value: unknown): void {
  const stream = surroundings.process?.stderr;
  if (stream?.isTTY && typeof value === "string") stream.write(`\r${value}\x1b[K`);
}
