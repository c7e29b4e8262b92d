import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';

/** What is true of everybody, and so says of nobody that it is a proxy. */
const EVERYBODY: ReadonlySet<unknown> = new Set(['public', '0.0.0.0/0', '::/0']);

type Written = Record<string, unknown>;

/** Checks who is believed when it says who its client is: the listeners and services of a configuration as it was written. */
export function checkTrusted(
  listeners: readonly [number, Written][],
  services: readonly [string, Written][],
): Problem[] {
  const known = new Map(services);
  return [...listeners.flatMap(([index, listener]) => checkListener(index, listener, known)), ...checkServices(known)];
}

function checkListener(
  index: number,
  { proxyProtocol, service, transparent }: Written,
  services: ReadonlyMap<string, Written>,
): Problem[] {
  if (proxyProtocol === undefined) return [];
  const at = (message: string): Problem => ({ path: ['listeners', index, 'proxyProtocol'], at: 'key', message });
  const asked = typeof service === 'string' ? services.get(service) : undefined;
  const problems: Problem[] = [];
  if (transparent !== undefined) problems.push(at('what is intercepted comes from clients, which send no header.'));
  if (asked !== undefined && asked.trustedProxies === undefined) {
    problems.push(at(`nobody's header is believed: say whose, by services.${String(service)}.trustedProxies.`));
  }
  return problems;
}

function checkServices(services: ReadonlyMap<string, Written>): Problem[] {
  return [...services].flatMap(([name, { trustedProxies, proxy }]) => {
    const path = ['services', name, 'trustedProxies'];
    const isWhole = isRecord(trustedProxies);
    const from = isWhole ? trustedProxies.from : trustedProxies;
    const problems = checkEverybody(isWhole ? [...path, 'from'] : path, from);
    if (proxy !== 'tls' || !isWhole) return problems;
    return [...problems, ...checkGuard(path, trustedProxies)];
  });
}

function checkEverybody(path: ConfigPath, from: unknown): Problem[] {
  const list: readonly unknown[] = Array.isArray(from) ? from : [from];
  if (!list.some((one) => EVERYBODY.has(one))) return [];
  const message = 'this believes every client what it says of itself: name the proxies.';
  return [{ path, warning: true, message }];
}

function checkGuard(path: ConfigPath, { fields, hops }: Written): Problem[] {
  if (fields === undefined && hops === undefined) return [];
  const message = 'a TLS guard reads no requests, so that "fields" and "hops" have no effect: only "from" has.';
  return [{ path, at: 'key', warning: true, message }];
}
