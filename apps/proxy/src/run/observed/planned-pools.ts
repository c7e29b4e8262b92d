import type { Plan, Planned } from '../plan/planned.ts';

export function isChainer(planned: Planned): planned is Planned<'chainer'> {
  return planned.kind === 'chainer';
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
