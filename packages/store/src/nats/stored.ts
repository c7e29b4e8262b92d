import type { KvEntry } from '@nats-io/kv';
import { parseRecord } from './parse-record.ts';

/** What is written before each value, as JSON in a line of its own. */
export interface Mark {
  /** Random, so that a revision is of this writing only. */
  readonly id: string;
  /** Milliseconds of the server's clock; {@link FOREVER} for what stays. */
  readonly until: number;
  readonly fence: number;
}

/** A time that does not come. */
export const FOREVER = Number.MAX_SAFE_INTEGER;

/** A value as it is stored. */
export interface Stored extends Mark {
  readonly value: string;
}

/** A message of the bucket: what is in it, and which one it is. A removed value leaves one behind. */
export interface Read<T> {
  readonly content: T | undefined;
  readonly sequence: number;
  /** Milliseconds of the server's clock. */
  readonly created: number;
}

/** Nothing was ever written. */
const NEVER = { content: undefined, sequence: 0, created: 0 };

/** Reads a message, of which `parse` gets the text. */
export function readEntry<T>(entry: KvEntry | null, parse: (text: string) => T): Read<T> {
  if (entry === null) return NEVER;
  const content = entry.operation === 'PUT' ? parse(entry.string()) : undefined;
  return { content, sequence: entry.revision, created: entry.created.getTime() };
}

/** As it is written. */
export function writeStored({ value, ...mark }: Stored): string {
  return `${JSON.stringify(mark)}\n${value}`;
}

/** Reads what {@link writeStored} wrote. */
export function parseStored(text: string): Stored {
  const end = text.indexOf('\n');
  const { id, until, fence } = parseRecord(text.slice(0, Math.max(end, 0)), 'until', 'fence');
  return { id: String(id), until, fence, value: text.slice(end + 1) };
}

/** Whether a value that stays until then is still there. */
export function isThere(stored: Stored | undefined, now: number): stored is Stored {
  return stored !== undefined && stored.until > now;
}

/** The revision of a value: the message, and its writing, because a server that was wiped counts from 1 again. */
export function revisionOf({ id }: Stored, sequence: number): string {
  return `${sequence}.${id}`;
}
