/** Trees of tensors that have a name on the worker: one copy there for all its clients. */
import { SynjaxError } from "../../bridge/errors.ts";
import { invalid } from "../../bridge/transport/call-options.ts";
import type { Channel } from "../../bridge/transport/channel.ts";
import type { Reply } from "../../bridge/wire/answer.ts";
import {
  type ArrayAval,
  DEFAULT_LIMITS,
  MESSAGE,
  SHARED_NAME_LENGTH,
  TREE,
} from "../../bridge/wire/protocol.ts";
import { type SharedTree, type TreeNode, treeOf } from "../../bridge/wire/trees.ts";
import type { Handle, HandleOwner } from "../program/handle.ts";
import { callersLine, captureCall, lineOf } from "../program/source-line.ts";
import { adopt, type Traced } from "../program/traced.ts";
import { isBranch } from "../program/tree.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Backoff, pause, type RetryOptions } from "./backoff.ts";
import type { Retrying } from "./calling.ts";
import { atLine, isSynjaxError, remoteError } from "./failures.ts";
import type { Handles } from "./handles.ts";
import type { Outbox } from "./outbox.ts";

/** How a tree is shared. */
export interface ShareOptions {
  /** Takes a name that is in use away from the tree that has it. What was taken by it stays as it is. Default false. */
  readonly replace?: boolean;
  /** Takes typed arrays over instead of copying them: they must not change any more. */
  readonly transfer?: boolean;
}

export interface SharedTreesOptions {
  readonly owner: HandleOwner;
  readonly outbox: Outbox;
  readonly handles: Handles;
  /** The handle of a tensor. */
  readonly handleOf: (tensor: Traced) => Handle;
  /** Whether what the worker has no room for is sent again. */
  readonly retry: () => boolean | RetryOptions | undefined;
  readonly retrying: Retrying;
}

/** The shared trees that one session asks for. */
export class SharedTrees {
  readonly #options: SharedTreesOptions;
  /** The start of the worker in which a name was last known to be there. */
  readonly #known = new Map<string, number>();

  constructor(options: SharedTreesOptions) {
    this.#options = options;
  }

  /** @param tree tensors of this session */
  async share(name: string, tree: unknown, replace: boolean): Promise<void> {
    const { handleOf } = this.#options;
    const nodes: (TreeNode | Handle)[] = [];
    flattenInto(nodes, tree, handleOf);
    const handles = nodes.filter((node): node is Handle => isHandle(node));
    const header = (): unknown[] => [
      MESSAGE.share,
      name,
      nodes.map((node) => (isHandle(node) ? node.id : node)),
      replace,
    ];
    const before = handles.map((handle) => handle.sharedAs);
    for (const handle of handles) handle.sharedAs ??= name; // nobody may give it away meanwhile
    try {
      await this.#call(name, header, handles);
    } catch (error) {
      handles.forEach((handle, i) => (handle.sharedAs = before[i]));
      throw error;
    }
  }

  async take(name: string): Promise<unknown> {
    const { owner, handles } = this.#options;
    let [first, most] = [0, 0];
    const header = ({ info }: Channel): unknown[] => {
      most = info.limits["results"] ?? DEFAULT_LIMITS.results;
      first = handles.reserve(most);
      return [MESSAGE.shared, name, first];
    };
    const { result } = await this.#call(name, header, []);
    const [nodes, avals] = result as SharedTree;
    if (avals.length > most)
      throw new SynjaxError(
        "BAD_MESSAGE",
        `The worker sent a tree of ${avals.length} leaves; at most ${most}`,
      );
    const epoch = this.#known.get(name);
    return treeOf(nodes, (leaf) => {
      const handle = handles.create(first + leaf);
      if (epoch !== undefined && epoch !== owner.epoch) handle.epoch = epoch; // lost since the answer came
      handle.aval = avals[leaf] as ArrayAval;
      handle.sharedAs = name;
      return adopt(Tensor, { kind: "handle", handle });
    });
  }

  async unshare(name: string): Promise<void> {
    await this.#call(name, () => [MESSAGE.unshare, name], []);
    this.#known.delete(name);
  }

  /** Sends a message in its turn; `header` is it without the `seq`. */
  #call(
    name: string,
    header: (channel: Channel) => readonly unknown[],
    uses: readonly Handle[],
  ): Promise<Reply> {
    const { owner, outbox, retry, retrying } = this.#options;
    const stack = captureCall();
    const backoff = new Backoff(retry());
    const answered = new Promise<Reply>((resolve, reject: (error: unknown) => void) => {
      const send = (channel: Channel): undefined => {
        for (const handle of uses) {
          const lost = handle.failure ?? handle.lost("a tensor that is shared");
          if (lost) return void reject(atLine(lost, stack));
        }
        const { epoch } = owner;
        const seq = channel.nextSeq();
        const [type, ...fields] = header(channel);
        channel.call(seq, [type, seq, ...fields], []).then(
          (reply) => {
            this.#known.set(name, epoch);
            resolve(reply);
          },
          (failure: unknown) => {
            const error = isSynjaxError(failure) ? undefined : remoteError(failure);
            const delay = error?.code === "OVERLOADED" && !error.poisoned ? backoff.next(error) : undefined;
            if (delay === undefined) return reject(this.#localError(failure, name, stack));
            retrying(name, error!, backoff.attempts, delay);
            outbox.enqueueAfter(pause(delay, undefined), outgoing);
          },
        );
        return undefined;
      };
      const outgoing = { send, fail: (error: SynjaxError): void => reject(atLine(error, stack)) };
      outbox.enqueue(outgoing);
    });
    return outbox.track(answered);
  }

  #localError(failure: unknown, name: string, stack: object): SynjaxError {
    if (isSynjaxError(failure)) return atLine(failure, stack);
    const { code, message, argument, expected, received, trace } = remoteError(failure);
    const known = this.#known.get(name);
    const line = lineOf(stack);
    if (code === "INVALID_ARGUMENT" && argument === "name" && known !== undefined) {
      if (known !== this.#options.owner.epoch)
        return new SynjaxError(
          "HANDLE_LOST",
          `${JSON.stringify(name)} was lost when the worker ended: share it again (the session has a new worker)`,
          { argument, expected, received, line },
        );
    }
    return new SynjaxError(code, message, { argument, expected, received, remote: trace, line });
  }
}

const isHandle = (node: TreeNode | Handle): node is Handle =>
  typeof node === "object" && node !== null && !Array.isArray(node);

/** Appends the nodes of a tree whose leaves are on the device. */
function flattenInto(
  nodes: (TreeNode | Handle)[],
  tree: unknown,
  handleOf: SharedTreesOptions["handleOf"],
): void {
  if (tree === undefined || tree === null) return void nodes.push(null);
  if (Array.isArray(tree)) {
    nodes.push([TREE.list, tree.length]);
    for (const item of tree) flattenInto(nodes, item, handleOf);
    return;
  }
  if (tree instanceof Tensor) return void nodes.push(handleOf(tree));
  if (!isBranch(tree)) throw notATensor(tree);
  const keys = Object.keys(tree).sort();
  const unwritable = keys.find((key) => UNPAIRED.test(key));
  if (unwritable !== undefined) throw invalid("tree", "keys that are text", unwritable);
  nodes.push([TREE.dict, ...keys]);
  for (const key of keys) flattenInto(nodes, tree[key], handleOf);
}

const UNPAIRED = /\p{Cs}/u;
const CONTROL = /[\p{Cc}\p{Cs}]/u;

function notATensor(value: unknown): SynjaxError {
  const received = (value as object).constructor.name;
  return new SynjaxError("NOT_A_TENSOR", `share: \`tree\`: expected tensors, got a ${received}`, {
    argument: "tree",
    expected: "tensors",
    received,
    line: callersLine(),
  });
}

/** @throws {SynjaxError} `INVALID_ARGUMENT` */
export function checkSharedName(name: unknown): asserts name is string {
  if (
    typeof name === "string" &&
    name !== "" &&
    [...name].length <= SHARED_NAME_LENGTH &&
    !CONTROL.test(name)
  )
    return;
  throw invalid("name", `1 to ${SHARED_NAME_LENGTH} characters, none of them a control character`, name);
}
