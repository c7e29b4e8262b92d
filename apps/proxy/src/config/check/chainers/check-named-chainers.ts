import { isRecord, type Problem } from '../../problem/problem.ts';
import { circlesOf, type Edge } from '../../problem/circles.ts';
import type { FoundReference } from '../../schema/references-in.ts';

/** Warns about named chainers that no route leads to, and refuses those that lead back to themselves. */
export function checkNamedChainers(chainers: unknown, references: readonly FoundReference[]): Problem[] {
  if (!isRecord(chainers)) return [];
  const found = references.filter(({ to }) => to === 'chainer');
  const used = new Set(found.map(({ name }) => name));
  const unnamed = Object.keys(chainers).filter((name) => !used.has(name));
  return [
    ...unnamed.map((name): Problem => {
      const message = 'no route and no other chainer has this name, so that it is never used.';
      return { path: ['chainers', name], at: 'key', warning: true, message };
    }),
    ...circles(found.filter(({ path: [top] }) => top === 'chainers')),
  ];
}

/** Of references that stand in named chainers: those that lead back to the chainer in which they stand. */
function circles(within: readonly FoundReference[]): Problem[] {
  const isCircular = circlesOf(within.map(edgeOf));
  return within
    .filter((reference) => isCircular(edgeOf(reference)))
    .map(({ path }) => {
      const message = `there is no end to this: the chainer "${path[1]}" leads back to itself.`;
      return { path, message };
    });
}

function edgeOf({ path, name }: FoundReference): Edge {
  return [String(path[1]), name];
}
