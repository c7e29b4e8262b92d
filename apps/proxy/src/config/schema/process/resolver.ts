import { duration, lazily, typeNames } from '@inband/chainers';
import * as z from 'zod';
import type { ResolverInput } from '../../input/config-input.ts';
import { DEFAULT_RESOLVER } from '../../known/constants.ts';
import { text } from '../../values/values.ts';

const count = () => z.int().min(1).max(1_000_000).optional();

const cache = lazily(() =>
  z.strictObject({
    maxTtl: duration().optional().describe('Longest time that an answer is kept.'),
    failureTtl: duration({ minimum: 0 }).optional().describe('Time that a failure is kept.'),
  }),
);

const lookupLimits = lazily(() =>
  z.strictObject({
    lookups: count().describe('Look-ups that run at once, in all. Default 1024, or an eighth of the descriptors.'),
    lookupsPerClient: count().describe('Look-ups that run at once for one client. Default 128.'),
    waiting: count().describe('Look-ups in the queue, in all. Default 4096.'),
    waitingPerClient: count().describe('Look-ups of one client in the queue. Default 1024.'),
    waitTimeout: duration().optional().describe('Longest time in the queue. Default 10s.'),
  }),
);

/** What every resolver has beside the options of its kind. */
export const resolverShape = z
  .looseObject({
    type: text.default(DEFAULT_RESOLVER).describe('The kind of resolver; the other keys are its options.'),
    cache: cache.optional().describe('The cache in front of it.'),
    limits: lookupLimits.optional().describe('What may be looked up at once, whatever its type.'),
  })
  .describe('How names are resolved to addresses.')
  .register(typeNames, { name: 'ResolverInput' });

/** `resolver`. */
// The plugin of its kind checks the options.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what may be written only, and what is read stays as it is
export const resolver = resolverShape as z.ZodType<z.output<typeof resolverShape>> as z.ZodType<
  z.output<typeof resolverShape>,
  ResolverInput
>;
