import { AddressZones, cidrProblem, formatSockAddr, zoneHostProblem } from '@inband/core';
import { parseSockAddr } from '../schema/bind.ts';
import { checkForging, checkNat } from './check-translation.ts';
import { unknownKey } from '../problem/issues.ts';
import { checkOpenPorts } from './open-ports-check.ts';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { checkTransparent } from './transparent-check.ts';
import { named, records } from './written.ts';

/** Zones that exist without being configured. */
const BUILTIN_ZONES = new AddressZones().names;

/**
 * What a schema cannot say: references between parts, and what this version cannot do yet. It looks at the
 * configuration as it was written, and passes over what has the wrong shape: the schema complains about that,
 * and one run reports everything.
 */
export function crossCheck(config: unknown): Problem[] {
  if (!isRecord(config)) return [];
  return [
    ...checkWorkers(config),
    ...checkListeners(config),
    ...checkSocketFiles(config),
    ...checkServices(config),
    ...checkTransparent(config),
    ...checkOpenPorts(config),
    ...checkZones(config),
    ...checkZoneReferences(config),
  ];
}

/** Only addresses with a port can be shared by processes. The same on every machine, whatever "auto" would be there. */
function checkWorkers({ workers, listeners }: Record<string, unknown>): Problem[] {
  if (workers !== 'auto' && !(typeof workers === 'number' && workers > 1)) return [];
  const message = 'several workers cannot share a unix socket; bind an address with a port, or set "workers" to 1.';
  return records(listeners)
    .filter(([, { bind }]) => typeof bind === 'string' && parseSockAddr(bind)?.family === 'unix')
    .map(([index]) => ({ path: ['listeners', index, 'bind'], message }));
}

function checkListeners({ listeners, services }: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  const known = Object.keys(isRecord(services) ? services : {});
  const taken = new Map<string, ConfigPath>();
  for (const [index, { bind, service }] of records(listeners)) {
    if (typeof service === 'string' && !known.includes(service)) {
      problems.push({ path: ['listeners', index, 'service'], message: unknownKey('service', service, known) });
    }
    const address = typeof bind === 'string' ? parseSockAddr(bind) : undefined;
    if (address === undefined || (address.family !== 'unix' && address.port === 0)) continue;
    const name = formatSockAddr(address);
    const other = taken.get(name);
    if (other !== undefined) {
      problems.push({
        path: ['listeners', index, 'bind'],
        message: `listeners[${String(other[1])}] binds ${name} already.`,
      });
    } else taken.set(name, ['listeners', index]);
  }
  return problems;
}

/** Who may connect is said by a file, and only some sockets have one. */
function checkSocketFiles({ listeners }: Record<string, unknown>): Problem[] {
  return records(listeners).flatMap(([index, listener]) => {
    const address = typeof listener.bind === 'string' ? parseSockAddr(listener.bind) : undefined;
    if (address === undefined || (address.family === 'unix' && !address.path.startsWith('\0'))) return [];
    const what = address.family === 'unix' ? 'an abstract name has no file; every user may connect' : 'this is no file';
    return ['mode', 'user', 'group']
      .filter((key) => listener[key] !== undefined)
      .map((key): Problem => {
        return { path: ['listeners', index, key], at: 'key', message: `${what}; "${key}" is for "unix:/path".` };
      });
  });
}

function checkServices({ listeners, services }: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  for (const [name, service] of named(services)) {
    const path = ['services', name];
    for (const [index] of records(service.routes)
      .filter(([, route]) => matchesAll(route))
      .slice(0, 1)) {
      const after = Array.isArray(service.routes) ? service.routes.length - index - 1 : 0;
      if (after === 0) continue;
      const message = 'this route and what follows is never reached: the one before it matches every request.';
      problems.push({ path: [...path, 'routes', index + 1], warning: true, message });
    }
    problems.push(...checkNat([...path, 'nat'], service.nat), ...checkForging(name, service, listeners));
    problems.push(...checkUsers([...path, 'access'], service.access));
    if (service.mode === 'reverse' && isRecord(service.http) && 'connectPorts' in service.http) {
      const message = 'this has no effect: there is no CONNECT in mode reverse.';
      problems.push({ path: [...path, 'http', 'connectPorts'], at: 'key', warning: true, message });
    }
  }
  return problems;
}

/** Nobody is authenticated in this version; a denial that silently meets nobody must not look like one that works. */
function checkUsers(path: ConfigPath, access: unknown): Problem[] {
  return records(access).flatMap(([index, rule]) =>
    (['allow', 'deny'] as const)
      .filter((action) => isRecord(rule[action]) && 'users' in rule[action])
      .map((action): Problem => {
        const message = 'this rule never matches: this version does not authenticate users.';
        return { path: [...path, index, action, 'users'], at: 'key', warning: true, message };
      }),
  );
}

function matchesAll({ match }: Record<string, unknown>): boolean {
  return match === undefined || (isRecord(match) && Object.keys(match).length === 0);
}

function checkZones({ zones }: Record<string, unknown>): Problem[] {
  if (!isRecord(zones)) return [];
  const problems: Problem[] = [];
  for (const [name, zone] of Object.entries(zones)) {
    const path = ['zones', name];
    if (BUILTIN_ZONES.includes(name)) {
      problems.push({ path, at: 'key', message: `the zone "${name}" is built in; choose another name.` });
    }
    const [addresses, base] = isRecord(zone) ? [zone.addresses, [...path, 'addresses']] : [zone, path];
    for (const [index, address] of (Array.isArray(addresses) ? (addresses as unknown[]) : []).entries()) {
      const message = typeof address === 'string' ? cidrProblem(address) : undefined;
      if (message !== undefined) problems.push({ path: [...base, index], message });
    }
    for (const [index, host] of (isRecord(zone) && Array.isArray(zone.hosts)
      ? (zone.hosts as unknown[])
      : []
    ).entries()) {
      const message = typeof host === 'string' ? zoneHostProblem(host) : undefined;
      if (message !== undefined) problems.push({ path: [...path, 'hosts', index], message });
    }
    problems.push(...checkParent(name, zones, path));
  }
  return problems;
}

function checkParent(name: string, zones: Record<string, unknown>, path: ConfigPath): Problem[] {
  const parent = parentOf(name, zones);
  if (parent === undefined) return [];
  const at = [...path, 'parent'];
  const known = zoneNames(zones);
  if (!known.includes(parent)) return [{ path: at, message: unknownKey('zone', parent, known) }];
  const seen = new Set<string>();
  for (let zone: string | undefined = parent; zone !== undefined && !seen.has(zone); zone = parentOf(zone, zones)) {
    if (zone === name) return [{ path: at, message: `the zone "${name}" is its own ancestor.` }];
    seen.add(zone);
  }
  return [];
}

function parentOf(name: string, zones: Record<string, unknown>): string | undefined {
  const zone = Object.hasOwn(zones, name) ? zones[name] : undefined;
  return isRecord(zone) && typeof zone.parent === 'string' ? zone.parent : undefined;
}

function zoneNames(zones: unknown): string[] {
  return [...BUILTIN_ZONES, ...Object.keys(isRecord(zones) ? zones : {})];
}

/** Wherever zones and CIDRs are named: each must be one or the other. */
function checkZoneReferences({ zones, services }: Record<string, unknown>): Problem[] {
  const known = zoneNames(zones);
  const references: [ConfigPath, unknown][] = [];
  for (const [name, { access, nat, routes }] of named(services)) {
    for (const [index, rule] of records(nat)) {
      for (const [action, conditions] of named(rule)) {
        const path = ['services', name, 'nat', index, action];
        references.push([[...path, 'clients'], conditions.clients], [[...path, 'servers'], conditions.servers]);
      }
    }
    for (const [index, rule] of records(access)) {
      for (const [verdict, conditions] of named(rule)) {
        const path = ['services', name, 'access', index, verdict];
        references.push([[...path, 'clients'], conditions.clients], [[...path, 'servers'], conditions.servers]);
      }
    }
    for (const [index, { match }] of records(routes)) {
      const path = ['services', name, 'routes', index, 'match', 'client'];
      if (isRecord(match)) references.push([path, match.client]);
    }
  }
  return references.flatMap(([path, value]) =>
    Array.isArray(value)
      ? (value as unknown[]).flatMap((item, index) => checkZoneReference([...path, index], item, known))
      : checkZoneReference(path, value, known),
  );
}

function checkZoneReference(path: ConfigPath, value: unknown, known: readonly string[]): Problem[] {
  if (typeof value !== 'string' || known.includes(value)) return [];
  const problem = cidrProblem(value);
  if (problem === undefined) return [];
  const looksLikeAddress = /^[\d:[]|[/:]/.test(value);
  return [{ path, message: looksLikeAddress ? problem : unknownKey('zone', value, known) }];
}
