import { ProxyError, Timers } from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import { warningsOf } from '../config/problem/placed.ts';
import type { PlacedProblem } from '../config/problem/problem.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { silentLogger } from '../log/logging.ts';
import { assemble, type Assembly } from '../run/build/assemble.ts';
import { ForgingCheck } from '../run/forging-check.ts';
import type { Plan } from '../run/plan/planned.ts';

/**
 * Builds everything of a configuration but its listeners, and drops it: so what this system cannot do is known before anything changes. Throws a
 * `ProxyError` for that.
 */
export function buildOnce(
  parsed: ParsedConfig,
  source: ConfigSource,
): { readonly plan: Plan; readonly warnings: readonly PlacedProblem[] } {
  const timers = new Timers();
  const forging = new ForgingCheck(parsed.config.transport);
  const { forgeAddrProblem } = forging;
  try {
    const deps = { establisher: () => doNotConnect, timers, logger: silentLogger, forgeAddrProblem };
    const assembly = assemble(parsed, source, deps);
    const warnings = [...warningsOf(source, forging.warnings), ...contestedWarnings(assembly.zones.contested)];
    assembly.close();
    return { plan: assembly.plan, warnings };
  } finally {
    timers.close();
  }
}

function contestedWarnings({ count, zones }: Assembly['zones']['contested']): PlacedProblem[] {
  if (count === 0) return [];
  const losers = [...zones].map(([loser, winner]) => `"${loser}" loses to "${winner}"`).join(', ');
  const what = count === 1 ? 'network belongs' : 'networks belong';
  const message = `${count} ${what} to several zones; the first zone has them: ${losers}.`;
  return [{ severity: 'warning', message }];
}

/** Of what is built only to be looked at. */
export function doNotConnect(): Promise<never> {
  return Promise.reject(new ProxyError('proxy_internal_error', 'A check does not connect.'));
}
