import type { ListenOptions } from '../base/connection.ts';
import { ProxyError } from '../base/errors.ts';

/** Throws if a listener is to be transparent. For transports that cannot tell where an intercepted client was going. */
export function refuseTransparent(transport: string, { transparent }: Pick<ListenOptions, 'transparent'>): void {
  if (transparent === undefined) return;
  throw new ProxyError(
    'proxy_configuration_error',
    `The transport "${transport}" cannot accept intercepted connections ("transparent: ${transparent}"); on Linux the transport "epoll" can.`,
    { setting: 'listeners[].transparent' },
  );
}
