/** Frames of one message: a header, then buffers. */
export type Frames = readonly Uint8Array[];

/**
 * Carries messages to one worker and back, in order. Iterating receives. Ask for a message only while one is expected:
 * a pending receive may keep the process alive. The iteration ends when the transport is closed, and throws when it
 * breaks.
 */
export interface Transport extends AsyncIterable<Frames> {
  /** False where the peer is known to be gone. Read it only right before sending: reading can delay a receive. */
  readonly connected: boolean;
  /** Queues a message. Its frames are not copied: they must not change any more. */
  send(frames: Frames): void;
  /** Closes the connection at once and drops what has not been sent. */
  close(): void;
}
