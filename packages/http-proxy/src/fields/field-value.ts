import { badRequest } from '../message/head/faults.ts';

/** Bytes of a field value (RFC 9110 section 5.5), a character each. */
const VALUE = /^[\t -~\u0080-\u00ff]*$/;

/**
 * A value that goes into a message, without the spaces around it. Throws where it has bytes that would end the line, because what variables
 * hold comes from clients, and what files hold may have several lines.
 */
export function checkedValue(name: string, value: string, setting: string): string {
  if (VALUE.test(value)) return value.trim();
  const message = `The value for the field "${name}" has a line end or another control character in it.`;
  throw badRequest(message, { setting });
}
