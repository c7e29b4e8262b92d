import * as z from 'zod';

const zodPrefault: z.core.$constructor<z.ZodPrefault> = z.ZodPrefault;

const ReadOnce = z.core.$constructor<z.ZodPrefault>('ReadOnce', (schema, definition) => {
  zodPrefault.init(schema, definition);
  const { _zod: internals } = schema;
  const parse = internals.parse.bind(internals);
  let read: { readonly value: unknown } | undefined;
  internals.parse = (payload, context) => {
    if (payload.value !== undefined) return parse(payload, context);
    if (read === undefined) {
      const result = parse(payload, context);
      if (!('then' in result) && result.issues.length === 0) read = { value: result.value };
      return result;
    }
    payload.value = read.value;
    return payload;
  };
});

/**
 * `schema.prefault(text)`, whose text is read once: thousands of chainers leave the option out. For a schema whose output nobody changes, such as a
 * number.
 */
export function readOnce<Schema extends z.ZodType>(schema: Schema, text: z.input<Schema>): z.ZodPrefault<Schema> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `innerType` is a `Schema`
  return new ReadOnce({ type: 'prefault', innerType: schema, defaultValue: text }) as z.ZodPrefault<Schema>;
}
