import { isRecord, type Problem } from '../../problem/problem.ts';
import { named, records } from '../../problem/written.ts';

/** What says how a route is answered. */
const WAYS = ['chainer', 'respond', 'redirect'] as const;

/** A route has one way to answer. The configuration is as it was written. */
export function checkAnswers({ services }: Record<string, unknown>): Problem[] {
  return named(services).flatMap(([name, { routes }]) =>
    records(routes).flatMap(([index, route]) => {
      const [first, ...others] = WAYS.filter((way) => route[way] !== undefined);
      const problems = others.map((way): Problem => {
        const message = `a route has one of "chainer", "respond" and "redirect", and this one has "${first}" already.`;
        return { path: ['services', name, 'routes', index, way], at: 'key', message };
      });
      const { fields } = route;
      if (first === undefined || first === 'chainer' || !isRecord(fields) || fields.request === undefined)
        return problems;
      const path = ['services', name, 'routes', index, 'fields', 'request'];
      const message = `this has no effect: no server gets a request that "${first}" answers.`;
      return [...problems, { path, at: 'key', warning: true, message }];
    }),
  );
}
