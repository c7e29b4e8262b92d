import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { records } from './written.ts';

/** Checks TLS of listeners, across keys. The configuration is as it was written. */
export function checkTls({ listeners }: Record<string, unknown>): Problem[] {
  return records(listeners).flatMap(([index, { tls }]) =>
    isRecord(tls) ? checkListenerTls(['listeners', index, 'tls'], tls) : [],
  );
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
