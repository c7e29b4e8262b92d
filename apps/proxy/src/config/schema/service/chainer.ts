import { typeNames } from '@inband/chainers';
import * as z from 'zod';
import type { ChainerInput } from '../../input/config-input.ts';
import { text } from '../../values/values.ts';

const chainerShape = z
  .looseObject(
    { type: text.describe('The kind of chainer; the other keys are its options.') },
    { error: 'expected a mapping with the "type" of a chainer and its options' },
  )
  .register(typeNames, { name: 'ChainerInput' });

/** A chainer, with the options of its kind. */
// The plugin of its kind checks the options, so the schema takes any; the type knows those of every kind.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what may be written only, and what is read stays as it is
export const chainer = chainerShape as z.ZodType<{ readonly type: string }> as z.ZodType<
  { readonly type: string },
  ChainerInput
>;

/** `chainers`. */
export const chainers = z
  .record(text, chainer)
  .default({})
  .describe('Chainers by a name, for several routes and chainers: all that have the name share one, with its pool.');
