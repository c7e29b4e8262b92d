import { sameSockAddr, type ChainerDeps, type MaybePromise, type ServerConnection, type Session } from '@inband/core';
import { z } from 'zod';
import { defineDialingPlugin } from './connect/dialing-chainer.ts';
import { connecting, connectShape, serverOrPort } from './options/options.ts';
import type { ConnectOptions } from './options/connect-options.ts';
import { isName, type ServerAddress, type WrittenServer } from './options/server-address.ts';
import { ServerListChainer } from './servers/server-list-chainer.ts';

export interface DirectedOptions extends ConnectOptions {
  /** Port 0 stands for the one that the session's client addressed. */
  readonly remote: WrittenServer;
}

/** Always connects to the same server, whatever the client asked for. Seed: DirectedChainer. */
export class DirectedChainer extends ServerListChainer {
  readonly kind = 'directed';
  readonly remote: ServerAddress;

  constructor(
    options: DirectedOptions,
    deps: Pick<ChainerDeps, 'establishConnection' | 'connectByName' | 'resolver' | 'serverTls' | 'notices'>,
  ) {
    super('chainer.remote', [{ server: options.remote, setting: 'chainer.remote' }], options, deps);
    this.remote = this.servers.hosts[0]!;
  }

  /** `host` and `port` are not used. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    const list = this.serversFor(session);
    if (list === undefined) return Promise.reject(this.noPort());
    return this.pool.isOut(0) ? Promise.reject(this.allOut()) : this.connectTo(session, list, 0);
  }

  protected override keyOf(session: Session): string | undefined {
    const list = this.serversFor(session);
    const server = list?.hosts[0];
    const address = session.resolvedAddress ?? session.serverAddress;
    if (server === undefined || address === undefined) return undefined;
    // Nested in another chainer, it may not be the one that has connected this session.
    return isName(server) || sameSockAddr(server, address) ? list?.keys[0] : undefined;
  }
}

export const directedOptions = connecting(z.strictObject({ remote: serverOrPort, ...connectShape }), ({ remote }) => [
  remote,
]).describe('Connects always to the same server; host and port of the request are not used.');

export const directedPlugin = defineDialingPlugin<z.output<typeof directedOptions>>({
  kind: 'directed',
  schema: directedOptions,
  serverChosenBy: 'operator',
  chainer: DirectedChainer,
  servers: ({ remote }) => [remote],
});
