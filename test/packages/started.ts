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
  /** How many schemas of zod it had made, at its end. */
  readonly schemas: number;
  /** Bytes of memory that it shares with no other process. */
  readonly memory: number;
}

/** Runs in each process and thread before its program: writes what is loaded to standard error, and at the end the modules of Node.js and the number of schemas. */
const NOTES = `
  import { registerHooks } from 'node:module';
  import { writeSync } from 'node:fs';
  import { threadId } from 'node:worker_threads';
  const thread = process.pid + '.' + threadId;
  const note = (what) => writeSync(2, JSON.stringify({ thread, ...what }) + '\\n');
  registerHooks({ load(url, context, next) { if (url.startsWith('file:')) note({ file: url }); return next(url, context); } });
  const builtins = () => process.moduleLoadList.flatMap((name) => /^NativeModule (.*)$/.exec(name)?.[1] ?? []);
  const define = Object.defineProperty;
  let schemas = 0;
  Object.defineProperty = (on, key, what) => {
    if (key === '_zod' && typeof what.value?.def?.type === 'string') schemas += 1;
    return define(on, key, what);
  };
  process.once('exit', () => note({ builtins: builtins(), schemas }));
`;

/** One line of them. */
interface Note {
  readonly thread: string;
  readonly file?: string;
  readonly builtins?: readonly string[];
  readonly schemas?: number;
}

/** Starts a program, waits for `signs` lines that have `sign` in them, and ends it by SIGTERM. `under`: a command that becomes it. Linux only. */
async function noted(
  node: string,
  args: readonly string[],
  {
    sign,
    signs = 1,
    under = [],
  }: { readonly sign: string; readonly signs?: number; readonly under?: readonly string[] },
): Promise<{ readonly pid: number; readonly memory: number; readonly notes: readonly Note[] }> {
  const notes = `data:text/javascript,${encodeURIComponent(NOTES)}`;
  const [command = node, ...parameters] = [...under, node, '--import', notes, ...args];
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let written = '';
  child.stderr.on('data', (text) => (written += String(text)));
  const pid = child.pid ?? 0;
  let memory = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes(sign)) continue;
    seen += 1;
    if (seen !== signs) continue;
    memory = await privateMemory(pid);
    child.kill('SIGTERM');
  }
  await ended;
  const lines = written.split('\n').filter((line) => line.startsWith('{"thread"'));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the text above writes it
  return { pid, memory, notes: lines.map((line) => JSON.parse(line) as Note) };
}

/** What a program loads until it listens. `under`: a command that becomes it. */
export async function loadedBy(
  node: string,
  args: readonly string[],
  sign: string,
  under: readonly string[] = [],
): Promise<Loaded> {
  const { pid, memory, notes } = await noted(node, args, { sign, under });
  const own = notes.filter(({ thread }) => thread === `${pid}.0`);
  return {
    memory,
    files: own.flatMap(({ file }) => file ?? []),
    builtins: own.flatMap(({ builtins }) => builtins ?? []),
    schemas: own.reduce((all, { schemas = 0 }) => all + schemas, 0),
  };
}

/** The files that each process and thread of a program loads until the last of `signs` lines with `sign` is there. */
export async function loadedByEach(
  node: string,
  args: readonly string[],
  until: { readonly sign: string; readonly signs?: number },
): Promise<readonly (readonly string[])[]> {
  const { notes } = await noted(node, args, until);
  const threads = Map.groupBy(notes, ({ thread }) => thread);
  return Array.from(threads.values(), (all) => all.flatMap(({ file }) => file ?? []));
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
