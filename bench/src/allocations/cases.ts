import { requestText } from '../load/request.ts';
import { BROWSER_GET } from '../workloads.ts';

/** What one client does again and again, and what its server answers. */
export interface AllocationCase {
  readonly name: string;
  readonly about: string;
  /** `request`: on one connection; `connection`: each on a new one; `tunnel`: each a CONNECT with some bytes through it. */
  readonly kind: 'request' | 'connection' | 'tunnel';
  /** What the client sends; of a tunnel, what it sends through it. Its last byte stands nowhere else in the last write. */
  readonly request: Buffer;
  readonly answer: Buffer;
}

/** The port of the server. */
export const SERVER_PORT = 8000;

const GET = { method: 'GET', path: '/', fields: [], content: 0, answer: 100 } as const;

/** Fields as a server of pages sends them. */
const PAGE_FIELDS = [
  'Server: nginx',
  'Date: Sat, 28 Nov 2026 12:00:00 GMT',
  'Content-Type: text/html; charset=utf-8',
  'Last-Modified: Fri, 27 Nov 2026 12:00:00 GMT',
  'ETag: "67a9-2800"',
  'Cache-Control: public, max-age=60',
  'Vary: Accept-Encoding',
  'Accept-Ranges: bytes',
  'X-Content-Type-Options: nosniff',
];

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function answer(length: number, fields: readonly string[] = []): Buffer {
  const head = ['HTTP/1.1 200 OK', ...fields, `Content-Length: ${length}`].join('\r\n');
  return bytes(`${head}\r\n\r\n${'y'.repeat(length)}`);
}

const POST = bytes(requestText({ ...GET, method: 'POST', content: 16 * 1024 }, 'absolute', SERVER_PORT));
const SMALL = bytes(requestText(GET, 'absolute', SERVER_PORT));

export const CASES: readonly AllocationCase[] = [
  { name: 'small', about: 'GET, 100-byte answer', kind: 'request', request: SMALL, answer: answer(100) },
  {
    name: 'browser',
    about: 'the GET of a browser: 15 fields; 10 response fields, 10 KiB',
    kind: 'request',
    request: bytes(requestText(BROWSER_GET, 'absolute', SERVER_PORT)),
    answer: answer(10 * 1024, PAGE_FIELDS),
  },
  { name: 'post', about: 'POST with 16 KiB of content', kind: 'request', request: POST, answer: answer(100) },
  {
    name: 'connection',
    about: 'small, each on a new connection on either side',
    kind: 'connection',
    request: SMALL,
    // Whether an idle connection may be used by another client depends on how much time has passed.
    answer: answer(100, ['Connection: close']),
  },
  {
    name: 'tunnel',
    about: 'CONNECT, 100 bytes there and back, close',
    kind: 'tunnel',
    request: bytes('x'.repeat(100)),
    answer: bytes('y'.repeat(100)),
  },
];

export function caseNamed(name: string): AllocationCase {
  const found = CASES.find((known) => known.name === name);
  if (found === undefined)
    throw new Error(`there is no case "${name}"; there are ${CASES.map((one) => one.name).join(', ')}`);
  return found;
}
