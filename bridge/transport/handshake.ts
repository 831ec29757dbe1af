/** What two peers of ZMTP say to each other before the first message, and what that does to the messages. */
import { commandBody, type Frame, METADATA } from "./zmtp-frames.ts";

/** What follows from a command of the peer during the handshake. */
export interface Step {
  /** The body of the command to answer with. */
  readonly answer?: Uint8Array;
  /** Whether messages may follow. */
  readonly isReady: boolean;
}

/** The client's side of one connection. */
export interface Handshake {
  readonly mechanism: "NULL" | "CURVE";
  /** The body of the first command. */
  begin(): Uint8Array;
  /** @throws Error where the peer says what it must not */
  hear(name: string, rest: Uint8Array): Step;
  /** The body that carries a frame, encrypted; absent where frames go as they are. */
  seal?(frame: Frame): Uint8Array;
  /** @throws Error where it is not of the peer, or not the next */
  open?(sealed: Uint8Array): Frame;
}

/** No secrets: both sides say what they are. */
export const withoutSecurity = (): Handshake => ({
  mechanism: "NULL",
  begin: () => commandBody("READY", METADATA),
  hear: (name) => ({ isReady: name === "READY" }),
});
