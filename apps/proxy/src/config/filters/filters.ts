import { duration, typeNames } from '@inband/chainers';
import type { Filter } from '@inband/core';
import * as z from 'zod';

/** How long a filter may take for one decision. */
const timeout = duration()
  .prefault('5s')
  .describe('How long it may take to decide about a request, an answer or a tunnel. Then the client gets 504.');

const ofPlugin = z.looseObject({
  type: z.string().min(1).describe('The kind of filter, which a plugin brings; the other keys are its options.'),
  timeout,
});

/** What an embedding program passes: a filter, with its timeout beside its functions. */
interface Functions extends Filter {
  readonly timeout?: unknown;
}

const HOOKS = ['onRequest', 'onResponse', 'onTunnel', 'onEnd'] as const satisfies readonly (keyof Filter)[];

function isFilter(value: unknown): value is Functions {
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'type') !== undefined) return false;
  return HOOKS.some((hook) => typeof Reflect.get(value, hook) === 'function');
}

const EXPECTED =
  'expected a mapping with the "type" of a filter and its options, or (in a program) an object with onRequest, onResponse, onTunnel or onEnd';

const ofProgram = z.custom<Functions>(isFilter, { error: EXPECTED }).transform((filter, context) => {
  const parsed = timeout.safeParse(filter.timeout);
  for (const { message } of parsed.error?.issues ?? []) {
    context.addIssue({ code: 'custom', path: ['timeout'], message, input: filter.timeout });
  }
  const functions: Filter = filter;
  return { type: undefined, functions, timeout: parsed.data ?? 0 };
});

/** A filter of a service: of a plugin, or the functions of a program. */
export const filter = z.union([ofProgram, ofPlugin], { error: EXPECTED }).register(typeNames, { name: 'FilterInput' });
