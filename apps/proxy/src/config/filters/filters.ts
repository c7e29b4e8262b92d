import { duration, lazily, typeNames } from '@inband/chainers';
import type { Filter } from '@inband/core';
import * as z from 'zod';
import type { FilterInput } from '../input/config-input.ts';
import { size } from '../values/size.ts';

/** Bytes of a body that are buffered for a filter, unless the configuration says more. */
const USUAL_BODY = 2 ** 20;

/** What an embedding program passes: a filter, with its settings beside its functions. */
interface Functions extends Filter {
  readonly timeout?: unknown;
  readonly maximumBody?: unknown;
}

const HOOKS = ['onRequest', 'onResponse', 'onTunnel', 'onEnd'] as const satisfies readonly (keyof Filter)[];

function isFilter(value: unknown): value is Functions {
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'type') !== undefined) return false;
  return HOOKS.some((hook) => typeof Reflect.get(value, hook) === 'function');
}

const EXPECTED =
  'expected a mapping with the "type" of a filter and its options, or (in a program) an object with onRequest, onResponse, onTunnel or onEnd';

const shape = lazily(() => {
  const settings = {
    timeout: duration()
      .prefault('5s')
      .describe('How long it may take to decide about a request, an answer or a tunnel. Then the client gets 504.'),
    maximumBody: size(1, 2 ** 30)
      .default(USUAL_BODY)
      .describe(
        'The largest body that is buffered for it, if it asks for that. Beyond it requests get 413, and answers become 502.',
      ),
  };
  const ofPlugin = z.looseObject({
    type: z.string().min(1).describe('The kind of filter, which a plugin brings; the other keys are its options.'),
    ...settings,
  });
  const common = z.object(settings);
  const ofProgram = z.custom<Functions>(isFilter, { error: EXPECTED }).transform((functions: Filter, context) => {
    const { timeout, maximumBody }: Functions = functions;
    const parsed = common.safeParse({ timeout, maximumBody });
    for (const { message, path } of parsed.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [...path], message, input: functions });
    }
    return { type: undefined, functions, ...(parsed.data ?? { timeout: 0, maximumBody: 0 }) };
  });
  return z.union([ofProgram, ofPlugin], { error: EXPECTED }).register(typeNames, { name: 'FilterInput' });
});

const asWritten = shape as z.ZodType<z.output<typeof shape>>;

/** A filter of a service: of a plugin, or the functions of a program. */
// Plugins check the options of their kinds, so the schema takes any.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what may be written only, and what is read stays as it is
export const filter = asWritten as z.ZodType<z.output<typeof shape>, FilterInput>;
