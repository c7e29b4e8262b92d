import type { ClientConnection, LinkedListElement, LiveSession, Patience } from '@inband/core';
import type { ExchangePlan } from './plan.ts';

/** A client's connection, as the protocol proxy that it belongs to knows it. */
export interface OpenConnection extends LinkedListElement<OpenConnection> {
  readonly client: ClientConnection;
  /** It serves no request after the one that it has. The proxy sets it. */
  closing: boolean;
  /** Whether a relay carries it: a tunnel, or an upgraded connection. */
  readonly isTunnel: boolean;
  /** What it serves now, if anything. */
  readonly live: LiveSession | undefined;
  /** Closes it between requests, as patience has it. One without a request so far has `FIRST_MOMENT` at least. */
  drain(patience: Patience): void;
  /** The proxy has a successor, which serves the next request. A busy connection moves after its answer. */
  move(): void;
  /** Closes it now. */
  destroy(error?: Error): void;
}

/** The protocol proxy that a connection belongs to. */
export interface ConnectionOwner {
  readonly plan: ExchangePlan;
  /** Its configuration is replaced, so that connections move to its successor before their next request. */
  readonly isRetired: boolean;
  /** How long idle connections stay while it drains. */
  readonly patience: Patience;
  /** The connection is closed. */
  forget(connection: OpenConnection): void;
  /** The client of a connection is served by another one from now on. */
  replace(connection: OpenConnection, other: OpenConnection): void;
  /** Gives the connection to the proxy of the same service in a newer configuration, if there is one, and returns that. */
  moveToSuccessor(connection: OpenConnection): ConnectionOwner | undefined;
}
