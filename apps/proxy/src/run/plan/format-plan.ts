import { formatPath } from '../../config/problem/problem.ts';
import type { Plan } from './planned.ts';

/** Digits of a hash that are enough to tell values apart. */
const SHORT = 12;

/** One line for each value of a plan, in order: hash, kind, place. */
export function formatPlan({ all }: Plan): string {
  const widest = Math.max(...all.map(({ kind }) => kind.length));
  return all
    .map(({ hash, kind, path }) => `${hash.slice(0, SHORT)}  ${kind.padEnd(widest)}  ${formatPath(path)}\n`)
    .join('');
}
