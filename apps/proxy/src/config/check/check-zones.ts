import { cidrProblem, zoneHostProblem } from '@inband/core';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { BUILTIN_ZONES } from './check-references.ts';

/** Checks the definitions of zones. The configuration is as it was written. */
export function checkZones({ zones }: Record<string, unknown>): Problem[] {
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
  const at = [...path, 'parent'];
  const seen = new Set<string>();
  for (let zone = parentOf(name, zones); zone !== undefined && !seen.has(zone); zone = parentOf(zone, zones)) {
    if (zone === name) return [{ path: at, message: `the zone "${name}" is its own ancestor.` }];
    seen.add(zone);
  }
  return [];
}

function parentOf(name: string, zones: Record<string, unknown>): string | undefined {
  const zone = Object.hasOwn(zones, name) ? zones[name] : undefined;
  return isRecord(zone) && typeof zone.parent === 'string' ? zone.parent : undefined;
}
