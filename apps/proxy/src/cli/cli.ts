import { formatSockAddr, sameSockAddr } from '@inband/core';
import { readFileSync } from 'node:fs';
import { type Command, type ExplainCommand, parseArguments, USAGE, UsageError } from './cli-arguments.ts';
import { check } from './check.ts';
import { describeFailure } from '../log/describe-failure.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import { isRecord } from '../config/problem/problem.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { explain } from '../explain/explain.ts';
import { formatExplanation } from '../explain/explanation.ts';
import { writeBeforeExit } from '../log/final-write.ts';
import { leave } from '../log/leave.ts';
import { run } from '../run/run.ts';
import { countWorkers } from '../run/limits/count-workers.ts';
import { supervise } from '../workers/supervisor.ts';

/** Milliseconds for writing an error to standard error after the proxy has started. */
const LONGEST_TELLING = 1_000;
const STDERR = 2;

/** The program: reads its arguments, runs the command, and ends with its exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  let status = 1;
  try {
    status = await execute(parseArguments(argv));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    await tell(`${isUsage ? `inband: ${error.message} See inband --help.` : describeFailure(error)}\n`);
  }
  await written(process.stdout, '');
  // Not by an empty event loop, because a plugin may have left something running, and a module may never settle.
  leave(status);
}

/** Writes to standard error. After the start this must not block on its reader, because then no signal would be handled. */
function tell(failure: string): Promise<void> | undefined {
  if (process.listenerCount('SIGTERM') === 0) return written(process.stderr, failure);
  const isWritten = writeBeforeExit(STDERR, Buffer.from(failure), LONGEST_TELLING);
  return isWritten ? undefined : leave(1, true);
}

function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => void stream.write(text, () => resolve()));
}

async function execute(command: Command): Promise<number> {
  if (command.name === 'help' || command.name === 'version') {
    process.stdout.write(command.name === 'help' ? USAGE : `${version()}\n`);
    return 0;
  }
  if (command.name === 'check') return check(command);
  const [parsed, source] = await loadConfig(command.config);
  if (command.name === 'explain') return explainOnce(command, parsed, source);
  const workers = countWorkers(parsed.config.workers);
  return workers === 1 ? run(parsed, source) : supervise(parsed, source, workers);
}

const EXIT_STATUS = { allow: 0, deny: 3, depends: 4 } as const;

async function explainOnce(command: ExplainCommand, parsed: ParsedConfig, source: ConfigSource): Promise<number> {
  const { listeners, services } = parsed.config;
  const wanted = command.listener;
  const listener = wanted === undefined ? 0 : listeners.findIndex(({ bind }) => sameSockAddr(bind, wanted));
  if (listener < 0) {
    const known = listeners.map(({ bind }) => formatSockAddr(bind)).join(', ');
    throw new UsageError(`no listener binds ${wanted && formatSockAddr(wanted)}; there are ${known}.`);
  }
  if (command.destination !== undefined && listeners[listener]?.transparent === undefined) {
    throw new UsageError('--destination is for transparent listeners; the clients of this one are where they wanted.');
  }
  const isForward = services[listeners[listener]?.service ?? '']?.mode === 'forward';
  const explanation = await explain(parsed, source, {
    client: command.client,
    listener,
    destination: command.destination,
    ...requestOf(command, isForward),
  });
  process.stdout.write(`${command.json ? JSON.stringify(explanation, null, 2) : formatExplanation(explanation)}\n`);
  return EXIT_STATUS[explanation.verdict];
}

/** As a browser would: GET, but a tunnel for https:// through a forward proxy, and for host:port. */
function requestOf({ method, url }: ExplainCommand, isForward: boolean): { method: string; url: string } {
  const [, scheme, authority = url] = /^(https?):\/\/([^/?#]*)/i.exec(url) ?? [];
  const isTunnel =
    method === undefined ? scheme === undefined || (isForward && /^https$/i.test(scheme)) : method === 'CONNECT';
  if (!isTunnel) return { method: method ?? 'GET', url: scheme === undefined ? `http://${url}/` : url };
  const hasPort = /:\d+$/.test(authority);
  return { method: 'CONNECT', url: hasPort ? authority : `${authority}:${/^https$/i.test(scheme ?? '') ? 443 : 80}` };
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return isRecord(manifest) ? String(manifest.version) : 'unknown';
}
