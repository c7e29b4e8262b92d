import type { ClientAuth } from '../base/implementation.ts';
import { sessionContextOf } from '../base/session-context.ts';
import { VERIFY_PEER, VERIFY_REQUIRED } from './calls.ts';
import type { Channel } from './channel.ts';
import { SharedContext } from './context.ts';
import { OpenSslEngine } from './engine.ts';
import type { EngineOwner } from './engine.ts';
import { derOf } from './pem.ts';
import { applyCommon, demand, protocolList, storeOf } from './settings.ts';
import type { CommonSettings, EngineIdentity } from './settings.ts';
import { ContextTickets } from './tickets.ts';
import type { TicketKeySource } from './tickets.ts';

/** How a server answers. Complete and read-only. */
export interface ServerSettings extends CommonSettings {
  readonly identity: EngineIdentity;
  /** Protocols by preference. Default: none, and what clients offer is passed over. Otherwise one without a common one is refused. */
  readonly alpn?: readonly string[];
  /** Default: off. `request` believes a client without a certificate, but not one with a certificate that does not hold. */
  readonly clientAuth?: ClientAuth;
  /** Without it the tickets of this context are of use for it alone. */
  readonly tickets?: TicketKeySource;
}

/** Makes engines that answer clients. Throws a {@link TlsConfigurationError} if something cannot be set. */
export class OpenSslServerContext implements EngineOwner {
  readonly side = 'server';
  readonly boundsSessions: boolean;
  readonly tickets: ContextTickets | undefined;
  readonly #context: SharedContext;

  constructor(channel: Channel, settings: ServerSettings) {
    this.#context = new SharedContext(channel, 'server');
    this.boundsSessions = (settings.clientAuth ?? 'off') !== 'off';
    try {
      this.tickets = this.#apply(settings);
    } catch (error) {
      this.#context.release();
      throw error;
    }
  }

  #apply(settings: ServerSettings): ContextTickets | undefined {
    const { calls, pointer } = this.#context;
    applyCommon(calls, pointer, settings);
    const { alpn = [], clientAuth = 'off', tickets } = settings;
    if (clientAuth !== 'off') this.#askForCertificates(settings);
    if (alpn.length > 0) calls.chooseProtocols(pointer, protocolList(alpn));
    const id = Buffer.from(sessionContextOf(settings), 'latin1');
    demand(calls, calls.setSessionContext(pointer, id), 'The context of sessions is not usable');
    return tickets === undefined ? undefined : new ContextTickets(calls, pointer, tickets);
  }

  #askForCertificates(settings: ServerSettings): void {
    const { calls, pointer } = this.#context;
    calls.holdTickets(pointer);
    const ca = settings.ca ?? [];
    const store = storeOf(calls, ca, settings.crl);
    calls.setStore(pointer, store);
    calls.freeStore(store);
    for (const certificate of derOf(ca, 'CERTIFICATE')) {
      demand(calls, calls.announceAuthority(pointer, certificate), 'An authority cannot be announced');
    }
    calls.setVerification(pointer, settings.clientAuth === 'require' ? VERIFY_REQUIRED : VERIFY_PEER);
  }

  /** The caller frees it. Throws after `release`. */
  engine(): OpenSslEngine {
    const context = this.#context;
    context.enter();
    return new OpenSslEngine(context.channel, this, context.calls.newConnection(context.pointer, 'server'));
  }

  left(): void {
    this.#context.leave();
  }

  /** No more engines. What the context holds is freed when the last one is gone. */
  release(): void {
    this.#context.release();
  }
}
