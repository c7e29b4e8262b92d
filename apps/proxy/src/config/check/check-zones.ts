import { cidrProblem, zoneHostProblem } from '@inband/core';
import { isRecord, type Problem } from '../problem/problem.ts';
import { circlesOf, type Edge } from '../problem/circles.ts';
import { BUILTIN_ZONES } from './check-references.ts';

/** Checks the definitions of zones. The configuration is as it was written. */
export function checkZones({ zones }: Record<string, unknown>): Problem[] {
  if (!isRecord(zones)) return [];
  const problems: Problem[] = [];
  const isCircular = circlesOf(Object.keys(zones).flatMap((name) => parentOf(name, zones)));
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
    if (parentOf(name, zones).some(isCircular)) {
      problems.push({ path: [...path, 'parent'], message: `the zone "${name}" is its own ancestor.` });
    }
  }
  return problems;
}

/** The zone with its parent, if it has one. */
function parentOf(name: string, zones: Record<string, unknown>): readonly Edge[] {
  const zone = zones[name];
  return isRecord(zone) && typeof zone.parent === 'string' ? [[name, zone.parent]] : [];
}
