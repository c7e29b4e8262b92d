import {
  formatSockAddr,
  reasonOf,
  requestId,
  ruleOf,
  type SessionRecord,
  type SockAddr,
  verdictOf,
} from '@inband/core';
import { secrets } from '../secrets/secret-texts.ts';
import { adviceForDenial, adviceForError } from './advice.ts';

/** How many of each are kept. */
const MOST = 100;

/** A session that a rule, a default or a limit refused. */
export interface Denial {
  readonly at: string;
  /** As in the log. */
  readonly id: string;
  readonly client: string;
  readonly service: string;
  /** What was asked for; empty if it could not be understood. */
  readonly target: string;
  readonly rule: string;
  readonly reason: string;
  /** What would allow it. */
  readonly advice: string;
}

/** A session that failed. */
export interface Failure {
  readonly at: string;
  readonly id: string;
  readonly client: string;
  readonly service: string;
  readonly target: string;
  readonly code: string;
  readonly reason: string;
  /** What to do. */
  readonly advice: string;
}

/** What is kept of a session: enough for its line, and not the session, which would hold on to its connections. */
interface Kept {
  readonly at: number;
  readonly id: string;
  readonly client: SockAddr;
  readonly service: string;
  readonly target: string;
  /** The rule of a denial, the code of an error. */
  readonly what: string;
  readonly reason: string;
  readonly advice: string;
}

/** The last sessions that were denied, and that failed. */
export class Recent {
  readonly #denials = new Last<Kept>();
  readonly #errors = new Last<Kept>();

  /** Notes a session at its end, if it was denied or failed. */
  note(record: SessionRecord): void {
    const { error } = record;
    if (error === undefined) return;
    const isDenied = verdictOf(record) === 'denied-by-policy';
    const what = isDenied ? (ruleOf(record) ?? error.code) : error.code;
    const advice = isDenied ? adviceForDenial(record, error) : adviceForError(record, error);
    const { client, service } = record.session;
    const kept = { id: requestId(record.session), client: client.address, service: service.name, what, advice };
    const line = { ...kept, at: Date.now(), target: record.url ?? '', reason: reasonOf(record) };
    (isDenied ? this.#denials : this.#errors).add(line);
  }

  /** The newest first. */
  denials(): Denial[] {
    return this.#denials.all().map(({ what, ...kept }) => ({ ...lineOf(kept), rule: what }));
  }

  /** The newest first. */
  errors(): Failure[] {
    return this.#errors.all().map(({ what, ...kept }) => ({ ...lineOf(kept), code: what }));
  }
}

function lineOf({ at, id, client, service, target, reason, advice }: Omit<Kept, 'what'>) {
  const line = { at: new Date(at).toISOString(), id, client: formatSockAddr(client), service, target, reason, advice };
  return secrets.redactAll(line);
}

/** The last things that were added, at most {@link MOST}. */
class Last<Item> {
  readonly #items: Item[] = [];
  #next = 0;

  add(item: Item): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % MOST;
  }

  /** The newest first. */
  all(): Item[] {
    return [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)].toReversed();
  }
}
