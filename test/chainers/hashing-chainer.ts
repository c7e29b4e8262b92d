import {
  AbstractChainer,
  type ChainerDeps,
  type MaybePromise,
  type ServerConnection,
  type Session,
  type SockAddr,
} from '@inband/core';

/** A third-party chainer, as the plugin guide would have it: each requested host always goes to the same server. */
export class HashingChainer extends AbstractChainer {
  readonly kind = 'hashing';
  readonly #servers: readonly SockAddr[];

  constructor(servers: readonly [SockAddr, ...SockAddr[]], deps: Pick<ChainerDeps, 'establishConnection'>) {
    super(deps.establishConnection);
    this.#servers = servers;
  }

  override connectServer(session: Session, host: string, _port: number): MaybePromise<ServerConnection> {
    let hash = 0;
    for (let index = 0; index < host.length; index += 1) hash = (hash * 31 + host.charCodeAt(index)) % 65_521;
    return this.establishConnection(session, undefined, this.#servers[hash % this.#servers.length]!, {
      connectTimeout: 5_000,
    });
  }
}
