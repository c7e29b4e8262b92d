import { formatSockAddr } from '../base/address.ts';
import type { Cancellation } from '../base/cancellation.ts';
import type { Connection } from '../base/connection.ts';
import { ProxyError, toProxyError } from '../base/errors.ts';
import type { Session } from '../session/session.ts';
import type { LayeredConnection } from '../session/server-tls-facts.ts';
import { boundedStep, type Step, type StepEnd } from './bounded-step.ts';
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
): Promise<LayeredConnection> {
  return boundedStep(plain.remote, signals, new Wrapping(layer, plain, session, timeout));
}

class Wrapping implements Step<LayeredConnection> {
  readonly #layer: ConnectionLayer;
  readonly #plain: Connection;
  readonly #session: Session;
  readonly #timeout: number;
  #end: StepEnd<LayeredConnection> | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(layer: ConnectionLayer, plain: Connection, session: Session, timeout: number) {
    this.#layer = layer;
    this.#plain = plain;
    this.#session = session;
    this.#timeout = timeout;
  }

  begin(end: StepEnd<LayeredConnection>): void {
    this.#end = end;
    wrap(this.#layer, this.#plain, this.#session).then(
      (connection) => {
        // The step was dropped in the meantime, so the connection has no owner.
        if (!end.done(connection)) connection.destroy();
      },
      (error: unknown) => {
        // A layer destroys what it could not wrap; one that broke that promise leaves nothing open either.
        this.#plain.destroy();
        end.failed(toProxyError(error));
      },
    );
  }

  drop(reason: ProxyError): void {
    this.#plain.destroy(reason);
  }

  startTimer(): void {
    this.#timer = setTimeout(() => this.#end?.expired(), Math.max(1, this.#timeout));
  }

  stopTimer(): void {
    clearTimeout(this.#timer);
  }

  timeUp(): ProxyError {
    const { remote } = this.#plain;
    const message = `${formatSockAddr(remote)} did not finish its handshake in time.`;
    return new ProxyError('connection_timeout', message, { address: remote, setting: 'chainer.connectTimeout' });
  }
}

/** A plugin's layer may throw where it should reject. */
async function wrap(layer: ConnectionLayer, plain: Connection, session: Session): Promise<LayeredConnection> {
  return layer.wrap(plain, session);
}
