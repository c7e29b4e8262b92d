import { lazily, typeNames } from '@inband/chainers';
import * as z from 'zod';
import type { AuthInput } from '../../input/config-input.ts';

const EXPECTED = 'expected a mapping with the "type" of a way to authenticate and its options';

const wayShape = lazily(() =>
  z
    .looseObject(
      {
        type: z.string().min(1).describe('The way by which clients say who they are; the other keys are its options.'),
      },
      { error: EXPECTED },
    )
    .register(typeNames, { name: 'AuthInput' }),
);

// As with the chainer, the plugin of its kind checks the options.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what may be written only, and what is read stays as it is
const way = wayShape as z.ZodType<{ readonly type: string }> as z.ZodType<{ readonly type: string }, AuthInput>;

/** How clients authenticate. Its output is a list. */
export const auth = lazily(() =>
  z
    .union([way, z.array(way).min(1)], { error: `${EXPECTED}, or a list of them that is not empty` })
    .transform((written) => (Array.isArray(written) ? written : [written])),
);
