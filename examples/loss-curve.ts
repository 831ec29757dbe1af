/** The losses of a training run, as a curve: a point for every twenty steps, their mean. */
import { get, type Tensor } from "../src/index.ts";
import type { Curve } from "../src/display/curve.ts";

const STEPS = 20;

export class LossCurve implements Curve {
  readonly name: string;
  readonly points: [step: number, loss: number][] = [];
  readonly #waiting: Tensor<"float32">[] = [];
  #steps = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Takes the loss of the next step. Values are fetched twenty at a time: a step need not wait for the one before. */
  async add(loss: Tensor<"float32">): Promise<void> {
    this.#steps++;
    if (this.#waiting.push(loss) === STEPS) await this.fetch();
  }

  /** The mean loss of the latest steps. */
  async latest(): Promise<number> {
    await this.fetch();
    return this.points.at(-1)![1];
  }

  private async fetch(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const losses = (await get(this.#waiting.splice(0))).map((loss) => loss.item());
    this.points.push([this.#steps, losses.reduce((a, b) => a + b, 0) / losses.length]);
  }
}
