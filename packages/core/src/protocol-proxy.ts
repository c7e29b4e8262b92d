import type { Service } from './service.ts';
import type { ClientConnection } from './session.ts';

/** Understands one protocol on behalf of one service. Seed: Proxy. */
export interface ProtocolProxy {
  /** The service. A proxy that does not say is taken to do what its clients' server streams allow, and nothing else. */
  readonly service?: Service;
  /** Takes over the client's connection (paused) and everything about it until it is closed. */
  accept(client: ClientConnection): void;
  /** Client connections that are open. */
  readonly open: number;
  /**
   * Finishes: idle connections close now, busy ones after what they are doing. Resolves when none is left.
   * Tunnels only end when a side ends them, or by `close`.
   */
  drain(): Promise<void>;
  /** Closes everything at once. */
  close(): void;
}
