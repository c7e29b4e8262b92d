import type { SockAddr } from '../base/address.ts';
import type { Held } from './places/counts.ts';

/** What a connection has of the limits of its service, from its acceptance to its end. */
export interface ConnectionPlace {
  readonly client: SockAddr;
  readonly held: Held;
  /** Whoever has authenticated on it last, and what it has of the limits of a user. */
  user: string | undefined;
  heldByUser: Held;
}
