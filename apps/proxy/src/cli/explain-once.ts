import { formatBind } from '../config/values/bind.ts';
import { loadConfig } from '../config/load-config.ts';
import { explain } from '../explain/explain.ts';
import { formatExplanation } from '../explain/explanation.ts';
import { requestOf } from '../explain/request-of.ts';
import type { ExplainCommand } from './explain-arguments.ts';
import { UsageError } from './usage/usage-error.ts';

const EXIT_STATUS = { allow: 0, deny: 3, depends: 4 } as const;

/** Explains one request. Resolves with the exit status. */
export async function explainOnce(command: ExplainCommand): Promise<number> {
  const [parsed, source] = await loadConfig(command.config);
  const { listeners, services } = parsed.config;
  const wanted = command.listener && formatBind(command.listener);
  const listener = wanted === undefined ? 0 : listeners.findIndex(({ bind }) => formatBind(bind) === wanted);
  if (listener < 0) {
    const known = listeners.map(({ bind }) => formatBind(bind)).join(', ');
    throw new UsageError(`no listener binds ${wanted}; there are ${known}.`);
  }
  if (command.destination !== undefined && listeners[listener]?.transparent === undefined) {
    throw new UsageError('--destination is for transparent listeners; the clients of this one are where they wanted.');
  }
  const isForward = services[listeners[listener]?.service ?? '']?.mode === 'forward';
  const explanation = await explain(parsed, source, {
    client: command.client,
    listener,
    destination: command.destination,
    certificate: command.certificate,
    user: command.user,
    groups: command.groups,
    fields: command.fields,
    at: command.at,
    ...requestOf(command, isForward),
  });
  process.stdout.write(`${command.json ? JSON.stringify(explanation, null, 2) : formatExplanation(explanation)}\n`);
  return EXIT_STATUS[explanation.verdict];
}
