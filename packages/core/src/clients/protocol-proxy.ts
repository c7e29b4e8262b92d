import type { ProxyError } from '../base/errors.ts';
import type { Service } from '../routing/service.ts';
import type { ClientConnection } from '../session/session.ts';

/**
 * Milliseconds that a client has for its first request, or the first bytes of it, when it was accepted just before or while
 * a proxy drains.
 */
export const FIRST_MOMENT = 1_000;

/** Understands one protocol on behalf of one service. Seed: Proxy. */
export interface ProtocolProxy {
  /** The service. A proxy that does not say is taken to do what its clients' server streams allow, and nothing else. */
  readonly service?: Service;
  /** Takes over the client's connection (paused) and everything about it until it is closed. */
  accept(client: ClientConnection): void;
  /**
   * Takes over a client that is not to be served, and tells it why; soon it is closed. A protocol that has no words for that
   * leaves this out, and its clients are reset.
   */
  refuse?(client: ClientConnection, error: ProxyError): void;
  /** Client connections that are open. */
  readonly open: number;
  /**
   * Finishes: idle connections close now, busy ones after what they are doing. One that has not asked for anything yet has a
   * moment to do so, since it may have been accepted just now; so has each that is accepted from now on, for one request.
   * Resolves when none of those that are open at the call is left; may be called again, for those that came later. Tunnels
   * only end when a side ends them, or by `close`.
   */
  drain(): Promise<void>;
  /** Closes everything at once. */
  close(): void;
}
