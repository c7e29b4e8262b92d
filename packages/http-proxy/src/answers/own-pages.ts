import {
  PolicyConfigurationError,
  type ClientConnection,
  type HostPort,
  type Service,
  type SockAddr,
} from '@inband/core';
import { notForwardable } from '../message/head/faults.ts';
import { ownPathOf, type OwnPath } from '../message/own-path.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { PROTECTION } from './html-page.ts';
import type { OwnAnswer } from './own-answer.ts';
import { type HowReached, OWN_NAME, ownPage } from './own-page.ts';
import { compilePacRules, type PacRules } from './pac-rules.ts';
import { pacText } from './pac-text.ts';

/** Short, because an operator who changes the list does not want to wait. */
const PAC_SECONDS = 300;

/** The part of the options of a service that its pages depend on. */
export interface OwnPagesOptions {
  /** Our name, for `Proxy-Status`. */
  readonly via: string;
  /** What browsers reach without the proxy: see {@link compilePacRules}. */
  readonly pacDirect: readonly string[];
}

/** The pages of a forward proxy itself: how to use it, and the file by which browsers set themselves up. */
export class OwnPages {
  readonly #service: Service;
  readonly #pseudonym: string;
  readonly #direct: readonly string[];
  #pac: PacRules;
  /** The generation of the zones that `#pac` was made from. */
  #generation: number;

  /** Throws a `PolicyConfigurationError` for an entry of `pacDirect` that is none. */
  constructor(service: Service, { pacDirect, via }: OwnPagesOptions) {
    this.#service = service;
    this.#pseudonym = via;
    this.#direct = pacDirect;
    this.#pac = this.#compile();
    this.#generation = service.policy.generation;
  }

  /**
   * The page that a request asks for, or undefined where it is for a server. A request without a server (origin-form), and one for the
   * address by which the client reached the proxy, or for {@link OWN_NAME}, ask for a page. Nothing is connected to for it, so the check
   * for loops has nothing to do. A client that policy admits to nothing gets what it would get without these pages.
   */
  find(request: RequestHead, client: ClientConnection): OwnAnswer | undefined {
    const isDirect = request.form === 'origin';
    if (!isDirect && !(request.form === 'absolute' && isItself(request.target, client.local))) return undefined;
    const path = ownPathOf(request);
    const local = localOf(client);
    if (path === undefined || local === undefined || !this.#service.policy.admits(client.address)) {
      if (isDirect) throw notForwardable();
      return undefined;
    }
    const { target } = request;
    const proxy = proxyOf(target, local, client);
    const how = { isSecure: client.tls !== undefined, comesThrough: !isDirect };
    return this.#answer(path, proxy, how, request.method);
  }

  #compile(): PacRules {
    const { name, policy } = this.#service;
    return compilePacRules(`services.${name}.http`, ['pacDirect'], this.#direct, policy.zones);
  }

  /** Made anew when zones have changed. Where these have become too many for a browser, it is what it was. */
  #currentPac(): PacRules {
    const { generation } = this.#service.policy;
    if (generation === this.#generation) return this.#pac;
    this.#generation = generation;
    try {
      this.#pac = this.#compile();
    } catch (error) {
      if (!(error instanceof PolicyConfigurationError)) throw error;
    }
    return this.#pac;
  }

  #answer(path: OwnPath, proxy: HostPort, how: HowReached, method: string): OwnAnswer {
    const isPage = path === '/';
    const content = isPage ? ownPage(proxy, how) : pacText(this.#currentPac(), proxy, how.isSecure);
    const fields: OwnAnswer['fields'] = [
      ['Content-Type', isPage ? 'text/html; charset=utf-8' : 'application/x-ns-proxy-autoconfig'],
      ['Content-Length', String(Buffer.byteLength(content))],
      ['Cache-Control', isPage ? 'no-store' : `private, max-age=${PAC_SECONDS}`],
      ...PROTECTION,
      ['Cross-Origin-Resource-Policy', 'same-origin'],
      ['Proxy-Status', this.#pseudonym],
    ];
    return { status: 200, reason: 'OK', fields, ...(method !== 'HEAD' && { content }) };
  }
}

/** The address by which browsers reach the proxy: by TLS it is a name that a certificate is for. */
function proxyOf({ host, port }: HostPort, local: HostPort, { tls }: ClientConnection): HostPort {
  if (host === OWN_NAME) return tls?.serverName === undefined ? local : { host: tls.serverName, port: local.port };
  return { host, port };
}

/** Looked at for every request: without an allocation. */
function isItself({ host, port }: HostPort, local: SockAddr): boolean {
  if (host === OWN_NAME) return port === 80;
  return local.family !== 'unix' && port === local.port && host === local.address;
}

/** Where a client reached us that came of its own accord, over IP and not through another service. */
function localOf({ local, originalDestination, serverStream }: ClientConnection): HostPort | undefined {
  if (local.family === 'unix' || originalDestination !== undefined || serverStream !== undefined) return undefined;
  return { host: local.address, port: local.port };
}
