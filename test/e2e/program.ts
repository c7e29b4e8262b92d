import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from 'inband';
import { testTransport } from '../support/transport.ts';
import type { Lab } from './lab.ts';

/** What is built of the sources, as a package has it (`test/support/tiers/built-program.ts`). */
const main = fileURLToPath(new URL('../../apps/proxy/build/start.mjs', import.meta.url));

/** The command line that runs the program, without parameters. */
export const programCommand: readonly string[] = [process.execPath, main];

type LogLine = Readonly<Record<string, unknown>>;

/** The program, as a process of its own. */
export interface RunningProgram {
  readonly pid: number;
  readonly port: number;
  /** Every line of standard output so far, whatever it is. */
  readonly lines: readonly string[];
  /** Resolves when there are `count` log lines with this `msg`; gives them. */
  logged(message: string, count?: number): Promise<readonly LogLine[]>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: string | null; readonly stderr: string }>;
}

/**
 * Starts the program with a configuration file; the lab kills it if it still runs at the end. `within` is the command
 * line of what runs it elsewhere: the same process must become the program. `folder`: that of the file, `inband.json`, where
 * it is to be known.
 */
export async function startProgram(
  lab: Pick<Lab, 'defer'>,
  config: ConfigInput,
  within: readonly string[] = [],
  folder?: string,
): Promise<RunningProgram> {
  const place = folder ?? (await mkdtemp(join(tmpdir(), 'inband-e2e-')));
  if (folder === undefined) lab.defer(() => rm(place, { recursive: true }));
  const file = join(place, 'inband.json');
  await writeFile(file, JSON.stringify({ transport: testTransport, ...config }));
  const [command, ...parameters] = [...within, ...programCommand, '--config', file];
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  lab.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const check of waiting.splice(0)) check();
  });
  const failed = ended.then(() => {
    throw new Error(`The program has ended: ${stderr || lines.slice(-3).join('\n')}`);
  });
  failed.catch(() => {}); // Of interest only to whoever waits for a line.
  const logged: RunningProgram['logged'] = async (message, count = 1) => {
    for (;;) {
      const found = lines.map((line) => JSON.parse(line) as LogLine).filter(({ msg }) => msg === message);
      if (found.length >= count) return found;
      await Promise.race([failed, new Promise<void>((resolve) => waiting.push(resolve))]);
    }
  };
  const [listening] = await logged('listening');
  return {
    pid: child.pid ?? 0,
    port: Number(String(listening?.address).split(':').at(-1)),
    lines,
    logged,
    kill: (signal) => void child.kill(signal),
    ended: ended.then(([status, signal]) => ({
      status: status as number | null,
      signal: signal as string | null,
      stderr,
    })),
  };
}
