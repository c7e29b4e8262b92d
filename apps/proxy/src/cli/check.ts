import { ProxyError, toProxyError } from '@inband/core';
import { stickyAdvice } from '../advice/sticky-advice.ts';
import { systemFacts } from '../advice/system-facts.ts';
import { transparentAdvice } from '../advice/transparent-advice.ts';
import { pluginUses } from '../config/plugins/plugin-uses.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf, warningsOf } from '../config/problem/placed.ts';
import { ConfigError, formatPlaced, type PlacedProblem, type Problem } from '../config/problem/problem.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Plan } from '../run/plan/planned.ts';
import { socketAccess } from '../run/listeners/socket-access.ts';
import { formatPlan } from '../run/plan/format-plan.ts';
import { machineKey } from '../session-tickets/machine-key.ts';
import { transportFor } from '../run/transport.ts';
import { buildOnce } from '../trial/build-once.ts';
import type { CheckCommand } from './cli-arguments.ts';

type Tell = (warnings: readonly PlacedProblem[]) => void;

/** Checks a configuration and says what is wrong with it. Resolves with the exit status. */
export async function check({ config, plan, json }: CheckCommand): Promise<number> {
  if (json === true) return checkForMachines(config);
  const made = await checkConfig(config, (warnings) => {
    for (const warning of warnings) process.stderr.write(`${formatPlaced(warning)}\n`);
  });
  if (plan === true) process.stdout.write(formatPlan(made));
  process.stdout.write(`${config ?? 'the default configuration'}: ok\n`);
  return 0;
}

/** The same as one JSON text: `{ ok, problems: [{ severity, file, line, column, path, message }] }`. */
async function checkForMachines(config: string | undefined): Promise<number> {
  const problems: PlacedProblem[] = [];
  try {
    await checkConfig(config, (warnings) => problems.push(...warnings));
  } catch (error) {
    problems.push(...problemsIn(error, config));
  }
  const ok = problems.every(({ severity }) => severity === 'warning');
  process.stdout.write(`${JSON.stringify({ ok, problems }, undefined, 2)}\n`);
  return ok ? 0 : 1;
}

/** A defect is not told as a problem of the configuration. */
function problemsIn(error: unknown, file: string | undefined): readonly PlacedProblem[] {
  if (error instanceof ConfigError) return error.placed;
  if (!(error instanceof ProxyError)) throw error;
  return [{ severity: 'error', file, path: error.setting, message: error.message }];
}

/** Builds everything but listeners, so that what this system cannot do is reported as well. */
async function checkConfig(config: string | undefined, tell: Tell): Promise<Plan> {
  const [parsed, source] = await loadConfig(config);
  await checkAdminFiles(parsed, source);
  // A proxy starts with them, because other listeners are of use.
  const expired = parsed.tls?.expired ?? [];
  if (expired.length > 0) throw errorsOf(source, expired);
  tell([...parsed.placedWarnings, ...(await systemWarnings(parsed, source)), ...accountWarnings(parsed, source)]);
  const { plan, warnings } = buildOnce(parsed, source);
  tell(warnings);
  return plan;
}

/** What this machine lacks. What is about intercepted connections is checked only if a listener is transparent. */
async function systemWarnings(parsed: ParsedConfig, source: ConfigSource): Promise<PlacedProblem[]> {
  const { config, registry } = parsed;
  const sticky = stickyAdvice(pluginUses(config, registry), machineKey());
  if (config.listeners.every(({ transparent }) => transparent === undefined)) return warningsOf(source, sticky);
  transportFor(parsed, source);
  return warningsOf(source, [...sticky, ...transparentAdvice(config, await systemFacts())]);
}

/** Whether the certificate of the admin server and its key are of use. */
async function checkAdminFiles({ config: { admin } }: ParsedConfig, source: ConfigSource): Promise<void> {
  if (admin?.tls === undefined) return;
  const { tlsOf } = await import('../admin/admin-settings.ts');
  await tlsOf(admin.tls, source);
}

/** Accounts of unix listeners that do not exist. Warnings, because they may exist on another machine. */
function accountWarnings({ config }: ParsedConfig, source: ConfigSource): PlacedProblem[] {
  const problems = config.listeners.flatMap((listener, index): Problem[] => {
    try {
      socketAccess(listener);
      return [];
    } catch (error) {
      const { message, setting = '' } = toProxyError(error);
      return [{ path: ['listeners', index, setting.replace('listeners[].', '')], message, warning: true }];
    }
  });
  return warningsOf(source, problems);
}
