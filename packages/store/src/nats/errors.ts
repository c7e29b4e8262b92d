import { StoreUnavailable } from '../base/errors.ts';

/** Codes of errors of JetStream, as the sources of nats-server list them. */
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);
const FULL = new Set([10023, 10047, 10077]);
/** A stream without room says so in words only. */
const FULL_WORDS = /maximum (bytes|messages) exceeded|insufficient (storage|memory)/;

function codeOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** Whether somebody else has written in between. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error);
  return (code !== undefined && WRONG_LAST_SEQUENCE.has(code)) || textOf(error).includes('wrong last sequence');
}

/** Whether the buckets are not there any more, or not yet: the server was wiped, or its JetStream still starts. */
export function isWithoutBuckets(error: unknown): boolean {
  return /stream not found|no stream matches|no responders|no response from stream/.test(textOf(error));
}

/** What the client of NATS rejects with, as an error of the store. */
export function toUnavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const name = error instanceof Error ? error.name : '';
  const code = codeOf(error);
  const text = textOf(error);
  if (name === 'TimeoutError' || text === 'timeout')
    return new StoreUnavailable('timeout', 'The store has not answered in time.');
  if ((code !== undefined && FULL.has(code)) || FULL_WORDS.test(text))
    return new StoreUnavailable('full', `The store has no room: ${text}`);
  if (isWithoutBuckets(error)) return new StoreUnavailable('disconnected', `JetStream does not answer: ${text}`);
  if (name.startsWith('JetStream') || name.includes('Permission'))
    return new StoreUnavailable('refused', `The store refuses: ${text}`);
  return new StoreUnavailable('disconnected', `There is no connection to the store: ${text}`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
