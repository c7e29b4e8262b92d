import { AddressSyntaxError, parseParentUrl, type ParentUrl } from '@inband/chainers';
import type { ChainerInput } from '../config/input/config-input.ts';
import { UsageError } from './usage/usage-error.ts';

/** The chainer of the proxy that a URL names, as it would be written. Throws a {@link UsageError}. */
export function parentInput(url: string): ChainerInput & { readonly type: 'parent' } {
  const { protocol, address, resolve, user, password } = parsed(url);
  return {
    type: 'parent',
    protocol,
    servers: [address],
    ...(user !== undefined && { auth: { user, ...(password !== undefined && { password }) } }),
    ...(resolve === 'local' && { resolve }),
  };
}

function parsed(url: string): ParentUrl {
  try {
    return parseParentUrl(url);
  } catch (error) {
    if (!(error instanceof AddressSyntaxError)) throw error;
    throw new UsageError(`--parent: ${error.message}.`);
  }
}
