import { StoreUnavailable } from '../base/errors.ts';

/** What iovalkey says in words of its options, which are not the operator's. */
const WORDS = [
  ["Stream isn't writeable", 'none is made yet'],
  ['max retries per request', 'it ended before the answer'],
] as const;

/**
 * What iovalkey rejects with, as an error of the store. An answer of the server is named \`ReplyError\`; it carries the command with its
 * arguments, so only its message is kept.
 */
export function toUnavailable(error: unknown): StoreUnavailable {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (message.startsWith('OOM')) return new StoreUnavailable('full', `The store has no room: ${message}`);
  if (name === 'ReplyError') return new StoreUnavailable('refused', `The store refuses: ${message}`);
  if (message === 'Command timed out') return new StoreUnavailable('timeout', 'The store has not answered in time.');
  const why = WORDS.find(([words]) => message.includes(words))?.[1] ?? message;
  return new StoreUnavailable('disconnected', `There is no connection to the store: ${why}`);
}

/** Whether a server does not have a script yet, or not any more. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
