import { isRecord, type Problem } from '../../problem/problem.ts';
import type { FoundReference } from '../../schema/references-in.ts';

/** Warns about named chainers that no route leads to, and refuses those that lead back to themselves. */
export function checkNamedChainers(chainers: unknown, references: readonly FoundReference[]): Problem[] {
  if (!isRecord(chainers)) return [];
  const found = references.filter(({ to }) => to === 'chainer');
  const unnamed = Object.keys(chainers).filter((name) => !found.some((reference) => reference.name === name));
  return [
    ...unnamed.map((name): Problem => {
      const message = 'no route and no other chainer has this name, so that it is never used.';
      return { path: ['chainers', name], at: 'key', warning: true, message };
    }),
    ...found.flatMap((reference) => circle(reference, found)),
  ];
}

/** Whether what is named here leads back to the chainer in which it is named. */
function circle({ path, name }: FoundReference, all: readonly FoundReference[]): Problem[] {
  const [top, own] = path;
  if (top !== 'chainers') return [];
  const reached = new Set([name]);
  // Chainers that are added meanwhile are visited, too.
  for (const each of reached) {
    if (each === own) return [{ path, message: `there is no end to this: the chainer "${own}" leads back to itself.` }];
    for (const next of all) {
      if (next.path[0] === 'chainers' && next.path[1] === each) reached.add(next.name);
    }
  }
  return [];
}
