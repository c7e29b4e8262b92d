import { OwnListeners, type SockAddr } from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { Bind } from '../config/values/bind.ts';

/** Where the proxy would listen; a port that is not known yet is nowhere. */
export function listenersOf({ config }: ParsedConfig): OwnListeners {
  const own = new OwnListeners();
  for (const { bind } of config.listeners) own.add(addressOf(bind));
  return own;
}

/** A socket of systemd may be bound to any address; only its unit says which. */
export function addressOf(bind: Bind): SockAddr {
  return bind.family === 'systemd' ? { family: 'inet6', address: '::', port: 0 } : bind;
}

/** Where a client reaches a listener on a wildcard address: on loopback, as good as any. */
export function localAddress(bind: SockAddr, client: SockAddr): SockAddr {
  if (bind.family === 'unix' || (bind.address !== '::' && bind.address !== '0.0.0.0')) return bind;
  return client.family === 'inet6'
    ? { family: 'inet6', address: '::1', port: bind.port }
    : { family: 'inet', address: '127.0.0.1', port: bind.port };
}
