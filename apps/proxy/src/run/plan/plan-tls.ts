import type { ConfigPath } from '../../config/problem/problem.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { PlannedIdentity, PlannedMatch, Ref } from './planned.ts';
import { frozen, type Planner, refTo } from './planner.ts';

/** A listener whose clients `proxy` gets. */
export interface PlainListener {
  readonly path: ConfigPath;
  readonly tls: Config['listeners'][number]['tls'];
  /** Undefined without `tls`. */
  readonly identity: PlannedIdentity | undefined;
  readonly proxy: Ref<'proxy'>;
  /** The proxy of a service. */
  readonly proxyOf: (service: string) => Ref<'proxy'>;
  /** The same, or what stands in front of it for clients whose TLS ends here. */
  readonly accepting: (service: string) => Ref<'proxy'>;
}

/** Plans what speaks TLS with the clients of a listener, in front of `proxy`. Without `tls` that is `proxy` itself. */
export function planTls(
  planner: Planner,
  { path, tls, identity, proxy, proxyOf, accepting }: PlainListener,
): Ref<'proxy'> {
  if (tls === undefined || identity === undefined) return proxy;
  const { minVersion, ciphers, groups, alpn, clientAuth, handshakeTimeout } = tls;
  const options = { minVersion, ciphers, groups, alpn, clientAuth, handshakeTimeout };
  const match = tls.match.map(({ names, pass, terminate, refuse }): PlannedMatch => {
    if (pass !== undefined) return { names, action: 'pass', proxy: proxyOf(pass) };
    if (terminate !== undefined) return { names, action: 'terminate', proxy: accepting(terminate) };
    return { names, action: refuse ?? 'alert', proxy: undefined };
  });
  const value = { speaks: 'tls-to-clients' as const, proxy, identity, match, options };
  return refTo(planner.add('proxy', [...path, 'tls'], frozen(value)));
}
