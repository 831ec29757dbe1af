/** The losses of a training run, as a curve: a point for every twenty steps, their mean; and in a terminal as they come. */
import { get, type Progress, progress, progressBar, type Tensor } from "../src/index.ts";
import type { Curve } from "../src/display/curve.ts";

const STEPS = 20;

/** What begins the last line of a terminal anew. */
const AFRESH = "\r\x1b[K";

/** Shows how training goes in the last line of a terminal, what is being compiled too. */
const followed = (name: string): Progress | undefined =>
  process.stderr.isTTY
    ? progress({
        every: STEPS,
        onEvent: (event) => process.stderr.write(`${AFRESH}${name}: ${progressBar(event)}`),
      })
    : undefined;

export class LossCurve implements Curve {
  readonly name: string;
  readonly points: [step: number, loss: number][] = [];
  readonly #waiting: Tensor<"float32">[] = [];
  #steps = 0;
  #progress: Progress | undefined;

  constructor(name: string) {
    this.name = name;
    this.#progress = followed(name);
  }

  /** Takes the loss of the next step. Values are fetched twenty at a time: a step need not wait for the one before. */
  async add(loss: Tensor<"float32">): Promise<void> {
    this.#steps++;
    this.#progress ??= followed(this.name);
    this.#progress?.step(loss);
    if (this.#waiting.push(loss) === STEPS) await this.fetch();
  }

  /** The mean loss of the latest steps, for a line of its own. Few of them are no point yet: their mean says little. */
  async latest(): Promise<number> {
    if (this.points.length === 0 || this.#waiting.length >= STEPS / 2) await this.fetch();
    await this.#progress?.end();
    this.#progress = undefined;
    if (process.stderr.isTTY) process.stderr.write(AFRESH);
    return this.points.at(-1)![1];
  }

  private async fetch(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const losses = (await get(this.#waiting.splice(0))).map((loss) => loss.item());
    this.points.push([this.#steps, losses.reduce((a, b) => a + b, 0) / losses.length]);
  }
}
