import type { Chainer, InetAddr, MaybePromise, ServerConnection, Session } from '@inband/core';
import { NameConnector, type NameConnectorDeps } from '../connect/name-connector.ts';

/** Connects to what the client asked for, where that has no other way. */
export class DirectChainer implements Chainer {
  readonly kind = 'direct';
  readonly #names: NameConnector;

  constructor(deps: NameConnectorDeps, local: InetAddr | undefined, connectTimeout: number | undefined) {
    this.#names = new NameConnector(deps, local, { connectTimeout });
  }

  connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    return this.#names.connect(session, host, port);
  }
}
