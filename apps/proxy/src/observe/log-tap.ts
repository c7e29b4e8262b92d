import { formatSockAddr, requestId, type SessionRecord, verdictOf } from '@inband/core';
import { accessFields } from '../lines/access-log.ts';
import { secrets } from '../secrets/secret-texts.ts';
import { type LogFilter, type LogLevelName, type SessionFacts, wantsMessage, wantsSession } from './log-filter.ts';

/** A line of the log for those who read it through the admin API. */
export interface TappedLine {
  readonly event: 'session' | 'message';
  readonly id: string;
  /** One line of JSON. */
  readonly data: string;
  /** The places of the filters that want it, in the list that was given last. */
  readonly readers: readonly number[];
}

/** What was tapped since it was asked for last. */
export interface Tapped {
  readonly lines: readonly TappedLine[];
  /** Lines that some reader wanted and that were too many, by the places of the filters. */
  readonly lost: readonly number[];
}

/** Lines between two times that somebody asks. Writing more would take time from clients. */
const MOST_LINES = 500;
/** Milliseconds after which nobody is taken to read any more. */
const FORGOTTEN_AFTER = 5_000;

/**
 * Lines of the log for readers elsewhere, who fetch them. It keeps lines only while somebody does, at most {@link MOST_LINES} between
 * two times, and counts the others. So no reader, however slow, holds anything up.
 */
export class LogTap {
  #filters: readonly LogFilter[] = [];
  #lines: TappedLine[] = [];
  #lost: number[] = [];
  #count = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  /** Whether somebody reads. */
  get isOn(): boolean {
    return this.#filters.length > 0;
  }

  /** Takes what has come since the last time, and goes on with these filters. */
  take(filters: readonly LogFilter[]): Tapped {
    const tapped = { lines: this.#lines, lost: this.#lost };
    this.#listen(filters);
    return tapped;
  }

  session(record: SessionRecord): void {
    const facts = factsOf(record);
    const readers = this.#wanting((filter) => wantsSession(filter, facts));
    if (readers.length === 0 || !this.#hasRoom(readers)) return;
    const fields = { level: 'info', time: new Date().toISOString(), pid: process.pid, msg: record.kind };
    const data = JSON.stringify({ ...fields, ...accessFields(record) });
    this.#lines.push({ event: 'session', id: requestId(record.session), data: secrets.redact(data), readers });
  }

  readonly message = (level: LogLevelName, fields: object, message: string): void => {
    const readers = this.#wanting((filter) => wantsMessage(filter, level));
    if (readers.length === 0 || !this.#hasRoom(readers)) return;
    this.#count += 1;
    const data = jsonOf({ level, time: new Date().toISOString(), pid: process.pid, msg: message, ...fields });
    const line = {
      event: 'message',
      id: `${process.pid}-m${this.#count}`,
      data: secrets.redact(data),
      readers,
    } as const;
    this.#lines.push(line);
  };

  /** A question that comes later is answered, and nothing is kept for its reader. */
  close(): void {
    this.#closed = true;
    this.#listen([]);
  }

  #listen(wanted: readonly LogFilter[]): void {
    const filters = this.#closed ? [] : wanted;
    this.#filters = filters;
    this.#lines = [];
    this.#lost = filters.map(() => 0);
    clearTimeout(this.#timer);
    this.#timer = filters.length === 0 ? undefined : setTimeout(() => this.#listen([]), FORGOTTEN_AFTER).unref();
  }

  #wanting(wants: (filter: LogFilter) => boolean): number[] {
    return this.#filters.flatMap((filter, index) => (wants(filter) ? [index] : []));
  }

  #hasRoom(readers: readonly number[]): boolean {
    if (this.#lines.length < MOST_LINES) return true;
    for (const reader of readers) this.#lost[reader] = (this.#lost[reader] ?? 0) + 1;
    return false;
  }
}

function factsOf(record: SessionRecord): SessionFacts {
  const { session, url = '' } = record;
  const client = formatSockAddr(session.client.address);
  return { verdict: verdictOf(record), service: session.service.name, client, target: url };
}

/** Fields of a message may hold errors, which JSON leaves empty, and what it cannot write. */
function jsonOf(fields: object): string {
  try {
    return JSON.stringify(fields, (_key, value: unknown) =>
      value instanceof Error ? { type: value.name, message: value.message } : value,
    );
  } catch {
    return JSON.stringify({ msg: 'a message that cannot be written as JSON' });
  }
}
