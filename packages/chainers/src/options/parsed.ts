import { z } from 'zod';
import { AddressSyntaxError } from './server-address.ts';

/** Makes a zod type for text out of a parser that throws {@link AddressSyntaxError}s. */
export function parsed<T>(parse: (text: string) => T) {
  // A value that is no text, such as a port alone, gets a message that says what text is expected.
  const notText = ({ input }: { input: unknown }) => (input === undefined ? undefined : complaint(parse));
  return z.string({ error: notText }).transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof AddressSyntaxError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, input: text });
      return z.NEVER;
    }
  });
}

/** The message of a parser for an empty text. */
function complaint(parse: (text: string) => unknown): string | undefined {
  try {
    parse('');
    return undefined;
  } catch (error) {
    return error instanceof AddressSyntaxError ? error.message : undefined;
  }
}
