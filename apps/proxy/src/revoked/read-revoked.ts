import * as z from 'zod';
import { REVOKED_NAME, type Revoked } from './revoked.ts';

/** Milliseconds since 1970 that are a `Date`, and one that others can change again: whoever writes to the store may write anything. */
const instant = z.number().min(0).max(8.64e15);
const changeNumber = z.lazy(() =>
  z
    .int()
    .min(0)
    .max(2 ** 48),
);

const revokedSchema = z.lazy(() =>
  z.object({
    name: z.string().regex(REVOKED_NAME),
    until: instant,
    by: z.string().default(''),
    at: instant.default(0),
    change: changeNumber.default(1),
    isRestored: z.boolean().default(false),
  }),
);

const revokedList: z.ZodType<readonly Revoked[]> = z.lazy(() => z.array(revokedSchema));

/** Reads a list. Undefined for what is none. */
export function readRevoked(text: string): readonly Revoked[] | undefined {
  try {
    const read = revokedList.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
