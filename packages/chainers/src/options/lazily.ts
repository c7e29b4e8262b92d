import * as z from 'zod';

/** What zod takes a lazy schema for while it asks whether a schema contains itself. */
const LEAF = z.unknown();

const zodLazy: z.core.$constructor<z.ZodLazy> = z.ZodLazy;

/**
 * `z.lazy`, without what that costs. What is around it asks whether it may be left out, and the one of zod makes its schema to answer. And as long
 * as one is not made, zod takes what is around it for a schema that contains itself: then it remembers each object and list of a parse, for values
 * that contain themselves, which takes longer than the parse. So such a value must not get to a lazy schema that contains itself.
 */
const Lazy = z.core.$constructor<z.ZodLazy>('Lazy', (schema, definition) => {
  zodLazy.init(schema, definition);
  const { _zod: internals } = schema;
  internals.optin = undefined;
  internals.optout = undefined;
  Object.assign(definition, { _cachedInner: LEAF });
  Object.defineProperty(internals, 'innerType', { get: definition.getter });
});

/**
 * A schema that is made when something is first written for it, because a start waits for each that is made, and most configurations have few of
 * the keys there are. `make` makes one that takes no `undefined`: `.optional()` and `.default()` belong around the lazy one.
 */
export function lazily<Schema extends z.ZodType>(make: () => Schema): z.ZodLazy<Schema> {
  let made: Schema | undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its getter returns one of `Schema`
  return new Lazy({ type: 'lazy', getter: () => (made ??= make()) }) as z.ZodLazy<Schema>;
}
