import type { Connection } from '@inband/core';
import type { TrailerSection } from './trailer.ts';

/**
 * Where the content of a body goes: the other side of an exchange, in whatever framing that side has.
 *
 * What is given lies in the memory of whoever gives it, and is sent or copied before a method returns. After `pass` nothing is held
 * back; what was gathered is held back until `flush` or `end`, which come before the call that brought the bytes is over. After
 * `end` nothing may be given. Whoever sees `full` stops reading its own side until it is told to go on; what it gives all the same
 * is queued. A sink whose connection has failed takes everything and does nothing: the failure comes by the events of its side.
 */
export interface BodySink {
  /** Content that is all there is of it now. None at all is fine: then a head that waits for company leaves alone. */
  pass(bytes: Buffer, start: number, end: number): void;
  /** Content of which more follows at once. */
  gather(bytes: Buffer, start: number, end: number): void;
  /** Sends what was gathered, and a head that waits for it. */
  flush(): void;
  /** The body is complete; `trailer` is only valid during the call. */
  end(trailer: TrailerSection | undefined): void;
  /** The other side does not keep up. */
  readonly full: boolean;
  /** Where content can go straight, without us and without any framing; undefined where it cannot, also while `full`. */
  readonly direct: Connection | undefined;
}
