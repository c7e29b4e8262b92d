import { named, records } from '../../problem/written.ts';
import { isRecord, type Problem } from '../../problem/problem.ts';

/** What a route rewrites is what it matches, and is sent to a server. The configuration is as it was written. */
export function checkRewrites({ services }: Record<string, unknown>): Problem[] {
  return named(services).flatMap(([name, { routes }]) =>
    records(routes).flatMap(([index, { rewrite, match, respond, redirect }]): Problem[] => {
      if (!isRecord(rewrite)) return [];
      const path = ['services', name, 'routes', index, 'rewrite'];
      if (respond !== undefined || redirect !== undefined) {
        const message = 'this has no effect: no server gets the requests of this route.';
        return [{ path, at: 'key', warning: true, message }];
      }
      const problem = prefixProblem(isRecord(match) ? match.path : undefined, rewrite.path);
      return problem === undefined ? [] : [{ path: [...path, 'path'], message: problem }];
    }),
  );
}

function prefixProblem(from: unknown, to: unknown): string | undefined {
  if (typeof to !== 'string') return undefined;
  if (typeof from !== 'string' || from.includes('*')) {
    return 'this takes the place of "match.path", which has to be one beginning of paths.';
  }
  if (from.endsWith('/') === to.endsWith('/')) return undefined;
  return `"match.path" (${JSON.stringify(from)}) and this have to end with a slash both, or neither of them.`;
}
