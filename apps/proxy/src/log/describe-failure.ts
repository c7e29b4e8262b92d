import { ProxyError } from '@inband/core';

/** What the program says when it cannot run: readable where the operator can do something, with a stack where not. */
export function describeFailure(error: unknown): string {
  if (error instanceof ProxyError) return error.message;
  if (isDenied(error)) return `inband: the permission model of Node.js: ${error.message}`;
  return `inband: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** Its message says which option is missing. */
function isDenied(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED';
}
