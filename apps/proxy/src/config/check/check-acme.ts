import { isRecord, type Problem } from '../problem/problem.ts';
import { named, records } from '../problem/written.ts';

/** Checks what is asked of the CA, without asking it. */
export function checkAcme({ acme, listeners, services }: Record<string, unknown>): Problem[] {
  if (!isRecord(acme)) return [];
  return [...checkWanted(acme), ...checkNames(acme), ...checkListeners(acme, records(listeners), services)];
}

/** Certificates are for listeners with TLS, and a CA has to find the answers to its challenges. */
function checkListeners(
  { challenge = 'tls-alpn-01' }: Record<string, unknown>,
  listeners: readonly (readonly [number, Record<string, unknown>])[],
  services: unknown,
): Problem[] {
  const isReverse = (name: unknown): boolean =>
    named(services).some(([each, { mode }]) => each === name && mode === 'reverse');
  const problems: Problem[] = [];
  if (!listeners.some(([, { tls }]) => isRecord(tls)))
    problems.push(warningOf('no listener has "tls", so nobody gets the certificates.'));
  if (challenge === 'http-01' && !listeners.some(([, { service }]) => isReverse(service)))
    problems.push(warningOf('http-01: no listener has a service with "mode: reverse", which would answer the CA.'));
  return problems;
}

function checkWanted({ hosts, onDemand }: Record<string, unknown>): Problem[] {
  if (onDemand !== undefined || (hosts !== undefined && !(Array.isArray(hosts) && hosts.length === 0))) return [];
  return [{ path: ['acme'], message: 'there is nothing to order: "hosts" or "onDemand" has to name hosts.' }];
}

function warningOf(message: string): Problem {
  return { path: ['acme'], at: 'key', warning: true, message };
}

/** A wildcard can be shown by the DNS only, and a name is ordered once. */
function checkNames({ hosts, challenge }: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const entries = Array.isArray(hosts) ? (hosts as unknown[]) : [];
  for (const [index, entry] of entries.entries()) {
    for (const name of Array.isArray(entry) ? (entry as unknown[]) : [entry]) {
      if (typeof name !== 'string') continue;
      const path = ['acme', 'hosts', index];
      const host = name.toLowerCase();
      if (seen.has(host)) problems.push({ path, message: `${JSON.stringify(name)} is ordered twice.` });
      seen.add(host);
      if (host.startsWith('*.') && !isRecord(challenge)) problems.push({ path, message: WILDCARD });
    }
  }
  return problems;
}

const WILDCARD = 'a CA certifies a wildcard by dns-01 only: "challenge" has to name a plugin for the DNS.';
