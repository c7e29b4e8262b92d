import { formatSockAddr } from '../base/address.ts';
import type { Cancellation } from '../base/cancellation.ts';
import type { Connection } from '../base/connection.ts';
import { ProxyError, toProxyError } from '../base/errors.ts';
import type { Session } from '../session/session.ts';
import { boundedStep } from './bounded-step.ts';
import type { ConnectionLayer } from './establish-options.ts';

/**
 * Lets the layer take `plain` over, within `timeout` milliseconds, unless it is cancelled. Rejects with a
 * {@link ProxyError}, and then nothing is left open.
 */
export function addLayer(
  layer: ConnectionLayer,
  plain: Connection,
  session: Session,
  { timeout, signals }: { readonly timeout: number; readonly signals: readonly Cancellation[] },
): Promise<Connection> {
  const { remote } = plain;
  const startTimer = (expired: () => void): (() => void) => {
    const timer = setTimeout(expired, Math.max(1, timeout));
    return () => clearTimeout(timer);
  };
  const timeUp = (): ProxyError => {
    const message = `${formatSockAddr(remote)} did not finish its handshake in time.`;
    return new ProxyError('connection_timeout', message, { address: remote, setting: 'chainer.connectTimeout' });
  };
  return boundedStep<Connection>({ remote, signals, startTimer, timeUp }, (end) => {
    wrap(layer, plain, session).then(
      (connection) => {
        // The step was dropped in the meantime, so the connection has no owner.
        if (!end.done(connection)) connection.destroy();
      },
      (error: unknown) => {
        // A layer destroys what it could not wrap; one that broke that promise leaves nothing open either.
        plain.destroy();
        end.failed(toProxyError(error));
      },
    );
    return (reason) => plain.destroy(reason);
  });
}

/** A plugin's layer may throw where it should reject. */
async function wrap(layer: ConnectionLayer, plain: Connection, session: Session): Promise<Connection> {
  return layer.wrap(plain, session);
}
