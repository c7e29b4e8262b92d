import { Treat } from '../field-names.ts';
import type { HeadParser } from '../parser/head-parser.ts';
import { DROPPED, idOfMarks, MARKS, NAME_END, NAME_START, SLOTS, treatOfMarks } from '../parser/head-table.ts';
import { forEachElement } from '../list.ts';
import { ascii, equalsLower, sameIgnoringCase, TOKEN } from '../bytes.ts';

/** What the `Connection` fields of a message say. */
export interface ConnectionOptions {
  close: boolean;
  keepAlive: boolean;
  upgrade: boolean;
  /** An option that is not a token, or more options than any honest message has. */
  malformed: boolean;
  /** A named field that must not be dropped, because it frames, routes or authorises. */
  forbidden: boolean;
}

const CLOSE = ascii('close');
const KEEP_ALIVE = ascii('keep-alive');
const UPGRADE = ascii('upgrade');

/** Options that are kept track of. A longer list is an attempt to have fields removed. */
const MAX_OPTIONS = 10;

/** One object serves all heads, because it is read at once. */
const options: ConnectionOptions = {
  close: false,
  keepAlive: false,
  upgrade: false,
  malformed: false,
  forbidden: false,
};

/**
 * Reads every `Connection` field of a head (RFC 9110 section 7.6.1) and drops the fields that they name.
 * A field that frames, routes or authorises is not dropped. Naming it is reported instead.
 * What is returned is valid until the next call.
 */
export function readConnectionFields(head: HeadParser, connectionId: number): Readonly<ConnectionOptions> {
  options.close = options.keepAlive = options.upgrade = options.malformed = options.forbidden = false;
  let count = 0;
  for (let index = 0; index < head.fieldCount; index++) {
    if (idOfMarks(head.fields[index * SLOTS + MARKS]!) !== connectionId) continue;
    const start = head.valueStart(index);
    const end = head.valueEnd(index);
    // What nearly every message that has the field says.
    if (equalsLower(head.buffer, start, end, KEEP_ALIVE)) options.keepAlive = true;
    else if (count === 0 && equalsLower(head.buffer, start, end, CLOSE)) {
      options.close = true;
      count = 1;
    } else count = readList(head, start, end, count);
  }
  return options;
}

/** Returns how many options there are with those before it. Apart, because the function above would be slower with a closure in it. */
function readList(head: HeadParser, start: number, end: number, before: number): number {
  let count = before;
  forEachElement(head.buffer, start, end, (from, to) => {
    count += 1;
    if (count > MAX_OPTIONS) options.malformed = true;
    else readOption(head, from, to);
  });
  return count;
}

function readOption(head: HeadParser, from: number, to: number): void {
  const { buffer } = head;
  if (equalsLower(buffer, from, to, CLOSE)) options.close = true;
  else if (equalsLower(buffer, from, to, KEEP_ALIVE)) options.keepAlive = true;
  else if (equalsLower(buffer, from, to, UPGRADE)) options.upgrade = true;
  else {
    for (let i = from; i < to; i++) if (TOKEN[buffer[i]!] === 0) options.malformed = true;
    dropNamed(head, from, to);
  }
}

function dropNamed(head: HeadParser, from: number, to: number): void {
  const { buffer, base, fields } = head;
  // Naming it is forbidden whether or not the field is there, because the next hop may have it from elsewhere.
  if (head.treatOfName(from, to) & Treat.notNominated) options.forbidden = true;
  for (let slot = 0; slot < head.fieldCount * SLOTS; slot += SLOTS) {
    const start = base + fields[slot + NAME_START]!;
    const end = base + fields[slot + NAME_END]!;
    if ((treatOfMarks(fields[slot + MARKS]!) & Treat.notNominated) !== 0) continue;
    if (sameIgnoringCase(buffer, start, end, buffer, from, to)) fields[slot + MARKS]! |= DROPPED;
  }
}
