import type { ConfigPath } from '../../config/problem/problem.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Ref } from './planned.ts';
import { frozen, type Planner, refTo } from './planner.ts';

/** A listener, as far as it is about what its clients may speak. */
export interface AcceptingListener {
  readonly path: ConfigPath;
  readonly accept: Config['listeners'][number]['accept'];
  /** The proxy of a service. */
  readonly proxyOf: (service: string) => Ref<'proxy'>;
}

/** Returns what plans what clients of a listener get of a service. Where they speak HTTP only, that is the proxy of the service itself. */
export function planAccept(
  planner: Planner,
  { path, accept, proxyOf }: AcceptingListener,
): (service: string) => Ref<'proxy'> {
  const protocols = [...new Set(accept)].toSorted();
  if (protocols.length === 1 && protocols[0] === 'http') return proxyOf;
  const planned = new Map<string, Ref<'proxy'>>();
  return (service) => {
    const known = planned.get(service);
    if (known !== undefined) return known;
    const value = { speaks: 'several' as const, proxy: proxyOf(service), accept: protocols };
    const front = refTo(planner.add('proxy', [...path, 'accept'], frozen(value)));
    planned.set(service, front);
    return front;
  };
}

/** A listener whose clients `proxy` gets. */
export interface ProxiedListener {
  readonly path: ConfigPath;
  readonly proxyProtocol: Config['listeners'][number]['proxyProtocol'];
  /** Whose headers are believed: of the service of the listener. */
  readonly from: readonly string[];
  readonly zones: Ref<'zone-table'>;
  readonly proxy: Ref<'proxy'>;
}

/** Plans what reads headers of the PROXY protocol, in front of everything else. Without `proxyProtocol` that is `proxy` itself. */
export function planProxied(
  planner: Planner,
  { path, proxyProtocol, from, zones, proxy }: ProxiedListener,
): Ref<'proxy'> {
  if (proxyProtocol === undefined) return proxy;
  const value = { speaks: 'proxy-protocol' as const, proxy, zones, from, ...proxyProtocol };
  return refTo(planner.add('proxy', [...path, 'proxyProtocol'], frozen(value)));
}
