import type { Duty, Session } from '@inband/core';
import { configurationError } from '../options/configuration-error.ts';
import { ActiveChecks } from './health/active-checks.ts';
import { DEFAULT_EJECTION } from './health/ejection.ts';
import { DEFAULT_EXPECTATION } from './health/probes/expectation.ts';
import type { Ask, Finding } from './health/probes/probe.ts';
import type { HealthOptions } from './health/server-health.ts';
import type { MemberConnector } from './members/member-connector.ts';
import type { PoolMember } from './members/pool-member.ts';
import { type CheckOptions, DEFAULT_SLOW_START } from './options/health-options.ts';
import type { PoolOptions } from './options/pool-options.ts';

/** Of a pool without checks, whose servers never fall by them. */
const NEVER = { fall: Infinity, rise: 1 };

/** How the health of each server is judged. */
export function healthOf({ balance, eject, check, slowStart = DEFAULT_SLOW_START }: PoolOptions): HealthOptions {
  const { fall, rise } = check ?? NEVER;
  // A weight that grows would move clients to another server with each step.
  const isHashed = typeof balance === 'object';
  return { ejection: { ...DEFAULT_EJECTION, ...eject }, fall, rise, slowStart: isHashed ? 0 : slowStart };
}

/** Makes the checks of a pool; undefined where there are none. Throws a `ProxyError` if servers cannot be looked at in this way. */
export function checksOf(
  check: CheckOptions | undefined,
  connector: MemberConnector,
  duty?: Duty,
): ((found: (member: PoolMember, finding: Finding) => boolean) => ActiveChecks<PoolMember>) | undefined {
  if (check === undefined) return undefined;
  checkTlsOf(check, connector);
  if (check.type === 'connect' && !connector.leadsOn) throw configurationError(NO_PARENTS, 'chainer.check.type');
  const options = { port: check.port, isPlain: check.type === 'tcp', target: check.target };
  return (found) =>
    new ActiveChecks<PoolMember>({
      times: check,
      connectTo: (member) => (session: Session) => connector.probe(session, member, options),
      askOf: (member) => askOf(check, member),
      found,
      duty,
    });
}

/** Milliseconds for which a finding counts for a worker that is started later: until one that is not on duty would have looked. */
export function findingTtl(check: CheckOptions | undefined): number {
  return check === undefined ? 0 : 3 * check.interval + 2 * check.timeout;
}

/** Throws a `ProxyError` if the check would speak no TLS, or twice. */
function checkTlsOf({ type, tls = false }: CheckOptions, { dialsTls }: MemberConnector): void {
  if (tls !== false && dialsTls) throw configurationError(TWICE, 'chainer.check.tls');
  if (type === 'tls' && tls === false && !dialsTls) throw configurationError(PLAIN, 'chainer.check.type');
}

const PLAIN =
  'A check of type tls is for servers that speak TLS: give the pool tls or its servers https://; or, where only clients speak it to them, check.tls.';
const TWICE = 'The check speaks the TLS of the pool, so check.tls is not needed.';
const NO_PARENTS = 'A check of type connect is for parents, which connect to its target.';

async function askOf(check: CheckOptions, { remote, server }: PoolMember): Promise<Ask | undefined> {
  if (check.type !== 'http') return undefined;
  // Whoever does not look at servers by HTTP does not load its client.
  const { hostField, httpAsk } = await import('./health/probes/http-probe.ts');
  const { path = '/', method = 'GET', host = hostField({ remote }, server.name), expect = DEFAULT_EXPECTATION } = check;
  return httpAsk({ path, method, host, expect });
}
