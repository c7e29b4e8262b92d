import { z } from 'zod';
import { serial } from './stored-numbers.ts';

/** What others see of a member's configuration, in its beats. */
export const configInfo = z.lazy(() =>
  z.object({
    /** The number of the version that it runs; null: its own file. */
    running: serial.nullable(),
    /** The `change` of the record that it knows. */
    change: serial,
    /** The version that it should run, where that is another one, and why it does not. */
    wanted: serial.nullable().optional(),
    error: z.string().optional(),
    /** What it says of the last candidate; `why`: it refuses. */
    verdict: z.object({ candidate: z.string(), why: z.string().optional() }).optional(),
  }),
);

export type ConfigInfo = z.infer<typeof configInfo>;
