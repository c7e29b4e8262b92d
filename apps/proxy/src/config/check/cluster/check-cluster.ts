import { inetAddr, isOnThisMachine } from '@inband/core';
import { isRecord, type Problem } from '../../problem/problem.ts';
import { records } from '../../problem/written.ts';
import { isPlaceProblem, type StorePlace, storePlace } from '../../cluster/store-place.ts';

/** Warns of what is shared with nobody, or can be read on the way to the store. The configuration is as it was written. */
export function checkCluster({ store, cluster, acme, listeners }: Record<string, unknown>): Problem[] {
  const isRemote = isRecord(store) && (store.type === 'redis' || store.type === 'nats');
  if (!isRemote) {
    if (!isRecord(cluster)) return [];
    const message = 'this has no effect: machines find each other by a "store" of type redis or nats.';
    return [{ path: ['cluster'], at: 'key', warning: true, message }];
  }
  const hasSecret = isRecord(cluster) && cluster.secret !== undefined;
  const hasTls = acme !== undefined || records(listeners).some(([, { tls }]) => tls !== undefined);
  return [
    ...(hasTls && !hasSecret ? [{ path: ['store'], at: 'key', warning: true, message: NOTHING_SECRET } as const] : []),
    ...checkOnTheWay(store),
  ];
}

const NOTHING_SECRET =
  'without "cluster.secret" nothing secret goes to the store: each machine has its own ACME account and keys of session tickets.';

/** Passwords that anybody on the way can read. */
function checkOnTheWay(store: Record<string, unknown>): Problem[] {
  const place = placeOf(store);
  const isSecure = place?.isSecure === true || (store.tls !== undefined && store.tls !== false);
  if (place === undefined || isSecure || isHere(place)) return [];
  const has = [store.password, store.token, place.password, place.token];
  if (has.every((secret) => secret === undefined)) return [];
  const message = 'without TLS the password can be read on the way to the store.';
  return [{ path: ['store', store.url === undefined ? 'servers' : 'url'], warning: true, message }];
}

/** Undefined where it is wrong, which the schema says. */
function placeOf({ type, url, servers, master }: Record<string, unknown>): StorePlace | undefined {
  if (type !== 'redis' && type !== 'nats') return undefined;
  const place = storePlace({
    type,
    ...(typeof url === 'string' && { url }),
    ...(Array.isArray(servers) && { servers: servers.map(String) }),
    ...(typeof master === 'string' && { master }),
  });
  return isPlaceProblem(place) ? undefined : place;
}

function isHere({ at, addresses }: StorePlace): boolean {
  return 'path' in at || addresses.every(({ host }) => host === 'localhost' || isLoopback(host));
}

function isLoopback(host: string): boolean {
  const address = inetAddr(host, 0);
  return address !== undefined && isOnThisMachine(address);
}
