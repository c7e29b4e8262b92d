import {
  createEpollTransport,
  createNodeTransport,
  epollUnavailable,
  networkDenied,
  nodeUnavailable,
  type Transport,
} from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf } from '../config/problem/placed.ts';
import type { ConfigSource } from '../config/read/read-source.ts';

/** A transport, and why it was chosen, for the log. */
export interface ChosenTransport {
  readonly transport: Transport;
  readonly why: string;
}

/**
 * Chooses by the configuration's `transport`: `auto` takes epoll where it works, else Node's own sockets. Returns a
 * sentence instead if the transport does not work here. `whyNoEpoll` says whether epoll does.
 */
export function chooseTransport(
  setting: 'auto' | 'node' | 'epoll',
  whyNoEpoll = epollUnavailable,
): ChosenTransport | string {
  // Epoll would work without that permission, but names could not be resolved.
  const denied = networkDenied();
  if (denied !== undefined) return denied;
  if (setting === 'node') return nodeTransport('The configuration asks for it.');
  const unavailable = whyNoEpoll();
  if (unavailable === undefined) {
    const why = setting === 'auto' ? 'It is the fastest one, and it works here.' : 'The configuration asks for it.';
    return { transport: createEpollTransport(), why };
  }
  if (setting === 'epoll') return unavailable;
  const chosen = nodeTransport(unavailable);
  return typeof chosen === 'string' ? `${unavailable} ${chosen}` : chosen;
}

function nodeTransport(why: string): ChosenTransport | string {
  return nodeUnavailable() ?? { transport: createNodeTransport(), why };
}

/**
 * The transport for a configuration. With `auto`, a configuration that needs epoll gets no other. Throws a `ConfigError`
 * if this system lacks what is needed.
 */
export function transportFor(
  { config }: ParsedConfig,
  source: ConfigSource,
  whyNoEpoll = epollUnavailable,
): ChosenTransport {
  const intercepting = config.listeners.findIndex(({ transparent }) => transparent !== undefined);
  const mustBeEpoll = config.transport === 'auto' && intercepting >= 0;
  const chosen = chooseTransport(mustBeEpoll ? 'epoll' : config.transport, whyNoEpoll);
  if (typeof chosen !== 'string') return chosen;
  if (!mustBeEpoll) throw errorsOf(source, [{ path: ['transport'], message: chosen }]);
  const message = `intercepted connections need the transport "epoll", which does not work here: ${chosen}`;
  throw errorsOf(source, [{ path: ['listeners', intercepting, 'transparent'], message }]);
}
