import type { HttpContext } from '../service/context.ts';
import type { MakeServerSide } from '../sides/server-side.ts';
import type { Step } from './steps/step.ts';

/** What all exchanges of a service share. */
export interface ExchangePlan {
  readonly context: HttpContext;
  /** What its steps do with a request, in order. */
  readonly requests: readonly Step['request'][];
  /** The names of its steps, in the same order. */
  readonly names: readonly string[];
  /** What they do with the head of an answer, in the reverse order. Most steps look at none. */
  readonly responses: readonly NonNullable<Step['response']>[];
  /** Where a request that is tried again begins anew. */
  readonly connectAt: number;
  /** Which protocol servers are asked in. */
  readonly makeServerSide: MakeServerSide;
}

export function planOf(context: HttpContext, steps: readonly Step[], makeServerSide: MakeServerSide): ExchangePlan {
  return {
    context,
    requests: steps.map(({ request }) => request),
    names: steps.map(({ name }) => name),
    responses: steps.toReversed().flatMap(({ response }) => response ?? []),
    connectAt: steps.findIndex(({ name }) => name === 'connect'),
    makeServerSide,
  };
}
