import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { programCommand } from '../../e2e/program.ts';

/** What the exit statuses of `inband cluster status` mean. */
const WORDS: Readonly<Record<number, string>> = { 0: 'well', 3: 'stale', 4: 'away' };

/** What `inband cluster status` says at the member with this folder, in a word. */
export async function clusterStatus(folder: string): Promise<string> {
  const [program = '', ...parameters] = programCommand;
  const more = ['cluster', 'status', '--config', join(folder, 'inband.json')];
  const child = spawn(program, [...parameters, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return WORDS[status ?? -1] ?? `exit status ${status}: ${text}`;
}
