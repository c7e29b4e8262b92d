import type { ChainerDeps, MaybePromise, ServerConnection, Session, SockAddr } from '@inband/core';
import { z } from 'zod';
import { lazily } from './options/lazily.ts';
import { defineDialingPlugin, DialingChainer } from './connect/dialing-chainer.ts';
import { configurationError } from './options/configuration-error.ts';
import { connecting, connectShape } from './options/options.ts';
import type { ConnectOptions } from './options/connect-options.ts';

export interface TransparentOptions extends ConnectOptions {
  /** Unless 0 it replaces the port of the destination. Default 0: the port that the client addressed. */
  readonly forcedPort?: number | undefined;
}

/** Connects to where an intercepted client was going. Seed: TransparentChainer. */
export class TransparentChainer extends DialingChainer {
  readonly kind = 'transparent';
  readonly forcedPort: number;

  constructor(options: TransparentOptions, deps: Pick<ChainerDeps, 'establishConnection' | 'serverTls'>) {
    super(options, deps);
    this.forcedPort = options.forcedPort ?? 0;
  }

  /** `host` and `port` are not used: a client could claim any. Only over TLS the server must be certified for `host`. */
  override connectServer(session: Session, host: string, _port: number): MaybePromise<ServerConnection> {
    const destination = session.client.originalDestination;
    if (destination === undefined) return Promise.reject(notIntercepted());
    const name = host === '' && destination.family !== 'unix' ? destination.address : host;
    return this.connectToAddress(session, this.#forced(destination), name);
  }

  #forced(destination: SockAddr): SockAddr {
    if (this.forcedPort === 0 || destination.family === 'unix') return destination;
    return { ...destination, port: this.forcedPort };
  }
}

function notIntercepted() {
  return configurationError(
    'A transparent chainer needs a listener with "transparent: redirect" or "transparent: tproxy", which knows where the client was going.',
    'listeners[].transparent',
  );
}

export const transparentOptions = lazily(() =>
  connecting(
    z.strictObject({
      forcedPort: z
        .int()
        .min(0)
        .max(65_535)
        .default(0)
        .describe('Unless 0, connect to this port instead of the one the client was going to; the address stays.'),
      ...connectShape,
    }),
  ).describe('Connects to where an intercepted client was going. Its listener must be transparent.'),
);

export const transparentPlugin = defineDialingPlugin<z.output<typeof transparentOptions>>({
  kind: 'transparent',
  schema: transparentOptions,
  serverChosenBy: 'client',
  chainer: TransparentChainer,
});
