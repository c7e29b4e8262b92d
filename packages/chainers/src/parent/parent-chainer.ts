import {
  type Carrier,
  type Chainer,
  definePlugin,
  type Logger,
  type ProxyError,
  type ProxyErrorCode,
  type RequestForm,
  type Session,
} from '@inband/core';
import type { z } from 'zod';
import { checkConnectOptions, DEFAULT_CONNECT_TIMEOUT, refuseForgeAddr } from '../options/connect-options.ts';
import { configurationError } from '../options/configuration-error.ts';
import { tlsFor, tlsSettings } from '../options/tls-settings.ts';
import { addressesOf } from '../pool/options/server-options.ts';
import { type PoolChainerDeps, poolOf } from '../pool/pool-chainer.ts';
import { PooledChainer } from '../pool/pooled-chainer.ts';
import type { ParentAuth } from './auth-options.ts';
import { ChainedParents, type ParentsOfSessions } from './chained-parents.ts';
import type { SocksLogin } from './handshake/socks5.ts';
import { DigestLogin } from './login/digest-login.ts';
import { FixedLogin } from './login/fixed-login.ts';
import { noLogin, passedLogin } from './login/http-login.ts';
import { NegotiateLogin } from './login/negotiate-login.ts';
import { UserLogin } from './login/user-login.ts';
import { ParentCarrier } from './parent-carrier.ts';
import { ParentConnector } from './parent-connector.ts';
import { type ParentOptions, parentOptions, tlsToParents } from './parent-options.ts';
import { type PreparedLogin, prepareLogin } from './prepare-login.ts';
import { httpProtocol, type ParentProtocol, socks4aProtocol, socks5Protocol } from './protocols.ts';

export type { ParentAuth } from './auth-options.ts';
export type { ParentOptions } from './parent-options.ts';

/** Connects by other proxies: they are asked for what clients ask for. */
export class ParentChainer extends PooledChainer implements ParentsOfSessions {
  /** Requests that ask for another protocol do not go to a parent as they are. */
  override readonly looksAtRequest: boolean;
  readonly relaysConnect: boolean;
  readonly #carrier: ParentCarrier;

  /** Throws a `ProxyError` if one of the parents cannot be reached with these options. `prepared`: by {@link prepareLogin}. `now`: milliseconds. */
  constructor(
    options: ParentOptions,
    deps: PoolChainerDeps,
    prepared: PreparedLogin = {},
    now: () => number = () => performance.now(),
  ) {
    checkConnectOptions(options);
    const { local, forgeAddr = false, proxyProtocol, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    const connector = new ParentConnector({
      establishConnection: deps.establishConnection,
      resolver: deps.resolver,
      local,
      attempt: { forgeAddr, proxyProtocol, connectTimeout },
      serverTls: tlsFor({ tls: tlsToParents(options) }, addressesOf(options), deps),
      protocol: protocolOf(options, prepared, deps.logger),
      resolve: options.resolve ?? 'remote',
    });
    super('parent', poolOf(options, connector, deps, now), connector);
    const takesRequests = options.protocol === 'http' || options.protocol === 'https';
    this.looksAtRequest = takesRequests || this.pool.looksAtRequest;
    this.relaysConnect = takesRequests && options.auth === 'pass';
    this.#carrier = new ParentCarrier(this.pool, connector);
  }

  /** The way through the parents, for chainers whose servers are behind them. */
  get carrier(): Carrier {
    return this.#carrier;
  }

  carriedEnded(session: Session): void {
    this.#carrier.sessionEnded(session);
  }

  /** A parent that took a request is not to blame for a target that does not answer, or breaks off. */
  protected override blames(error: ProxyError): boolean {
    return super.blames(error) && !OF_TARGETS.has(error.code);
  }
}

/** What a parent that has a request may not be able to prevent. */
const OF_TARGETS: ReadonlySet<ProxyErrorCode> = new Set([
  'connection_read_timeout',
  'connection_write_timeout',
  'http_response_incomplete',
  'http_response_timeout',
]);

function protocolOf(
  { protocol, auth }: ParentOptions,
  prepared: PreparedLogin,
  logger: Pick<Logger, 'warn'>,
): ParentProtocol {
  switch (protocol) {
    case 'http':
    case 'https':
      return httpProtocol((parent) => loginOf(auth, prepared, parent, logger));
    case 'socks5':
      return socks5Protocol(socksLogin(auth, prepared));
    case 'socks4a':
      return socks4aProtocol(socksLogin(auth, prepared)?.user ?? '');
  }
}

function loginOf(
  auth: ParentAuth | undefined,
  { secret, kerberos }: PreparedLogin,
  parent: string,
  logger: Pick<Logger, 'warn'>,
): RequestForm {
  if (auth === undefined) return noLogin;
  if (auth === 'pass') return passedLogin;
  const { user, password = secret ?? '', scheme, token = secret } = auth;
  if (scheme === 'negotiate') {
    if (kerberos === undefined)
      throw configurationError('Negotiate needs Kerberos, which was not loaded.', 'chainer.auth');
    return new NegotiateLogin(kerberos, parent, user, logger);
  }
  if (user === undefined) return token === undefined ? noLogin : FixedLogin.bearer(token);
  if (scheme === 'digest') return new DigestLogin(user, password);
  return scheme === 'basic' ? FixedLogin.basic(user, password) : new UserLogin(user, password);
}

function socksLogin(auth: ParentAuth | undefined, { secret = '' }: PreparedLogin): SocksLogin | undefined {
  if (auth === undefined || auth === 'pass' || auth.user === undefined) return undefined;
  return { user: auth.user, password: auth.password ?? secret };
}

export const parentPlugin = definePlugin<z.output<typeof parentOptions>, PreparedLogin>({
  provides: 'chainer',
  kind: 'parent',
  schema: parentOptions,
  serverChosenBy: 'operator',
  usesZones: false,
  discovers: ['servers'],
  nested: ['then'],
  carries: ['then'],
  serverTls: (options) => tlsSettings({ tls: tlsToParents(options) }, addressesOf(options)),
  prepare: ({ auth }, context) => prepareLogin(auth, context),
  create(options, deps, prepared): Chainer {
    refuseForgeAddr(options, deps);
    if (options.then === undefined) return new ParentChainer(options, deps, prepared);
    const parents = deps.carrier('then');
    if (!(parents instanceof ParentChainer)) throw configurationError('The parents were not made.', 'chainer.then');
    return new ChainedParents(parents, deps.nestedChainer('then'));
  },
});
