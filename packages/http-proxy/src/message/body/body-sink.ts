import type { Connection } from '@inband/core';
import type { TrailerSection } from './trailer.ts';

/**
 * Takes the content of a body, and sends it to the other side of an exchange in the framing of that side.
 *
 * The caller owns the memory of what it gives. The sink sends or copies it before a method returns. After `pass` nothing is held back.
 * What was gathered is held back until `flush` or `end`, which come before the call that brought the bytes is over. After `end` nothing
 * may be given. A caller that sees `full` stops reading its own side until it is told to go on. What it gives all the same is queued. A
 * sink whose connection has failed takes everything and does nothing, because the events of its side report the failure.
 */
export interface BodySink {
  /** All the content that there is now. It may be empty. A head that waits in the send buffer is sent with it. */
  pass(bytes: Buffer, start: number, end: number): void;
  /** Content of which more follows at once. */
  gather(bytes: Buffer, start: number, end: number): void;
  /** Sends what was gathered, and a head that waits for it. */
  flush(): void;
  /** The body is complete. `trailer` is only valid during the call. */
  end(trailer: TrailerSection | undefined): void;
  /** The other side does not keep up. */
  readonly full: boolean;
  /** The connection to which content can be spliced, without framing. Undefined where that is impossible, also while `full`. */
  readonly direct: Connection | undefined;
  /** Bytes that may be spliced before the sink is asked again. Undefined: as many as there are. */
  readonly mostDirect?: number | undefined;
  /** So many bytes were spliced to {@link direct}. */
  splicedTo?(bytes: number): void;
}
