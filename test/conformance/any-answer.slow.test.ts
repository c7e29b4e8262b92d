import { byteByByte, pseudoRandom, type Split, whole } from '@inband/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lab } from './lab.ts';
import type { Message } from './wire/message-reader.ts';
import { memoryNet } from './net.ts';
import { type Profile, settingsFor } from './settings.ts';
import type { Case } from './cases.ts';
import { VANTAGES } from './vantage.ts';

const SPLIT = 'HTTP/1.1 200 Split\r\nContent-Length: 6\r\n\r\nstolen';
const END_OF_LINE = ['\r\n', '\r\n', '\r\n', '\r\n', '\n', '\n', '\r\r\n', '\r'];
const START = ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 200 O\x01K', 'HTTP/1.0 200 OK', 'HTTP/1.1 204 None', 'HTTP/1.1 304 Same', 'HTTP/1.1 103 Early', 'HTTP/1.1 101 Go', 'HTTP/1.1 404']; // prettier-ignore
const LINES = [
  'Content-Length: 5',
  'Content-Length: 5',
  'Content-Length: 5, 5',
  'Content-Length: 6',
  'Content-Length : 5',
  'Content-Length\x0b: 5',
  'Content_Length: 7',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip',
  ' Transfer-Encoding: chunked',
  'Connection: close',
  'Connection: content-length',
  'X-A: b',
  'X-A : b',
  'X-A: \x7f\x01',
  'X-A: b\0c',
  ' folded',
  '\tfolded: too',
  'no field',
  ': nameless',
  'Set-Cookie: a=b\nSet-Cookie: c=d',
  `X-B: \r${SPLIT}`,
];
const BODIES = [
  'hello',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\n0;x y\r\n\r\n',
  '5\nhello\n0\n\n',
  '5\r\nhello\r\n0\r\nX-T : 1\r\n Transfer-Encoding: chunked\r\nno field\r\n\n',
  '5;a="\r\nhello\r\n0\r\n\r\n',
  '6\r\nhello\r\n0\r\n\r\n',
  '0\n\n',
  '0\r\nX: a\0b\r\n\r\n',
  '',
];

const line = fc.tuple(fc.constantFrom(...LINES), fc.constantFrom(...END_OF_LINE)).map((parts) => parts.join(''));
const ending = fc.constantFrom(...END_OF_LINE);
const message = fc
  .tuple(
    fc.constantFrom('', '', '', '\r\n', '\n'),
    fc.constantFrom(...START),
    ending,
    fc.array(line, { maxLength: 4 }),
    ending,
    fc.constantFrom(...BODIES),
  )
  .map(([before, start, end, lines, last, body]) => `${before}${start}${end}${lines.join('')}${last}${body}`);
const anyAnswer = fc.array(fc.oneof({ weight: 4, arbitrary: message }, fc.constant(SPLIT)), {
  minLength: 1,
  maxLength: 3,
});

/** What the client got for its request: an answer of the server's, or none. */
type Outcome = { readonly refused: true } | { readonly answer: object };

const OURS = new Set(['date', 'via', 'connection', 'transfer-encoding']);

function shown({ status, startLine, fields, body, trailer }: Message): object {
  return { status, startLine, fields: fields.filter(([name]) => !OURS.has(name)), body, trailer };
}

/** Has the origin answer with `bytes` and then close; then asks again, for what must be the answer to that. */
async function play(bytes: string, method: string, split: Split, profile: Profile): Promise<Outcome> {
  const settings = settingsFor({ id: 'any-answer' } as Case, 'loopback', profile);
  const net = memoryNet(split);
  const lab = await Lab.open({ net, settings, mode: 'forward', vantage: VANTAGES.loopback, limit: 5_000 });
  try {
    const client = await lab.connect();
    const request = (path: string, how: string): Buffer =>
      Buffer.from(`${how} http://{HOST}${path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n`.replaceAll('{HOST}', lab.places.host));
    client.expect(Buffer.concat([request('/first', method), request('/second', 'GET')]));
    lab.origin.arm({ answer: Buffer.from(bytes, 'latin1'), close: true });
    client.send(request('/first', method));
    const { responses } = client;
    const isOver = (): boolean => client.hasEnded || client.isClosed;
    expect(await lab.soon(() => responses.complete.length > 0 || isOver())).toBe(true);
    const [first] = responses.complete;
    if (!isOver()) {
      client.send(request('/second', 'GET'));
      expect(await lab.soon(() => responses.complete.length > 1 || isOver())).toBe(true);
    }
    expect(responses.problem).toBeUndefined();
    const second = responses.complete[1];
    if (second !== undefined) expect(second.body).toBe('answer to /second');
    client.connection.end();
    await lab.soon(() => client.isClosed);
    // No answer to /first is read beyond it, whatever stands there.
    expect(responses.complete.length).toBeLessThan(3);
    const isOurs = first?.fields.some(([name]) => name === 'proxy-status') === true;
    if (first === undefined || isOurs) {
      if (first !== undefined) expect(first.status).toBe(502);
      return { refused: true };
    }
    return { answer: shown(first) };
  } finally {
    expect(await lab.close()).toBe('');
    expect(lab.defects).toEqual([]);
  }
}

describe('whatever a server sends, the client gets one well-formed answer or 502, and the next request its own', () => {
  for (const profile of ['usual', 'strict'] as const) {
    test(`the same however it arrives (${profile})`, async () => {
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(anyAnswer, fc.constantFrom('GET', 'GET', 'HEAD'), fc.nat(), async (parts, method, seed) => {
          const bytes = parts.join('');
          const outcome = await play(bytes, method, whole, profile);
          if ('answer' in outcome) answered += 1;
          expect(await play(bytes, method, byteByByte, profile)).toEqual(outcome);
          expect(await play(bytes, method, pseudoRandom(seed), profile)).toEqual(outcome);
        }),
        { numRuns: 400 },
      );
      // Most are nonsense; the property would say nothing if all were.
      expect(answered).toBeGreaterThan(20);
    }, 60_000);
  }
});
