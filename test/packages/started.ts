import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** What a program had loaded when it listened. */
export interface Loaded {
  /** The paths of modules that are files. */
  readonly files: readonly string[];
  /** Modules of Node.js, its internal ones included. */
  readonly builtins: readonly string[];
  /** Bytes of memory that it shares with no other process. */
  readonly memory: number;
}

/** Runs before the program: notes what is loaded, and writes it to standard error when the process ends. */
const NOTES = `
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  const files = [];
  registerHooks({ load(url, context, next) { if (url.startsWith('file:')) files.push(url); return next(url, context); } });
  const builtins = () => process.moduleLoadList.flatMap((name) => /^NativeModule (.*)$/.exec(name)?.[1] ?? []);
  process.once('exit', () => writeSync(2, JSON.stringify({ files, builtins: builtins() })));
`;

/** Starts a program, waits for a line that has `sign` in it, and ends it by SIGTERM. Linux only. */
export async function loadedBy(node: string, args: readonly string[], sign: string): Promise<Loaded> {
  const notes = `data:text/javascript,${encodeURIComponent(NOTES)}`;
  const child = spawn(node, ['--import', notes, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let noted = '';
  child.stderr.on('data', (text) => (noted += String(text)));
  let memory = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes(sign)) continue;
    memory = await privateMemory(child.pid ?? 0);
    child.kill('SIGTERM');
  }
  await ended;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the text above writes it
  return { memory, ...(JSON.parse(noted) as Omit<Loaded, 'memory'>) };
}

async function privateMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss_Anon:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

/** A program that only listens, as a measure for others. It ends by SIGTERM, too. */
export const BARE = [
  '--input-type=module',
  '--eval',
  `import { createServer } from 'node:net';
   process.on('SIGTERM', () => process.exit());
   createServer().listen(0, '127.0.0.1', () => console.log('listening'));`,
];
