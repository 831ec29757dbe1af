/** A launch on its way out. Every call makes one: it has methods and no functions of its own. */
import type { SynjaxError } from "../../bridge/errors.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import type { Launch } from "./launch.ts";
import type { Outgoing } from "./outbox.ts";

/** What can become of a launch that waits to be sent. */
export interface Ways {
  send(launch: Launch, channel: Channel): Promise<unknown> | undefined;
  fail(launch: Launch, error: SynjaxError): void;
  bytes(launch: Launch): number;
}

/** A launch that waits to be sent. */
export class OutgoingLaunch implements Outgoing {
  readonly #ways: Ways;
  readonly #launch: Launch;
  readonly order?: () => number;

  constructor(ways: Ways, launch: Launch, order?: () => number) {
    this.#ways = ways;
    this.#launch = launch;
    if (order) this.order = order;
  }

  send(channel: Channel): Promise<unknown> | undefined {
    return this.#ways.send(this.#launch, channel);
  }

  fail(error: SynjaxError): void {
    this.#ways.fail(this.#launch, error);
  }

  bytes(): number {
    return this.#ways.bytes(this.#launch);
  }
}
