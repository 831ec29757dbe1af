/** Which tracers a statement is asked of. */
import { SynjaxError } from "../../bridge/errors.ts";
import { contextStorage } from "../../bridge/worker/async-context.ts";
import { currentFrame } from "../program/recording.ts";
import { lineOf } from "../program/source-line.ts";
import { draw } from "./draw.ts";
import type { Outcome, Statement } from "./statement.ts";

/** A tracer that sees what became of a statement. */
export type ScopeTracer = (statement: Statement, next: (statement: Statement) => Outcome) => Outcome;

export interface Scope {
  readonly tracer: ScopeTracer;
  readonly outer: Scope | undefined;
  /** The frame of the function that was being recorded when it was opened. */
  readonly frame: object | undefined;
  /** The statements so far by name, of a scope that keeps or draws something for each. */
  readonly names: Map<string, object> | undefined;
  /** Whether it only gives keys to draws: what is hidden from tracers still needs one. */
  readonly givesKeys: boolean;
}

interface Held {
  readonly scope: Scope | undefined;
}

const held = contextStorage<Held>();

export const currentScope = (): Scope | undefined => held.getStore()?.scope;

/** Runs `body` with its statements asked of the tracers of `scope`. */
export function inScope<R>(scope: Scope | undefined, body: () => R): R {
  return held.run({ scope }, body);
}

export interface ScopeOptions {
  /** Names are refused that are used twice: of what keeps or draws something for each statement. */
  readonly collects?: boolean;
  readonly givesKeys?: boolean;
  readonly outer?: Scope | undefined;
}

/** Runs `body` with one more tracer, inside those that there are. */
export function traced<R>(tracer: ScopeTracer, body: () => R, options: ScopeOptions = {}): R {
  const outer = "outer" in options ? options.outer : currentScope();
  const names = options.collects ? new Map<string, object>() : undefined;
  const givesKeys = options.givesKeys ?? false;
  return inScope({ tracer, outer, frame: currentFrame(), names, givesKeys }, body);
}

/** Asks the tracers about a statement, from the innermost on; what none answers is drawn. */
export function perform(statement: Statement): unknown {
  const scope = currentScope();
  checkPlace(statement, scope);
  return ask(statement, scope).value;
}

/** The scopes around that give keys, without what else there is. */
export function keysOnly(scope: Scope | undefined): Scope | undefined {
  if (!scope) return undefined;
  const outer = keysOnly(scope.outer);
  return scope.givesKeys ? { ...scope, outer } : outer;
}

/** What becomes of a statement where it is asked of these tracers. */
export function ask(statement: Statement, scope: Scope | undefined): Outcome {
  if (!scope) return { statement, value: draw(statement) };
  // What a tracer says itself is asked of those outside it
  return inScope(scope.outer, () => scope.tracer(statement, (changed) => ask(changed, scope.outer)));
}

function checkPlace(statement: Statement, scope: Scope | undefined): void {
  let collecting = scope;
  while (collecting && !collecting.names) collecting = collecting.outer;
  if (!collecting) return;
  const { name, stack } = statement;
  if (collecting.frame !== currentFrame())
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `\`${name}\` is stated inside a transformation (scan, vmap, grad, cond …) of a part of the program, where a variable would be another in each turn: state it outside, with a plate or a batch shape for several`,
      { argument: name, line: lineOf(stack) },
    );
  const earlier = collecting.names!.get(name);
  if (earlier) {
    const [first, second] = [lineOf(earlier), lineOf(stack)];
    throw new SynjaxError(
      "INVALID_ARGUMENT",
      `\`${name}\` is stated twice, at ${first ?? "an unknown line"} and at ${second ?? "an unknown line"}: every variable of a program has its own name`,
      { argument: name, expected: "a name that is not used yet", received: name, line: second },
    );
  }
  collecting.names!.set(name, stack);
}
