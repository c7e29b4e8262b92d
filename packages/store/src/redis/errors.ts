import { StoreUnavailable } from '../base/errors.ts';

/**
 * What iovalkey rejects with, as an error of the store. An answer of the server is named \`ReplyError\`; it carries the command with its
 * arguments, so only its message is kept.
 */
export function toUnavailable(error: unknown): StoreUnavailable {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (message.startsWith('OOM')) return new StoreUnavailable('full', `The store has no room: ${message}`);
  if (name === 'ReplyError') return new StoreUnavailable('refused', `The store refuses: ${message}`);
  if (message === 'Command timed out') return new StoreUnavailable('timeout', 'The store has not answered in time.');
  return new StoreUnavailable('disconnected', `There is no connection to the store: ${message}`);
}

/** Whether a server does not have a script yet, or not any more. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
