import { COMMAND_LINE, loadConfig } from '../config/load-config.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { InheritedSockets } from '../handover/inherited-sockets.ts';
import { predecessorOfThisProcess } from '../handover/predecessor.ts';
import { predecessorSockets, systemdSockets } from '../handover/systemd-sockets.ts';
import { describeFailure } from '../log/describe-failure.ts';
import { writeBeforeExit } from '../log/outputs/final-write.ts';
import { packageVersion } from '../own-files/own-files.ts';
import { leave } from '../log/leave.ts';
import { optimiseAgain, optimiseLater } from '../run/late-optimising.ts';
import { countWorkers } from '../run/limits/count-workers.ts';
import { type Command, parseArguments, type QuickCommand } from './cli-arguments.ts';
import { UsageError } from './usage/usage-error.ts';

/** Milliseconds for writing an error to standard error after the proxy has started. */
const LONGEST_TELLING = 1_000;
const STDERR = 2;

/** The program: reads its arguments, runs the command, and ends with its exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  let status = 1;
  let command: Command | undefined;
  try {
    command = parseArguments(argv);
    status = await execute(command);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    // What is wrong with the machine or the configuration, the help does not say.
    const hint = command === undefined ? ' See inband --help.' : '';
    // Here and not on standard error, where nobody connects it with the upgrade.
    await predecessorOfThisProcess()?.failed(describeFailure(error));
    await tell(`${isUsage ? `inband: ${error.message}${hint}` : describeFailure(error)}\n`);
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

/** Imports what the command needs, and nothing that only others do, because whoever runs the proxy waits for it. */
async function execute(command: Command): Promise<number> {
  switch (command.name) {
    case 'help':
      return print((await import('./help.ts')).helpText());
    case 'version':
      return print(`${packageVersion()}\n`);
    case 'completions':
      return print((await import('./completions.ts')).completions(command.shell));
    case 'check':
      return (await import('./check.ts')).check(command);
    case 'explain':
      return (await import('./explain-once.ts')).explainOnce(command);
    case 'pac':
      return (await import('./pac.ts')).pac(command);
    case 'logs':
      return (await import('./logs.ts')).logs(command);
    case 'reload':
      if (!('pid' in command)) return (await import('./running/operate.ts')).reload(command);
      return (await import('./running/signal-program.ts')).signalProgram(command);
    case 'upgrade':
      return (await import('./running/signal-program.ts')).signalProgram(command);
    case 'drain':
      return (await import('./running/operate.ts')).drain(command);
    case 'top':
      return (await import('./running/top.ts')).top(command);
    case 'status':
      return (await import('./running/operate.ts')).showStatus(command);
    case 'cluster':
      return (await import('./running/cluster/show-cluster.ts')).showCluster(command);
    case 'server':
      return (await import('./running/cluster/show-cluster.ts')).orderServer(command);
    case 'config':
      return (await import('./running/config-pull.ts')).pullConfig(command);
    case 'push':
      return (await import('./running/pushes.ts')).push(command);
    case 'rollback':
      return (await import('./running/pushes.ts')).rollback(command);
    case 'versions':
      return (await import('./running/pushes.ts')).versions(command);
    case 'admin':
      return (await import('./running/make-token.ts')).adminToken(command);
    case 'revoke':
      return (await import('./running/revoke.ts')).revoke(command);
    case 'hash':
      return (await import('./passwords/print-hash.ts')).printHash(command.hashing);
    case 'init':
      return (await import('./init.ts')).init(command);
    case 'forward':
    case 'reverse':
      return runQuick(command);
    case 'run':
      return serve(...(await loadConfig(command.config, undefined, { onRead: optimiseLater })));
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

async function runQuick(command: QuickCommand): Promise<number> {
  const { quickConfig } = await import('./quick-config.ts');
  const { parseConfig } = await import('../config/parse-config.ts');
  const { name, log } = command;
  const value = quickConfig({ ...command, mode: name, log }, process.env.PORT);
  const source = { value, file: COMMAND_LINE, baseDirectory: process.cwd() };
  const parsed = await parseConfig(source);
  if (!command.print) return serve(parsed, source);
  const { configText } = await import('./config-text.ts');
  return print(configText(value, `What "inband ${name}" runs. With this in a file: inband --config FILE`));
}

async function serve(parsed: ParsedConfig, source: ConfigSource): Promise<number> {
  const workers = countWorkers(parsed.config.workers);
  const inherited = new InheritedSockets([...systemdSockets(), ...predecessorSockets()]);
  // Compiled code is kept for the usual flags of V8.
  optimiseAgain();
  if (workers === 1) {
    const { run } = await import('../single/run.ts');
    optimiseLater(source);
    return run(parsed, source, inherited);
  }
  return (await import('../workers/supervisor.ts')).supervise(parsed, source, workers, inherited);
}
