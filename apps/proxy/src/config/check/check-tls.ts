import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { named, records } from './written.ts';

/** Checks TLS of listeners, across keys. The configuration is as it was written. */
export function checkTls({ listeners, services }: Record<string, unknown>): Problem[] {
  const guards = new Set(
    named(services)
      .filter(([, { proxy }]) => proxy === 'tls')
      .map(([name]) => name),
  );
  return records(listeners).flatMap(([index, { tls }]) => {
    if (!isRecord(tls)) return [];
    const path = ['listeners', index, 'tls'];
    return [...checkListenerTls(path, tls), ...checkMatch([...path, 'match'], tls.match, guards)];
  });
}

function checkMatch(path: ConfigPath, match: unknown, guards: ReadonlySet<string>): Problem[] {
  return records(match)
    .filter(([, { pass }]) => typeof pass === 'string' && !guards.has(pass))
    .map(([index, { pass }]): Problem => {
      const message = `"${String(pass)}" is no service with "proxy: tls", and no other one can serve what is encrypted.`;
      return { path: [...path, index, 'pass'], message };
    });
}

function checkListenerTls(path: ConfigPath, tls: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  if (asksForCertificates(tls) && tls.ca === undefined) {
    const message = 'no certificate of a client can be verified: name the authorities that sign them by "ca".';
    problems.push({ path: [...path, 'clientAuth'], message });
  }
  for (const key of ['ca', 'crl']) {
    if (!(key in tls) || asksForCertificates(tls)) continue;
    const message = 'this has no effect: clients are asked for a certificate only with "clientAuth".';
    problems.push({ path: [...path, key], at: 'key', warning: true, message });
  }
  return problems;
}

function asksForCertificates({ clientAuth }: Record<string, unknown>): boolean {
  return clientAuth === 'request' || clientAuth === 'require';
}

/** Whether clients of any listener can say by a certificate who they are. */
export function knowsClients({ listeners }: Record<string, unknown>): boolean {
  return records(listeners).some(([, { tls }]) => isRecord(tls) && asksForCertificates(tls));
}
