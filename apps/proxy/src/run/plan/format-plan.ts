import { formatPath } from '../../config/problem/problem.ts';
import type { Plan } from './planned.ts';

/** As many digits of a hash as nobody confuses. */
const SHORT = 12;

/** One line for each thing that a configuration makes: its hash, its kind, its place. In the order in which it is made. */
export function formatPlan({ all }: Plan): string {
  const widest = Math.max(...all.map(({ kind }) => kind.length));
  return all
    .map(({ hash, kind, path }) => `${hash.slice(0, SHORT)}  ${kind.padEnd(widest)}  ${formatPath(path)}\n`)
    .join('');
}
