import type { ChainerDeps, MaybePromise, ServerConnection, Session } from '@inband/core';
import { z } from 'zod';
import { defineDialingPlugin, DialingChainer } from './connect/dialing-chainer.ts';
import { NameConnector } from './connect/name-connector.ts';
import { connecting, connectShape, type ConnectOptions } from './options/options.ts';

/** Connects to the host and port that the client asked for. Seed: InbandChainer. */
export class InbandChainer extends DialingChainer {
  readonly kind = 'inband';
  readonly #names: NameConnector;

  constructor(options: ConnectOptions, deps: Pick<ChainerDeps, 'establishConnection' | 'resolver'>) {
    super(options, deps);
    this.#names = new NameConnector(deps, this.local, this.attempt);
  }

  /** Connects to `host` and `port`, the ones that the client asked for. */
  override connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    return this.#names.connect(session, host, port);
  }
}

export const inbandOptions = connecting(z.strictObject(connectShape)).describe(
  'Connects to the host and port that the client asked for.',
);

export const inbandPlugin = defineDialingPlugin<z.output<typeof inbandOptions>>({
  kind: 'inband',
  schema: inbandOptions,
  serverChosenBy: 'client',
  chainer: InbandChainer,
});
