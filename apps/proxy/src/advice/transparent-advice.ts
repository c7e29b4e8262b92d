import type { Config } from '../config/schema/schema.ts';
import { isRecord, type Problem } from '../config/problem/problem.ts';
import { type IpVersion, PacketFilter } from './packet-filter.ts';
import type { SystemFacts } from './system-facts.ts';

type Listener = Pick<Config['listeners'][number], 'bind' | 'transparent'>;

/** Either is enough for IP_TRANSPARENT: the bits of CAP_NET_ADMIN and CAP_NET_RAW. */
const PRIVILEGES = (1n << 12n) | (1n << 13n);
const PAGE = 'See docs/transparent.md.';

/** Warns about what this machine lacks for the transparent listeners of a configuration, as far as that is visible. */
export function transparentAdvice(
  { listeners }: { readonly listeners: readonly Listener[] },
  facts: SystemFacts,
): Problem[] {
  const filter = PacketFilter.read(facts.ruleset);
  return listeners.flatMap((listener, index) =>
    adviceFor(listener, facts, filter).map((message) => {
      return { path: ['listeners', index, 'transparent'], warning: true, message };
    }),
  );
}

function adviceFor(listener: Listener, facts: SystemFacts, filter: PacketFilter | undefined): string[] {
  const { bind, transparent } = listener;
  if (transparent === undefined || !('port' in bind)) return [];
  if (bind.port === 0) return [`a rule of the packet filter has to name the port, so it should not be 0. ${PAGE}`];
  const versions: IpVersion[] = bind.family === 'inet' ? [4] : bind.address === '::' ? [4, 6] : [6];
  const missing = [
    ...(transparent === 'tproxy' ? tproxyAdvice(versions, facts) : redirectAdvice(listener, facts)),
    ...(filter === undefined ? [] : filterAdvice(bind.port, transparent, versions, filter)),
  ];
  return missing.map((sentence) => `${sentence} ${PAGE}`);
}

function tproxyAdvice(versions: readonly IpVersion[], facts: SystemFacts): string[] {
  const { capabilities } = facts;
  const unprivileged = capabilities !== undefined && (capabilities & PRIVILEGES) === 0n;
  const unrouted = versions.filter((version) => deliversMarked(version, facts) === false);
  return [
    ...(unprivileged ? ['this process lacks CAP_NET_ADMIN; without it the proxy will not start.'] : []),
    ...unrouted.map((version) => {
      const ip = version === 4 ? 'ip' : 'ip -6';
      return `no policy route delivers marked IPv${version} packets here; "${ip} rule add fwmark 1 lookup 100" and "${ip} route add local default dev lo table 100" make one.`;
    }),
  ];
}

/** Whether a rule for marked packets selects a table that routes everything locally; undefined if that is not visible. */
function deliversMarked(version: IpVersion, facts: SystemFacts): boolean | undefined {
  const { [version]: rules } = facts.rules;
  const { [version]: routes } = facts.localRoutes;
  if (!Array.isArray(rules) || !Array.isArray(routes)) return undefined;
  const tables = (rules as unknown[]).flatMap((rule) => (isRecord(rule) && 'fwmark' in rule ? [rule.table] : []));
  const everything = new Set(['default', '0.0.0.0/0', '::/0']);
  return (routes as unknown[]).some(
    (route) => isRecord(route) && everything.has(String(route.dst)) && tables.includes(route.table),
  );
}

function redirectAdvice({ bind }: Listener, { routesLocalnet }: SystemFacts): string[] {
  if (!('port' in bind)) return [];
  const isLoopback = bind.address === '::1' || bind.address.startsWith('127.');
  if (!isLoopback || (bind.family === 'inet' && routesLocalnet === true)) return [];
  return [
    'REDIRECT sends what this machine forwards to the address of the interface that it came in by, not to loopback: only connections from this machine itself arrive here.',
  ];
}

function filterAdvice(
  port: number,
  transparent: 'redirect' | 'tproxy',
  versions: readonly IpVersion[],
  filter: PacketFilter,
): string[] {
  const how = transparent === 'tproxy' ? ['tproxy'] : ['redirect', 'dnat'];
  const unled = versions.filter((version) => !filter.leadsTo(port, version, how));
  const open = versions.filter((version) => !filter.protects(port, version));
  const rule = transparent === 'tproxy' ? 'TPROXY' : 'REDIRECT';
  return [
    ...(unled.length === 0 ? [] : [`no ${rule} rule of nftables leads ${named(unled)} connections to port ${port}.`]),
    ...(open.length === 0
      ? []
      : [
          `no rule of nftables keeps direct ${named(open)} connections away from port ${port}; the proxy will reset them.`,
        ]),
  ];
}

function named(versions: readonly IpVersion[]): string {
  return versions.map((version) => `IPv${version}`).join(' and ');
}
