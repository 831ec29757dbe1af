/** Frames of one message: a header, then buffers. */
export type Frames = readonly Uint8Array[];

/**
 * Carries messages to one worker and back, in order. Iterating receives: ask for a message only while one is expected,
 * because a transport may keep the process alive while it is asked. The iteration ends when the transport is closed and
 * throws when it breaks.
 */
export interface Transport extends AsyncIterable<Frames> {
  /** False where the peer is known to be gone. Ask only just before sending: zeromq may miss a message otherwise. */
  readonly connected: boolean;
  /** Queues a message. Its frames are sent as they are, without copying: they must not change any more. */
  send(frames: Frames): void;
  /** Ends it at once; what has not been sent is dropped. */
  close(): void;
}
