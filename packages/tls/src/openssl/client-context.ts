import { getCACertificates } from 'node:tls';
import { VERIFY_NONE, VERIFY_PEER } from './calls.ts';
import type { SslPointer, StorePointer } from './calls.ts';
import type { Channel } from './channel.ts';
import { SharedContext } from './context.ts';
import { OpenSslEngine } from './engine.ts';
import type { EngineOwner } from './engine.ts';
import { SessionCache } from './sessions.ts';
import { applyCommon, demand, protocolList, storeOf } from './settings.ts';
import type { CommonSettings } from './settings.ts';

/** How a client asks. The authorities are those of Node.js by default. Read-only. */
export interface ClientSettings extends CommonSettings {
  /** Whether the server's chain must lead to an authority. Names are judged by others, from the certificate. Default: true. */
  readonly verify?: boolean;
  /** Protocols that are offered, by preference. Default: none. */
  readonly alpn?: readonly string[];
}

/** Makes engines that ask servers, and keeps their sessions. Throws a {@link TlsConfigurationError} if something cannot be set. */
export class OpenSslClientContext implements EngineOwner {
  readonly side = 'client';
  readonly tickets = undefined;
  readonly #context: SharedContext;
  readonly #sessions: SessionCache;

  /** `defaultStore` is that of the authorities of Node.js, and belongs to the caller. */
  constructor(channel: Channel, settings: ClientSettings, defaultStore: () => StorePointer) {
    this.#sessions = new SessionCache(channel.calls, settings.verify ?? true);
    this.#context = new SharedContext(channel, 'client', () => this.#sessions.clear());
    try {
      this.#apply(settings, defaultStore);
    } catch (error) {
      this.#context.release();
      throw error;
    }
  }

  #apply(settings: ClientSettings, defaultStore: () => StorePointer): void {
    const { calls, pointer } = this.#context;
    const { verify = true, alpn = [] } = settings;
    applyCommon(calls, pointer, settings);
    calls.setVerification(pointer, verify ? VERIFY_PEER : VERIFY_NONE);
    if (settings.ca !== undefined || settings.crl !== undefined) {
      const store = storeOf(calls, settings.ca ?? getCACertificates('default'), settings.crl);
      calls.setStore(pointer, store);
      calls.freeStore(store);
    } else if (verify) calls.setStore(pointer, defaultStore());
    if (alpn.length === 0) return;
    demand(calls, calls.offerProtocols(pointer, protocolList(alpn)), 'The protocols cannot be offered');
  }

  /**
   * The caller frees it. Throws after `release`. With a `sessionKey` it resumes the last session that was kept under that key, and
   * keeps its own: what differs between servers that do not know each other belongs into it.
   */
  engine(serverName: string | undefined, sessionKey: string | undefined = serverName): OpenSslEngine {
    const { channel, calls, pointer } = this.#context;
    this.#context.enter();
    const ssl = calls.newConnection(pointer, 'client');
    if (serverName !== undefined && !calls.setServerName(ssl, serverName)) {
      calls.freeConnection(ssl);
      this.#context.leave();
      demand(calls, false, `"${serverName}" cannot be asked for`);
    }
    if (sessionKey !== undefined) this.#sessions.resume(ssl, sessionKey);
    return new OpenSslEngine(channel, this, ssl, sessionKey);
  }

  keepSession(ssl: SslPointer, key: string): void {
    if (!this.#context.isReleased) this.#sessions.keep(ssl, key);
  }

  left(): void {
    this.#context.leave();
  }

  /** No more engines. What the context holds is freed when the last one is gone. */
  release(): void {
    this.#context.release();
  }
}
