/** What launches take: whether it is there, and what they are given to keep. */
import { SynjaxError } from "../../bridge/errors.ts";
import type { Constant } from "../program/body.ts";
import type { Handle, HandleOwner } from "../program/handle.ts";
import { callersLine } from "../program/source-line.ts";
import { poisoned } from "./failures.ts";
import type { Launch } from "./launch.ts";
import type { InputType, NameOf } from "./wire-input.ts";

const anInput: NameOf = () => "an input of this call";

/** @throws {SynjaxError} `OTHER_SESSION`, `HANDLE_DONATED`, `HANDLE_DISPOSED`, `HANDLE_LOST`, `SESSION_CLOSED` */
export function checkInputs(
  inputs: readonly InputType[],
  owner: HandleOwner,
  nameOf: NameOf = anInput,
): void {
  inputs.forEach((input, i) => {
    if (!("handle" in input)) return;
    if (input.handle.owner !== owner)
      throw new SynjaxError(
        "OTHER_SESSION",
        `${nameOf(i)} lives in ${input.handle.owner.name}, the call runs in ${owner.name}: fetch it and put it here`,
        { line: callersLine() },
      );
    input.handle.use(() => nameOf(i));
  });
}

/**
 * The handles of the inputs at these places, which the call may overwrite.
 * @throws {SynjaxError} `INVALID_ARGUMENT` where one of them is shared, or used twice
 */
export function donatedBy(
  inputs: readonly Constant[],
  donated: readonly number[],
  nameOf: NameOf = anInput,
): ReadonlySet<Handle> {
  for (const i of donated) {
    const { handle } = inputs[i] as { readonly handle?: Handle };
    if (handle?.sharedAs !== undefined) throw isShared(handle.sharedAs, nameOf(i));
  }
  const given = new Set(donated.map((i) => inputs[i]!).flatMap((c) => ("handle" in c ? [c.handle] : [])));
  let uses = 0;
  for (const input of inputs) if ("handle" in input && given.has(input.handle)) uses++;
  if (uses > given.size)
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      "a tensor that this call is given to keep (donateArgnums) is another argument of it too, or is used inside",
      { argument: "donateArgnums" },
    );
  return given;
}

function isShared(name: string, what: string): SynjaxError {
  return new SynjaxError(
    "INVALID_ARGUMENT",
    `${what} is shared as ${JSON.stringify(name)}, and others read it: it cannot be given to a call to keep (donateArgnums)`,
    {
      argument: "donateArgnums",
      expected: "a tensor that is not shared",
      received: what,
      line: callersLine(),
    },
  );
}

/** Why a launch cannot run, where an input went with its worker. */
export function lostInput({ inputs, stack }: Launch): SynjaxError | undefined {
  for (const input of inputs) {
    if (!("handle" in input)) continue;
    const lost = input.handle.lost("an input of this call");
    if (lost) return input.handle.failure ? poisoned(input.handle.failure, stack) : lost;
  }
  return undefined;
}
