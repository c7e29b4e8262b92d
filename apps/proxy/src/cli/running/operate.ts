import type { Draining, Generations, Health, Reloaded } from '@inband/admin';
import { askRunning } from './ask-running.ts';

/** Which program is asked. */
interface Asked {
  readonly config: string | undefined;
}

/** Milliseconds for answers that take no work. */
const SOON = 10_000;
/** Milliseconds for a reload, which loads modules, resolves names of zones and asks every worker. */
const RELOAD = 100_000;

/** Of one list of a difference that are printed. */
const MOST_NAMES = 20;

/** Has the running program read its configuration again, and prints what has changed. Resolves with the exit status. */
export async function reload({ config }: Asked): Promise<number> {
  const { body } = await askRunning(config, { method: 'POST', path: '/reload', timeout: RELOAD });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const { generation, alive, added, changed, dropped, kept, pushed } = body as Reloaded;
  const lines = [...linesOf('+', added), ...linesOf('~', changed), ...linesOf('-', dropped)];
  const what = lines.length === 0 ? 'nothing has changed' : `${kept.length} parts are kept`;
  const more = alive > 1 ? `; ${alive} configurations are in use` : '';
  process.stdout.write([...lines, `reloaded: generation ${generation}; ${what}${more}\n`].join('\n'));
  if (pushed !== undefined)
    process.stderr.write(`${pushed} of what was pushed to all members lies over the file; see "inband versions"\n`);
  return 0;
}

function linesOf(sign: string, parts: Reloaded['added']): string[] {
  const lines = parts.slice(0, MOST_NAMES).map(({ kind, name }) => `${sign} ${kind} ${name}`);
  return parts.length > MOST_NAMES ? [...lines, `${sign} and ${parts.length - MOST_NAMES} more`] : lines;
}

/** Has the running program end in an orderly way. Resolves with the exit status. */
export async function drain({ config }: Asked): Promise<number> {
  const { body } = await askRunning(config, { method: 'POST', path: '/drain', timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const { grace } = body as Draining;
  process.stdout.write(`draining: what is running has ${grace / 1_000} s to finish\n`);
  return 0;
}

/** Prints whether the running program is ready, and what it serves. Resolves with the exit status: 0 if it is. */
export async function showStatus({ config, json }: Asked & { readonly json?: true }): Promise<number> {
  const ready = await askRunning(config, { method: 'GET', path: '/health/ready', timeout: SOON }, 503);
  const inUse = await askRunning(config, { method: 'GET', path: '/generations', timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const [health, generations] = [ready.body as Health, inUse.body as Generations];
  if (json === true) process.stdout.write(`${JSON.stringify({ ...health, ...generations }, undefined, 2)}\n`);
  else process.stdout.write(`${[...healthLines(health), ...generationLines(generations)].join('\n')}\n`);
  return health.status === 'ready' ? 0 : 1;
}

function healthLines({ status, reasons, listeners }: Health): string[] {
  const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
  return [`${status}${why}`, ...listeners.map(({ name, bind, state }) => `${state} ${bind} (${name})`)];
}

function generationLines({ workers, missing }: Generations): string[] {
  const lines = workers.flatMap(({ worker, generations }) =>
    generations.map(({ number, state, since, connections, endsBy }) => {
      const whose = worker === 0 ? '' : `worker ${worker}: `;
      const until = endsBy === undefined ? '' : `, ends by ${endsBy}`;
      return `${whose}generation ${number}, ${state} since ${since}, ${connections} client connections${until}`;
    }),
  );
  return [...lines, ...missing.map((worker) => `worker ${worker}: no answer`)];
}
