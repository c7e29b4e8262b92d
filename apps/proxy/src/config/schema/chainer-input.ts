import type {
  directedOptions,
  failoverOptions,
  inbandOptions,
  sidestackOptions,
  transparentOptions,
} from '@inband/chainers';
import type * as z from 'zod';

/**
 * The options of each kind of chainer, as they are written. A plugin adds its own, so that configurations in TypeScript know them:
 * `declare module 'inband' { interface ChainerKinds { mine: { readonly colour: string } } }`.
 */
export interface ChainerKinds {
  inband: z.input<typeof inbandOptions>;
  directed: z.input<typeof directedOptions>;
  failover: z.input<typeof failoverOptions>;
  transparent: z.input<typeof transparentOptions>;
  none: { type: 'none' };
  sidestack: Omit<z.input<typeof sidestackOptions>, 'chainer'> & { chainer: ChainerInput };
}

/** A chainer in a configuration: its kind, and the options of that kind. */
export type ChainerInput = { [Kind in keyof ChainerKinds]: { type: Kind } & ChainerKinds[Kind] }[keyof ChainerKinds];
