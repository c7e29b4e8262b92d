import { ProxyError, type ServiceMode } from '@inband/core';
import type { HeadLimits, HeadParser } from '../src/message/parser/head-parser.ts';
import { DROPPED, MARKS, SLOTS } from '../src/message/parser/head-table.ts';
import { HeadReader } from '../src/message/parser/head-reader.ts';
import { MendingReader } from '../src/message/parser/mending-reader.ts';
import { repairNames } from '../src/message/repairs.ts';
import { RequestHead } from '../src/message/head/request-head.ts';
import { ResponseHead } from '../src/message/head/response-head.ts';
import { eachPiece, latin1, type Cuts } from './bytes.ts';

export const roomy: HeadLimits = { startLine: 8192, bytes: 65_536, fields: 200, strict: false };
export const pseudonym = latin1('inband');

/** The result of reading a head: more bytes are needed, it is refused, or it is complete and `rest` bytes follow. */
export type Outcome =
  | { readonly kind: 'more' }
  | { readonly kind: 'fault'; readonly fault: string }
  | { readonly kind: 'error'; readonly code: string; readonly status: number; readonly message: string }
  | { readonly kind: 'complete'; readonly rest: number; readonly head: unknown };

function read<Head extends HeadParser>(
  reader: HeadReader<Head>,
  bytes: Buffer,
  cuts: Cuts,
  complete: (head: Head) => unknown,
): Outcome {
  let outcome: Outcome = { kind: 'more' };
  let taken = 0;
  eachPiece(bytes, cuts, (piece, start, end) => {
    try {
      const at = reader.read(piece, start, end);
      if (reader.head.fault !== undefined) outcome = { kind: 'fault', fault: reader.head.fault };
      else if (at >= 0)
        outcome = { kind: 'complete', rest: bytes.length - (taken + at - start), head: complete(reader.head) };
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      outcome = { kind: 'error', code: error.code, status: error.status, message: error.message };
    }
    taken += end - start;
    return outcome.kind === 'more';
  });
  return outcome;
}

function fieldsOf(head: HeadParser): string[][] {
  return Array.from({ length: head.fieldCount }, (_, index) => [head.name(index), head.value(index)]);
}

function droppedOf(head: HeadParser): string[] {
  const indices = Array.from({ length: head.fieldCount }, (_, index) => index);
  return indices
    .filter((index) => ((head.fields[index * SLOTS + MARKS] ?? 0) & DROPPED) !== 0)
    .map((index) => head.name(index));
}

const REQUEST_PARTS = [
  'method',
  'minor',
  'form',
  'url',
  'authority',
  'contentLength',
  'chunked',
  'close',
  'upgradeIndex',
  'expectContinue',
  'maxForwards',
  'trailersWelcome',
] as const;

const RESPONSE_PARTS = [
  'status',
  'minor',
  'framing',
  'contentLength',
  'chunked',
  'close',
  'upgradeIndex',
  'hasDate',
  'interim',
] as const;

/** The named properties of an object, as one of their own. */
function pick<From, Key extends keyof From>(from: From, keys: readonly Key[]): Pick<From, Key>;
function pick<From, Key extends keyof From>(from: From, keys: readonly Key[]): Partial<Pick<From, Key>> {
  const picked: Partial<Pick<From, Key>> = {};
  for (const key of keys) picked[key] = from[key];
  return picked;
}

export function readRequest(
  bytes: Uint8Array | string,
  options: { cuts?: Cuts; limits?: HeadLimits; strict?: boolean; mode?: ServiceMode } = {},
): Outcome {
  const reader = new HeadReader(new RequestHead());
  const { strict = false } = options;
  reader.begin({ ...roomy, ...options.limits, strict });
  const whole = typeof bytes === 'string' ? latin1(bytes) : Buffer.from(bytes);
  return read(reader, whole, options.cuts ?? [], (head) => {
    head.understand({ mode: options.mode ?? 'reverse', strict, ownPages: false, pseudonym });
    return { ...pick(head, REQUEST_PARTS), fields: fieldsOf(head), dropped: droppedOf(head) };
  });
}

export function readResponse(
  bytes: Uint8Array | string,
  options: { cuts?: Cuts; limits?: HeadLimits; strict?: boolean; method?: string } = {},
): Outcome {
  const reader = new MendingReader(new ResponseHead(), 'response');
  const { strict = false } = options;
  reader.begin({ ...roomy, ...options.limits, strict });
  const whole = typeof bytes === 'string' ? latin1(bytes) : Buffer.from(bytes);
  return read(reader, whole, options.cuts ?? [], (head) => {
    head.understand(options.method ?? 'GET', strict);
    const reason = head.buffer.toString('latin1', head.base + head.reasonStart, head.base + head.reasonEnd);
    const repaired = repairNames(head.repairs) ?? [];
    return { ...pick(head, RESPONSE_PARTS), reason, repaired, fields: fieldsOf(head) };
  });
}

/** A parsed head in a buffer of its own. */
export function requestHead(bytes: string, mode: ServiceMode = 'reverse'): RequestHead {
  const reader = new HeadReader(new RequestHead());
  reader.begin(roomy);
  const memory = latin1(bytes);
  if (reader.read(memory, 0, memory.length) < 0) throw new Error(`not a whole head: ${reader.head.fault}`);
  reader.head.understand({ mode, strict: false, ownPages: false, pseudonym });
  return reader.head;
}

export function responseHead(bytes: string, method = 'GET'): ResponseHead {
  const reader = new HeadReader(new ResponseHead());
  reader.begin(roomy);
  const memory = latin1(bytes);
  if (reader.read(memory, 0, memory.length) < 0) throw new Error(`not a whole head: ${reader.head.fault}`);
  reader.head.understand(method, false);
  return reader.head;
}
