import { ProxyError } from '@inband/core';
import { badRequest } from '../message/head/faults.ts';

/** Bytes of a field value (RFC 9110 section 5.5), a character each. */
const VALUE = /^[\t -~\u0080-\u00ff]*$/;

/** Logins that belong to a connection (RFC 4559): whoever gets it next would be logged in, too. */
const OF_CONNECTION = /^\s*(?:ntlm|negotiate)(?:\s|$)/i;

/**
 * A value that goes into a message, without the spaces around it. Throws where it has bytes that would end the line, because what variables
 * hold comes from clients, and what files hold may have several lines.
 */
export function checkedValue(name: string, value: string, setting: string): string {
  if (name.toLowerCase() === 'authorization' && OF_CONNECTION.test(value)) throw ofConnection(setting);
  if (VALUE.test(value)) return value.trim();
  const message = `The value for the field "${name}" has a line end or another control character in it.`;
  throw badRequest(message, { setting });
}

function ofConnection(setting: string): Error {
  const message = 'A login by NTLM or Negotiate belongs to a connection, so that it cannot be set for requests.';
  return new ProxyError('proxy_configuration_error', message, { setting });
}
