import { isOnThisMachine, sameSockAddr, type SockAddr } from '@inband/core';
import { isRecord, type Problem } from '../problem/problem.ts';
import { parseSockAddr } from '../values/bind.ts';
import { checkSocketFile } from './check-socket-file.ts';
import { named, records } from '../problem/written.ts';

/** Whoever reaches the admin server from another machine has to show a token. */
export function checkAdmin({ admin, listeners }: Record<string, unknown>): Problem[] {
  if (!isRecord(admin)) return [];
  const bind = typeof admin.bind === 'string' ? parseSockAddr(admin.bind) : undefined;
  if (bind === undefined) return [];
  return [
    ...checkSocketFile(['admin'], admin),
    ...checkBound(bind, listeners),
    ...(isOnThisMachine(bind) ? [] : checkOpen(admin)),
  ];
}

function checkOpen(admin: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  if (named(admin.tokens).length === 0 && admin.oidc === undefined) {
    const message =
      'others than this machine reach this address, so "tokens" or "oidc" has to say who may ask; "inband admin token NAME --role read" makes a token.';
    problems.push({ path: ['admin', 'bind'], message });
  }
  if (admin.anonymous !== undefined && admin.anonymous !== 'none') {
    const message = 'others than this machine reach this address; everybody has to show a token.';
    problems.push({ path: ['admin', 'anonymous'], message });
  }
  if (admin.tls === undefined) {
    const message =
      'others than this machine reach this address, and without "tls" their tokens can be read on the way; this is right only behind TLS.';
    problems.push({ path: ['admin', 'bind'], warning: true, message });
  }
  return problems;
}

function checkBound(bind: SockAddr, listeners: unknown): Problem[] {
  if (bind.family !== 'unix' && bind.port === 0) return [];
  for (const [index, listener] of records(listeners)) {
    const other = typeof listener.bind === 'string' ? parseSockAddr(listener.bind) : undefined;
    if (other === undefined || !sameSockAddr(other, bind)) continue;
    return [{ path: ['admin', 'bind'], message: `listeners[${index}] binds this address already.` }];
  }
  return [];
}
