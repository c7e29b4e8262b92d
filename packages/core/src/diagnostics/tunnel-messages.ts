import type { SockAddr } from '../base/address.ts';

/** From here on bytes are relayed both ways, and not understood. */
export interface TunnelStarted {
  readonly event: 'started';
  /** Undefined where a plugin relays without saying for whom. */
  readonly session: number | undefined;
  readonly address: SockAddr;
  readonly server: SockAddr;
}

/** One side has finished sending. The other may go on. */
export interface TunnelHalfClosed {
  readonly event: 'half-closed';
  readonly session: number | undefined;
  readonly side: 'client' | 'server';
  /** Bytes from the client so far. */
  readonly bytesIn: number;
  /** Bytes to the client so far. */
  readonly bytesOut: number;
}

/** Both connections are closed. */
export interface TunnelClosed {
  readonly event: 'closed';
  readonly session: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /**
   * Whose connection broke, that neither side sent anything, that one side had finished and the other did not, that an
   * operator ended it, or a limit; undefined when both sides finished.
   */
  readonly failed: 'client' | 'server' | 'idle' | 'half-closed' | 'operator' | 'limit' | undefined;
}

export type TunnelMessage = TunnelStarted | TunnelHalfClosed | TunnelClosed;
