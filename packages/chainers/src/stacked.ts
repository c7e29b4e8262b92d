import {
  AbstractChainer,
  AccessDeniedError,
  definePlugin,
  type ChainerDeps,
  type MaybePromise,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { z } from 'zod';
import { configurationError } from './options/configuration-error.ts';

/**
 * For a proxy that is stacked in another: picks up the server connection in `session.serverStream`, which
 * the outer proxy has made. What the client asked for is not used. Seed: no chainer, `session.server_fd`.
 */
export class StackedChainer extends AbstractChainer {
  readonly kind = 'none';

  constructor(deps: Pick<ChainerDeps, 'establishConnection'>) {
    super(deps.establishConnection);
  }

  /** `host` and `port` are not used. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    if (session.serverStream === undefined) return Promise.reject(nothingToPickUp());
    // The client would take the connected server for the one that it names, and could send it any bytes.
    if (session.method === 'CONNECT') return Promise.reject(tunnelInside(session));
    return session.serverStream.pickUp(session);
  }
}

function nothingToPickUp() {
  return configurationError(
    'Without a chainer a service only works stacked in another one: this session has no server side to pick up.',
    'chainer.type',
  );
}

function tunnelInside({ route, service }: Session) {
  const rule = route?.name ?? `services.${service.name}.routes`;
  return new AccessDeniedError('http_request_denied', 'No tunnel can be opened inside another one.', rule);
}

export const stackedOptions = z
  .strictObject({})
  .describe('Picks up the server side from the proxy in which this one is stacked.');

export const stackedPlugin = definePlugin<z.output<typeof stackedOptions>>({
  provides: 'chainer',
  kind: 'none',
  schema: stackedOptions,
  serverChosenBy: 'client',
  usesZones: false,
  picksUp: true,
  create: (_options, deps) => new StackedChainer(deps),
});
