import type { Logger } from '@inband/core';
import { hostname } from 'node:os';
import { numberOf } from '../../config/known/facilities.ts';
import type { SyslogConfig } from '../../config/schema/process/syslog.ts';

/** The levels of messages, with the severities of syslog (RFC 5424 section 6.2.1). */
const SEVERITIES = { debug: 7, info: 6, warn: 4, error: 3 } as const satisfies Record<keyof Logger, number>;

/** The longest message in bytes: as long as a UDP datagram may be, with something left for IP options. */
const LONGEST = 65_000;

const LINE_FEED = 0x0a;

/** Puts the header of syslog before lines. */
export class SyslogLines {
  readonly #settings: SyslogConfig;
  readonly #facility: number;
  readonly #host = printable(hostname()).slice(0, 255) || '-';

  constructor(settings: SyslogConfig) {
    this.#settings = settings;
    this.#facility = numberOf(settings.facility) * 8;
  }

  /**
   * Each line with its header; a line that is too long is cut. `level` is that of a message. Lines without one are access lines.
   */
  write(lines: Buffer, level: keyof Logger | undefined): Buffer {
    const header = Buffer.from(this.#header(level, new Date()));
    const ends = endsOf(lines);
    const into = Buffer.allocUnsafe(lines.length + ends.length * (header.length + 1));
    let [at, start] = [0, 0];
    for (const end of ends) {
      at += header.copy(into, at);
      at += lines.copy(into, at, start, cut(lines, start, end, LONGEST - header.length));
      into[at++] = LINE_FEED;
      start = end + 1;
    }
    return into.subarray(0, at);
  }

  #header(level: keyof Logger | undefined, now: Date): string {
    const { tag, address } = this.#settings;
    const priority = `<${this.#facility + SEVERITIES[level ?? 'info']}>`;
    // As syslog(3) writes it, because not every receiver of this machine knows RFC 5424 (the journal does not).
    if (address.transport === 'unix') return `${priority}${localTime(now)} ${tag}[${process.pid}]: `;
    const kind = level === undefined ? 'access' : 'message';
    return `${priority}1 ${now.toISOString()} ${this.#host} ${tag} ${process.pid} ${kind} - `;
  }
}

/** Where each line ends, without its line feed. */
function endsOf(lines: Buffer): number[] {
  const ends: number[] = [];
  for (let start = 0; start < lines.length;) {
    const found = lines.indexOf(LINE_FEED, start);
    const end = found < 0 ? lines.length : found;
    ends.push(end);
    start = end + 1;
  }
  return ends;
}

/** The end of a part of at most `length` bytes that ends with a whole character. */
function cut(bytes: Buffer, start: number, end: number, length: number): number {
  if (end - start <= length) return end;
  let at = start + length;
  while (at > start && isWithinCharacter(bytes[at] ?? 0)) at -= 1;
  return at;
}

/** Whether a byte of UTF-8 is one after the first of its character. */
function isWithinCharacter(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}

function printable(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '');
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov  8 23:41:03`, in the time of this machine (RFC 3164 section 4.1.2). */
function localTime(now: Date): string {
  const day = String(now.getDate()).padStart(2);
  return `${MONTHS[now.getMonth()]} ${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}
