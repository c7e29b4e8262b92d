import type { ListenOptions } from '../base/connection.ts';
import { ProxyError } from '../base/errors.ts';

/** For transports that cannot learn where an intercepted client was going: throws if that is asked of them. */
export function refuseTransparent(transport: string, { transparent }: ListenOptions): void {
  if (transparent === undefined) return;
  throw new ProxyError(
    'proxy_configuration_error',
    `The transport "${transport}" cannot accept intercepted connections ("transparent: ${transparent}"); on Linux the transport "epoll" can.`,
    { setting: 'listeners[].transparent' },
  );
}
