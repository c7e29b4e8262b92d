import { isRecord } from '../../config/problem/problem.ts';
import type { Plan, Planned } from '../plan/planned.ts';

export function isChainer(planned: Planned): planned is Planned<'chainer'> {
  return planned.kind === 'chainer';
}

/** Whether a pool of a plan is required. */
export function hasRequiredPool({ all }: Plan): boolean {
  return all.filter(isChainer).some(({ value: { options } }) => isRecord(options) && options['required'] === true);
}

/** Whether servers are looked at. */
export function hasChecks({ all }: Plan): boolean {
  return all.filter(isChainer).some(({ value: { options } }) => isRecord(options) && options['check'] !== undefined);
}

/** The hash of each chainer of a plan with those of the chainers nested in it, itself included. */
export function chainersUnder({ all }: Plan): Map<string, readonly string[]> {
  const under = new Map<string, readonly string[]>();
  // A chainer stands behind those that are nested in it.
  for (const { hash, value } of all.filter(isChainer)) {
    const nested = Object.values(value.nested).flat();
    under.set(hash, [hash, ...nested.flatMap((inner) => under.get(inner.hash) ?? [])]);
  }
  return under;
}
