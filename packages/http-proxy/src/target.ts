import { badRequest } from './faults.ts';
import { equalsLower, HEX, ascii, PATH, QUERY } from './octets.ts';

/** RFC 9112 section 3.2. */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

/** Where the parts of a request target lie. `path` includes the query; it may be empty in absolute-form. */
export interface TargetParts {
  form: TargetForm;
  authorityStart: number;
  authorityEnd: number;
  pathStart: number;
  pathEnd: number;
}

const SLASH = 0x2f;
const QUESTION = 0x3f;
const ASTERISK = 0x2a;
const PERCENT = 0x25;
const HTTP = ascii('http://');
const HTTPS = ascii('https://');

/** Splits the target in `octets[start..end)` into `parts`, checking every octet; throws what is wrong with it. */
export function readTarget(octets: Buffer, start: number, end: number, isConnect: boolean, parts: TargetParts): void {
  parts.authorityStart = start;
  parts.authorityEnd = start;
  parts.pathStart = start;
  parts.pathEnd = end;
  if (isConnect) {
    parts.form = 'authority';
    parts.authorityEnd = end;
    parts.pathStart = end;
    return;
  }
  if (octets[start] === SLASH) {
    parts.form = 'origin';
    return checkPathAndQuery(octets, start, end);
  }
  if (octets[start] === ASTERISK && end === start + 1) {
    parts.form = 'asterisk';
    return;
  }
  readAbsolute(octets, start, end, parts);
}

function readAbsolute(octets: Buffer, start: number, end: number, parts: TargetParts): void {
  const authorityStart = start + HTTP.length;
  if (end < authorityStart || !equalsLower(octets, start, authorityStart, HTTP)) {
    if (end >= authorityStart + 1 && equalsLower(octets, start, authorityStart + 1, HTTPS)) {
      throw badRequest('This proxy does not fetch https:// on behalf of a client; ask for a tunnel with CONNECT.', {
        status: 501,
      });
    }
    throw badRequest('The request target is neither a path nor an absolute http:// URL.');
  }
  parts.form = 'absolute';
  parts.authorityStart = authorityStart;
  let at = authorityStart;
  while (at < end && octets[at] !== SLASH && octets[at] !== QUESTION) at += 1;
  parts.authorityEnd = at;
  parts.pathStart = at;
  checkPathAndQuery(octets, at, end);
}

function checkPathAndQuery(octets: Buffer, start: number, end: number): void {
  let at = start;
  for (; at < end; at++) {
    const octet = octets[at]!;
    if (octet === QUESTION) break;
    if (PATH[octet] !== 1) throw badRequest('The path holds a character that must be percent-encoded.');
    if (octet !== PERCENT) continue;
    if (at + 2 >= end || HEX[octets[at + 1]!] === 255 || HEX[octets[at + 2]!] === 255) {
      throw badRequest('The path holds a "%" that two hexadecimal digits do not follow.');
    }
  }
  for (at += 1; at < end; at++) {
    if (QUERY[octets[at]!] !== 1) throw badRequest('The query holds a character that must be percent-encoded.');
  }
}
