import {
  type AccessDecision,
  type CarriedTarget,
  carriedName,
  type EstablishConnection,
  type EstablishOptions,
  establishThrough,
  type InetAddr,
  isPromise,
  type MaybePromise,
  type Resolver,
  type ServerConnection,
  type ServerTls,
  type Session,
  type SockAddr,
  toProxyError,
} from '@inband/core';
import { NameConnector } from '../connect/name-connector.ts';
import { unreachableFrom } from '../options/connect-options.ts';
import type { MemberConnector, ProbeOptions } from '../pool/members/member-connector.ts';
import type { PoolMember } from '../pool/members/pool-member.ts';
import type { KnownServer } from '../pool/sources/server-source.ts';
import { composeLayers } from './compose-layers.ts';
import { headerLayer } from './header-layer.ts';
import { AnotherLogin } from './login/http-login.ts';
import type { ParentProtocol } from './protocols.ts';

export interface ParentConnectorOptions {
  readonly establishConnection: EstablishConnection;
  readonly resolver: Resolver;
  readonly local: InetAddr | undefined;
  /** What is the same for all parents. */
  readonly attempt: EstablishOptions;
  /** TLS to the parents. */
  readonly serverTls: ServerTls | undefined;
  readonly protocol: ParentProtocol;
  /** Who resolves the names that clients ask for. */
  readonly resolve: 'remote' | 'local';
}

/** Connects to what is behind parents. The target is what the client asked for, about which it asks policy. */
export class ParentConnector implements MemberConnector {
  /** To the target nothing speaks TLS here. */
  readonly speaksTls = false;
  readonly leadsOn = true;
  readonly #options: ParentConnectorOptions;
  /** With `resolve: local`: what resolves names and tries their addresses, for each parent. */
  readonly #names = new WeakMap<PoolMember, NameConnector>();

  constructor(options: ParentConnectorOptions) {
    this.#options = options;
  }

  get dialsTls(): boolean {
    return this.#options.serverTls !== undefined;
  }

  get resolvesNames(): boolean {
    return this.#options.resolve === 'remote';
  }

  wayTo({ id, name }: KnownServer): EstablishOptions {
    const { attempt, serverTls, protocol } = this.#options;
    return { ...attempt, server: id, tls: serverTls?.layerFor(name), requestForm: protocol.requestForm(name) };
  }

  connect(session: Session, member: PoolMember, host: string, port: number): MaybePromise<ServerConnection> {
    if (!this.resolvesNames) return this.#namesOf(member).connect(session, host, port);
    try {
      const to = carriedName(session, { host, port }, 'client');
      if (isRequest(session) && member.how.requestForm !== undefined) return this.#ask(session, member, to);
      return this.carry(session, member, to, {});
    } catch (error) {
      return Promise.reject(toProxyError(error));
    }
  }

  /** Without a target it is enough to reach the parent. With one, it must connect to that; what the target says is not asked. */
  probe(session: Session, member: PoolMember, options: ProbeOptions): MaybePromise<ServerConnection> {
    const { remote, how } = member;
    const { target, port, isPlain } = options;
    if (target !== undefined) {
      const to = { target, isResolvedThere: true, decision: PROBED };
      return this.carry(session, member, to, { forgeAddr: false, reuse: false });
    }
    const { establishConnection, local } = this.#options;
    const at = port === undefined || remote.family === 'unix' ? remote : { ...remote, port };
    const plainly = isPlain ? { tls: undefined } : {};
    // At another port something else listens, for checks alone.
    const proxyProtocol = port === undefined ? how.proxyProtocol : undefined;
    return establishConnection(session, local, at, {
      ...how,
      ...plainly,
      proxyProtocol,
      requestForm: undefined,
      forgeAddr: false,
      reuse: false,
    });
  }

  /** Opens a tunnel through a parent. Policy has been asked about `to`. */
  carry(
    session: Session,
    member: PoolMember,
    to: CarriedTarget,
    how: EstablishOptions,
  ): MaybePromise<ServerConnection> {
    const { protocol } = this.#options;
    const tunnel = protocol.tunnelLayer(session, to.target, member.how.requestForm);
    return this.#establish(session, member, {
      ...member.how,
      requestForm: how.requestForm,
      tls: composeLayers(member.how.tls, tunnel, headerLayer(session, how.proxyProtocol), how.tls),
      passage: { ...to, by: protocol.name },
      signal: how.signal,
      reuse: how.reuse,
      forgeAddr: how.forgeAddr ?? member.how.forgeAddr,
    });
  }

  /** The parent gets the request with its whole URL. */
  #ask(session: Session, member: PoolMember, to: CarriedTarget): MaybePromise<ServerConnection> {
    const how = { ...member.how, passage: { ...to, by: 'the whole URL' } };
    const preparing = how.requestForm?.prepare?.(session);
    return preparing === undefined
      ? this.#establish(session, member, how)
      : preparing.then(() => this.#establish(session, member, how));
  }

  #establish(session: Session, { remote }: PoolMember, how: EstablishOptions): MaybePromise<ServerConnection> {
    const { establishConnection, local } = this.#options;
    const unreachable = unreachableFrom(session, local, remote);
    if (unreachable !== undefined) return Promise.reject(unreachable);
    const result = establishConnection(session, local, remote, how);
    return isPromise(result) ? this.#withAnotherLogin(session, remote, how, result) : result;
  }

  /** Connects anew as often as the login has an answer to a challenge, which is a few times in a session. */
  async #withAnotherLogin(
    session: Session,
    remote: SockAddr,
    how: EstablishOptions,
    first: Promise<ServerConnection>,
  ): Promise<ServerConnection> {
    const { establishConnection, local } = this.#options;
    let result: MaybePromise<ServerConnection> = first;
    for (;;) {
      try {
        return await result;
      } catch (error) {
        if (!(error instanceof AnotherLogin)) throw error;
        result = establishConnection(session, local, remote, how);
      }
    }
  }

  #namesOf(member: PoolMember): NameConnector {
    const known = this.#names.get(member);
    if (known !== undefined) return known;
    const establishConnection = establishThrough(
      {
        resolvesNames: false,
        carry: (session, to, how) => this.carry(session, member, to, how),
      },
      'client',
    );
    const names = new NameConnector({ establishConnection, resolver: this.#options.resolver }, undefined, {});
    this.#names.set(member, names);
    return names;
  }
}

/** The operator has chosen the target of a check. */
const PROBED: AccessDecision = Object.freeze({
  verdict: 'allow',
  rule: 'chainer.check.target',
  reason: 'It is a check.',
  code: 'http_request_denied',
});

/**
 * Whether the session is a request that a parent takes as such. One that asks for another protocol needs a tunnel (RFC 6455 section 4.1), and
 * so does CONNECT, unless the client logs in at the parent by itself. By SOCKS it cannot, because it understands no answer of a parent.
 */
function isRequest({ method, request, route, client }: Session): boolean {
  if (method === undefined) return false;
  if (method !== 'CONNECT') return request?.field('upgrade') === undefined;
  return route?.chainer.relaysConnect === true && client.protocol === undefined;
}
