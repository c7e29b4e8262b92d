import type { Chainer, ChainerDeps, InetAddr } from '@inband/core';
import { DEFAULT_CONNECT_TIMEOUT } from '../options/connect-options.ts';
import type { ServerAddress } from '../options/server-address.ts';
import type { TlsOption } from '../options/server-tls.ts';
import { ParentChainer } from '../parent/parent-chainer.ts';
import type { ParentLogin } from '../parent/auth-options.ts';
import type { PreparedLogin } from '../parent/prepare-login.ts';
import type { PoolChainerDeps } from '../pool/pool-chainer.ts';
import { DirectChainer } from './direct-chainer.ts';
import type { Way } from './way.ts';

/** A parent that is known only while sessions are served. */
export interface FoundParent {
  /** Parents with the same key are the same. It is in lines of the log. */
  readonly key: string;
  readonly protocol: 'http' | 'https' | 'socks4a' | 'socks5';
  readonly server: ServerAddress;
  readonly auth?: ParentLogin | undefined;
  readonly resolve?: 'remote' | 'local' | undefined;
}

export interface ParentWaysOptions {
  readonly local?: InetAddr | undefined;
  readonly connectTimeout?: number | undefined;
  /** TLS to parents that are asked over it. */
  readonly tls?: TlsOption | undefined;
}

export type ParentWaysDeps = Pick<
  ChainerDeps,
  'establishConnection' | 'establishFor' | 'resolver' | 'serverTls' | 'logger' | 'ownKey' | 'notices'
>;

/** Parents that are kept: those that were asked for last. */
const MOST_PARENTS = 1_000;

/** Makes a chainer for each parent that is found, once, and one for direct connections, whose servers the client has chosen. */
export class ParentWays {
  readonly direct: Way;
  readonly #options: ParentWaysOptions;
  readonly #deps: PoolChainerDeps;
  readonly #login: PreparedLogin;
  /** The one that was asked for last is the last one. */
  readonly #parents = new Map<string, Way>();
  #isStarted = false;

  /** `login`: what `prepareLogin` made of the login of all parents. */
  constructor(options: ParentWaysOptions, deps: ParentWaysDeps, login: PreparedLogin = {}) {
    this.#options = options;
    this.#deps = withoutNotices(deps);
    this.#login = login;
    const { local, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    const establishConnection = deps.establishFor('client');
    const { resolver, notices } = deps;
    const chainer = new DirectChainer({ establishConnection, resolver, notices }, local, connectTimeout);
    this.direct = { chainer, key: undefined };
  }

  /** The parents that were found so far. */
  get parents(): Iterable<Way> {
    return this.#parents.values();
  }

  parent(parent: FoundParent): Way {
    const known = this.#parents.get(parent.key);
    if (known !== undefined) {
      this.#parents.delete(parent.key);
      this.#parents.set(parent.key, known);
      return known;
    }
    const way = { chainer: this.#chainerOf(parent), key: parent.key };
    if (this.#isStarted) way.chainer.start?.();
    this.#parents.set(parent.key, way);
    this.#forgetOldest();
    return way;
  }

  /** From now on also those that are found later. */
  start(): void {
    this.#isStarted = true;
    for (const { chainer } of this.#parents.values()) chainer.start?.();
  }

  close(): void {
    for (const { chainer } of this.#parents.values()) chainer.close?.();
    this.#parents.clear();
  }

  #chainerOf({ protocol, server, auth, resolve }: FoundParent): Chainer {
    const { tls } = this.#options;
    return new ParentChainer(
      {
        ...this.#options,
        tls: protocol === 'https' ? (tls ?? true) : undefined,
        protocol,
        servers: [{ address: server }],
        auth,
        resolve,
      },
      this.#deps,
      this.#login,
    );
  }

  #forgetOldest(): void {
    if (this.#parents.size <= MOST_PARENTS) return;
    const [oldest] = this.#parents;
    if (oldest === undefined) return;
    const [key, { chainer }] = oldest;
    this.#parents.delete(key);
    chainer.close?.();
  }
}

/** Parents are pools of one server each, which have nothing to tell: that one has failed is told by the chainer of the ways. */
function withoutNotices(deps: ParentWaysDeps): PoolChainerDeps {
  const { establishConnection, resolver, serverTls, ownKey } = deps;
  return {
    establishConnection,
    resolver,
    serverTls,
    ownKey,
    get logger() {
      return deps.logger;
    },
  };
}
