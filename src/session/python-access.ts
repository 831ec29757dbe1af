/** Python's modules, as the worker has them that a session has started. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { Kept, Pythonia, PythonRoot } from "../../bridge/python/pythonia.ts";
import { invalid } from "../../bridge/transport/call-options.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import { type ArrayAval, MESSAGE } from "../../bridge/wire/protocol.ts";
import type { Handle } from "../program/handle.ts";
import { isPlainObject } from "../program/plain-object.ts";
import { adopt, NODE, Traced } from "../program/traced.ts";
import { HostTensor } from "../tensor/host-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { markReported } from "./failures.ts";
import type { Handles } from "./handles.ts";
import type { Outbox } from "./outbox.ts";

export interface PythonAccessOptions {
  readonly name: string;
  readonly outbox: Outbox;
  readonly handles: Handles;
  /** Whether the session started its worker. */
  readonly isOwn: () => boolean;
  /** The open channel. */
  readonly channel: () => Promise<Channel>;
  /** The handle of a tensor. */
  readonly handleOf: (tensor: Traced) => Handle;
  /** Puts host data on the device. */
  readonly put: (data: unknown) => Tensor;
}

export class PythonAccess {
  readonly #options: PythonAccessOptions;
  #opened: { readonly channel: Channel; readonly pythonia: Promise<Pythonia> } | undefined;

  constructor(options: PythonAccessOptions) {
    this.#options = options;
  }

  /**
   * The functions of Python that all begins with, in the worker as it is now.
   * @throws {SynjaxError} `INVALID_ARGUMENT` where the session has not started its worker; `SETUP_REQUIRED`
   */
  async root(): Promise<PythonRoot> {
    const { isOwn, name, channel: open } = this.#options;
    if (!isOwn())
      throw invalid(
        "session",
        "a session that started its worker: others must not run any Python there",
        name,
      );
    const channel = await open();
    if (this.#opened?.channel !== channel) this.#opened = { channel, pythonia: this.#open(channel) };
    return (await this.#opened.pythonia).root;
  }

  async #open(channel: Channel): Promise<Pythonia> {
    const { Pythonia } = await import("../../bridge/python/pythonia.ts");
    return Pythonia.open(
      channel,
      (text) => this.#post(channel, text),
      (value, keep) => this.#crossing(value, keep),
    );
  }

  /** After the calls made so far, on whose results it may depend. */
  #post(channel: Channel, text: string): void {
    this.#options.outbox.enqueue({
      send: (current) => {
        if (current === channel) channel.post([MESSAGE.python, 0, text]);
        return undefined;
      },
      fail: () => undefined, // who waits is told by the end of the channel
    });
  }

  /** A value as Python takes it: tensors by their handles, and by name what JSON has no words for. */
  #crossing(value: unknown, keep: Kept[]): unknown {
    if (typeof value === "number" && !Number.isFinite(value)) return { $float: String(value).toLowerCase() };
    if (typeof value === "bigint") return { $int: String(value) };
    if (ArrayBuffer.isView(value) || value instanceof HostTensor) return this.#crossing(this.#options.put(value), keep); // prettier-ignore
    if (value instanceof Traced) {
      const put = value[NODE].kind === "host" ? this.#options.put(value) : value;
      const handle = this.#options.handleOf(put);
      handle.use("an argument of a Python function");
      // It holds the tensor, which is freed where nobody does
      keep.push({
        failure: async () => {
          await handle.launch?.reply.catch(() => undefined);
          return put[NODE] && handle.failure ? markReported(handle.failure) : undefined;
        },
      });
      return { $tensor: handle.id };
    }
    if (Array.isArray(value)) return value.map((item) => this.#crossing(item, keep));
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#crossing(item, keep)]));
  }

  /** An array of Python's as a tensor: the same memory, where it is an array of JAX. */
  async tensor(array: unknown): Promise<Tensor> {
    const root = await this.root();
    const handle = this.#options.handles.create();
    try {
      handle.aval = JSON.parse(await root.asTensor(array, handle.id)) as ArrayAval;
    } catch (error) {
      handle.failure = error instanceof SynjaxError ? error : undefined;
      throw error;
    }
    return adopt(Tensor, { kind: "handle", handle });
  }
}
