import type { PrepareContext } from '@inband/core';
import { configurationError } from './configuration-error.ts';

/**
 * The one line of a file, without the line end that editors and secret stores put behind it. Rejects with a `ProxyError` about `setting` if it
 * cannot be read, or has none or more than one.
 */
export async function readSecret(file: string, { readText }: PrepareContext, setting: string): Promise<string> {
  let text: string;
  try {
    text = (await readText(file)).replace(/\r?\n$/, '');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw configurationError(`The file ${JSON.stringify(file)} cannot be read: ${reason}.`, setting);
  }
  if (text !== '' && !/\p{Cc}/u.test(text)) return text;
  throw configurationError(`The file ${JSON.stringify(file)} should hold one line, with nothing else.`, setting);
}
