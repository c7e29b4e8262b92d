import * as z from 'zod';

/**
 * A schema that is made when something is first written for it, because a start waits for each that is made, and most configurations have few of
 * the keys there are. `make` makes one that takes no `undefined`: `.optional()` and `.default()` belong around the lazy one.
 */
export function lazily<Schema extends z.ZodType>(make: () => Schema): z.ZodLazy<Schema> {
  let made: Schema | undefined;
  const schema = z.lazy(() => (made ??= make()));
  const { _zod: internals } = schema;
  // What is around it asks whether it may be left out. One of zod makes its schema to answer that.
  internals.optin = undefined;
  internals.optout = undefined;
  return schema;
}
