import { SidestackChainer } from '@inband/chainers';
import { AccessDeniedError, formatSockAddr, type SessionRecord, type SessionRoute } from '@inband/core';
import { WHERE_TO } from './explain-interception.ts';
import type { ExplainedServer, Explanation } from './explanation.ts';
import type { ExplainedStep } from './watched-steps.ts';

/** What the record of a session that was never connected says: what becomes of the request, and why. */
export function conclude(
  record: SessionRecord,
  service: string,
  servers: readonly ExplainedServer[],
): Omit<Explanation, 'client' | 'clientZones' | 'steps'> {
  const { session, error } = record;
  const { originalDestination } = session.client;
  const chainer = session.route?.chainer;
  const { user, groups } = session;
  const route = {
    ...(user !== undefined && { user, groups: groups ?? [] }),
    service,
    destination: originalDestination && formatSockAddr(originalDestination),
    route: session.route?.name,
    chainer: chainer?.kind,
    through: stackedBy(chainer),
    servers,
  };
  const allowed = servers.find(({ verdict }) => verdict === 'allow');
  if (allowed !== undefined) {
    return {
      ...route,
      verdict: 'allow',
      rule: allowed.rule,
      ...listOf(allowed),
      reason: allowed.reason,
      error: undefined,
      status: undefined,
    };
  }
  const failed = { ...route, error: error?.code, status: error?.status ?? record.status };
  const denied = servers.at(-1);
  if (denied !== undefined)
    return { ...failed, verdict: 'deny', rule: denied.rule, ...listOf(denied), reason: denied.reason };
  const reason = error?.message ?? `The proxy answers it by itself, with ${record.status}.`;
  const rule = error instanceof AccessDeniedError ? error.rule : undefined;
  if (error?.setting === 'listeners[].transparent') return { ...failed, verdict: 'depends', rule, reason: WHERE_TO };
  const unresolved = error?.code === 'dns_error' || error?.code === 'dns_timeout';
  if (unresolved) return { ...failed, verdict: 'depends', rule, reason: `The name could not be resolved: ${reason}` };
  const list = error instanceof AccessDeniedError ? listOf(error) : {};
  return { ...failed, verdict: error === undefined ? 'allow' : 'deny', rule, ...list, reason };
}

/** Where the rule found the host in a list: which one. */
function listOf({ list }: { readonly list?: string | undefined }): { readonly list?: string } {
  return list === undefined ? {} : { list };
}

function stackedBy(chainer: SessionRoute['chainer'] | undefined): string[] {
  return chainer instanceof SidestackChainer ? [chainer.service, ...stackedBy(chainer.chainer)] : [];
}

/** Of a request that would be connected nothing is sent, because no dial of a dry run succeeds: that refuses nothing. */
export function stepsTaken(
  steps: readonly ExplainedStep[],
  servers: readonly ExplainedServer[],
): readonly ExplainedStep[] {
  const isAllowed = servers.some(({ verdict }) => verdict === 'allow');
  return steps.map((step) => (isAllowed && step.outcome === 'refuses' ? { ...step, outcome: 'passes' } : step));
}
