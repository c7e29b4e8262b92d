import { duration } from '@inband/chainers';
import type { ServiceMode } from '@inband/core';
import { defaultHttpOptions } from '@inband/http-proxy';
import { defaultTlsGuardOptions } from '@inband/tls-guard';
import { type ConfigPath, isRecord, type Problem, valueAt } from '../../problem/problem.ts';

/** A route of the service `from` that leads to a chainer which stacks the service `to`. */
interface Stacking {
  readonly from: string;
  readonly to: string;
  readonly route: ConfigPath;
}

const milliseconds = duration();

/**
 * Warns if a tunnel's idle timeout is shorter than the response timeout of the service inside it, because no bytes pass while the
 * server has not answered. The configuration is as it was written.
 */
export function checkStackedTimeout(config: Record<string, unknown>, { from, to, route }: Stacking): Problem[] {
  const outer = valueAt(config, ['services', from]);
  const inner = valueAt(config, ['services', to]);
  if (!isRecord(outer) || !isRecord(inner) || inner.proxy === 'tls') return [];
  if (!opensTunnels(outer, valueAt(config, route))) return [];
  const [section, idle] =
    outer.proxy === 'tls' ? ['tls', tlsIdle(outer)] : ['http', httpTime(outer, 'tunnelIdleTimeout')];
  const answer = httpTime(inner, 'responseTimeout');
  if (idle === undefined || answer === undefined || idle >= answer) return [];
  const outerPath = ['services', from, section, 'tunnelIdleTimeout'];
  const innerPath = ['services', to, 'http', 'responseTimeout'];
  const isOuterWritten = valueAt(config, outerPath) !== undefined;
  const message = isOuterWritten
    ? `a tunnel in which nothing moves is closed after ${idle} ms, while the service "${to}" inside it waits for an answer for ${answer} ms (${innerPath.join('.')}); raise this, or lower that.`
    : `the tunnel around it is closed when nothing moves for ${idle} ms (${outerPath.join('.')}), before this time is over; lower this, or raise that.`;
  return [{ path: isOuterWritten ? outerPath : innerPath, warning: true, message }];
}

/** Whether clients may open a tunnel by that route. */
function opensTunnels({ proxy, mode }: Record<string, unknown>, route: unknown): boolean {
  if (proxy === 'tls') return true;
  const methods = isRecord(route) && isRecord(route.match) ? route.match.method : undefined;
  if (mode === 'reverse') return false;
  return methods === undefined || methods === 'CONNECT' || (Array.isArray(methods) && methods.includes('CONNECT'));
}

function tlsIdle({ tls }: Record<string, unknown>): number | undefined {
  return timeOf(tls, 'tunnelIdleTimeout', defaultTlsGuardOptions.tunnelIdleTimeout);
}

function httpTime(
  { mode, http }: Record<string, unknown>,
  key: 'tunnelIdleTimeout' | 'responseTimeout',
): number | undefined {
  return isMode(mode) ? timeOf(http, key, defaultHttpOptions(mode)[key]) : undefined;
}

function isMode(mode: unknown): mode is ServiceMode {
  return mode === 'forward' || mode === 'reverse' || mode === 'transparent';
}

/** Undefined if the value is not a duration, which the schema reports. */
function timeOf(section: unknown, key: string, otherwise: number): number | undefined {
  const written = isRecord(section) ? section[key] : undefined;
  return written === undefined ? otherwise : milliseconds.safeParse(written).data;
}
