import { isRecord } from '../config/problem/problem.ts';

/** An access line, or a message about a session. */
export type LoggedLine = Readonly<Record<string, unknown>>;

/** What was found of a request. */
export interface Found {
  readonly line: LoggedLine;
  /** Where, such as `/var/log/inband.log:17`. */
  readonly place: string;
}

/** Collects the line of one id, and those of sessions that are stacked in it. */
export class LineSearch {
  readonly #id: string;
  /** What the ids of the same process begin with, and the number of the session. */
  readonly #process: string;
  readonly #number: number;
  /** Its own line. */
  own: Found | undefined = undefined;
  /** The lines of sessions within it. */
  readonly inner: Found[] = [];
  /** The first line that names the id and is no JSON. */
  other: { readonly text: string; readonly place: string } | undefined = undefined;

  constructor(id: string) {
    this.#id = id;
    const dash = id.lastIndexOf('-');
    this.#process = id.slice(0, dash + 1);
    this.#number = Number(id.slice(dash + 1));
  }

  /** Looks at a line. What stands before its JSON (a header of syslog) is passed over. */
  look(text: string, place: string): void {
    if (!text.includes(this.#process)) return;
    const line = parsed(text);
    if (line === undefined) {
      if (isWordIn(text, this.#id)) this.other ??= { text, place };
      return;
    }
    const isAccess = line.msg === 'request' || line.msg === 'tunnel';
    // The message about a slow request has the same fields.
    if (line.id === this.#id && (this.own === undefined || isAccess)) this.own = { line, place };
    const isInner = line.parent === this.#number && isAccess;
    if (isInner && typeof line.id === 'string' && line.id.startsWith(this.#process)) this.inner.push({ line, place });
  }
}

function parsed(text: string): LoggedLine | undefined {
  const start = text.indexOf('{"');
  if (start < 0) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(start));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isWordIn(text: string, word: string): boolean {
  return text.split(/[^\w-]+/).includes(word);
}
