import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { type DnsQuestion, encodeQuestion, readAnswer } from './dns-message.ts';
import { MalformedAnswerError } from './dns-name.ts';

const question: DnsQuestion = { id: 0x1234, name: 'Shop.example', record: 'A' };
const TO_QUESTION = [0xc0, 0x0c];

function encodedName(name: string): number[] {
  return [...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0];
}

function record(
  owner: readonly number[],
  type: number,
  ttl: number,
  data: readonly number[],
  recordClass = 1,
): number[] {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(recordClass, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return [...owner, ...fixed, ...data];
}

function answer(records: readonly (readonly number[])[], flags = 0x8180, asked: DnsQuestion = question): Buffer {
  const head = Buffer.from(encodeQuestion(asked));
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, ...records.map((bytes) => Buffer.from(bytes))]);
}

test('a question is a header, the name in labels, the type and the class', () => {
  expect(Buffer.from(encodeQuestion({ id: 0xabcd, name: 'a.bc', record: 'AAAA' })).toString('hex')).toBe(
    'abcd01000001000000000000016102626300001c0001',
  );
});

describe('an answer', () => {
  test('gives the addresses of the name, with their times to live', () => {
    const bytes = answer([
      record(TO_QUESTION, 1, 60, [192, 0, 2, 1]),
      record(encodedName('SHOP.example'), 1, 30, [192, 0, 2, 2]),
    ]);
    expect(readAnswer(bytes, question)).toEqual({
      type: 'addresses',
      addresses: [
        { address: '192.0.2.1', ttl: 60 },
        { address: '192.0.2.2', ttl: 30 },
      ],
    });
  });

  test('leads from alias to alias, in whatever order, and is kept no longer than the shortest of them', () => {
    const bytes = answer([
      record(encodedName('c.example'), 1, 600, [192, 0, 2, 3]),
      record(encodedName('b.example'), 5, 40, encodedName('c.example')),
      record(TO_QUESTION, 5, 500, encodedName('b.example')),
    ]);
    expect(readAnswer(bytes, question)).toEqual({ type: 'addresses', addresses: [{ address: '192.0.2.3', ttl: 40 }] });
  });

  test('of another name, class or type gives no address', () => {
    const bytes = answer([
      record(encodedName('evil.example'), 1, 60, [192, 0, 2, 66]),
      record(TO_QUESTION, 1, 60, [192, 0, 2, 67], 3),
      record(
        TO_QUESTION,
        28,
        60,
        Array.from({ length: 16 }, () => 1),
      ),
    ]);
    expect(readAnswer(bytes, question)).toEqual({ type: 'addresses', addresses: [] });
  });

  test('to a question for a service gives its places, through aliases too, whether their targets are compressed or not', () => {
    const asked: DnsQuestion = { id: 0x1234, name: '_http._tcp.shop.example', record: 'SRV' };
    // At 12 is the name of the question; "shop.example" in it is 11 bytes further on.
    const compressed = [4, ...Buffer.from('one-'), 0xc0, 12 + 11];
    const bytes = answer(
      [
        record(TO_QUESTION, 5, 20, encodedName('web.example')),
        record(encodedName('web.example'), 33, 60, [0, 10, 0, 5, 0x1f, 0x90, ...compressed]),
        record(encodedName('web.example'), 33, 10, [0, 20, 0, 0, 0, 80, ...encodedName('Two.example')]),
        record(encodedName('other.example'), 33, 10, [0, 20, 0, 0, 0, 80, ...encodedName('evil.example')]),
      ],
      0x8180,
      asked,
    );
    expect(readAnswer(bytes, asked)).toEqual({
      type: 'services',
      services: [
        { target: 'one-.shop.example', priority: 10, weight: 5, port: 8080, ttl: 20 },
        { target: 'two.example', priority: 20, weight: 0, port: 80, ttl: 10 },
      ],
    });
  });

  test.each([
    ['is cut off', [0, 10, 0, 5, 0]],
    ['has a target that is longer than it', [0, 10, 0, 5, 0, 80, 3, 0x61]],
    ['has bytes behind its target', [0, 10, 0, 5, 0, 80, 1, 0x61, 0, 0]],
  ])('with a service that %s is malformed', (_how, data) => {
    const asked: DnsQuestion = { id: 0x1234, name: '_http._tcp.shop.example', record: 'SRV' };
    expect(() => readAnswer(answer([record(TO_QUESTION, 33, 60, data)], 0x8180, asked), asked)).toThrow(
      MalformedAnswerError,
    );
  });

  test('with a time to live above 2^31 may not be kept', () => {
    const bytes = answer([record(TO_QUESTION, 1, 0xffffffff, [192, 0, 2, 1])]);
    expect(readAnswer(bytes, question)).toMatchObject({ addresses: [{ ttl: 0 }] });
  });

  test.each([
    ['no such name', 0x8183, { type: 'no-such-name' }],
    ['SERVFAIL', 0x8182, { type: 'failed', rcode: 2 }],
    ['REFUSED', 0x8185, { type: 'failed', rcode: 5 }],
    ['that it is truncated', 0x8380, { type: 'truncated' }],
    ['nothing, from a server that neither knows nor asks others', 0x8100, { type: 'failed', rcode: 0 }],
  ])('is understood when it says %s', (_name, flags, expected) =>
    expect(readAnswer(answer([], flags), question)).toEqual(expected),
  );

  test.each<[string, Buffer]>([
    ['another id', answer([], 0x8180, { ...question, id: 1 })],
    ['another name', answer([], 0x8180, { ...question, name: 'shop.exampl' })],
    ['another type', answer([], 0x8180, { ...question, record: 'AAAA' })],
    ['no answer but a question', answer([], 0x0100)],
    ['another operation', answer([], 0x9180)],
    ['cut off in the header', answer([]).subarray(0, 11)],
    ['cut off in the question', answer([]).subarray(0, 20)],
    ['empty', Buffer.alloc(0)],
  ])('to %s is nobody’s: whoever waits for one waits on', (_name, bytes) => {
    expect(readAnswer(bytes, question)).toBeUndefined();
  });

  test.each<[string, Buffer]>([
    ['is cut off in a record', answer([record(TO_QUESTION, 1, 60, [192, 0, 2, 1])]).subarray(0, -2)],
    ['has an address of three bytes', answer([record(TO_QUESTION, 1, 60, [192, 0, 2])])],
    ['has a pointer to itself', answer([record([0xc0, 30], 1, 60, [192, 0, 2, 1])])],
    ['has a pointer forwards', answer([record([0xc0, 60], 1, 60, [192, 0, 2, 1])])],
    ['has a label of an unknown kind', answer([record([0x80, 1], 1, 60, [192, 0, 2, 1])])],
    ['has an alias to itself', answer([record(TO_QUESTION, 5, 60, encodedName('shop.example'))])],
    ['counts more records than there are', answer([[]])],
  ])('that %s is malformed', (_name, bytes) => {
    expect(() => readAnswer(bytes, question)).toThrow(MalformedAnswerError);
  });

  test('whatever the bytes are, it is read, refused or called malformed, and never anything else', () => {
    const whole = answer([
      record(TO_QUESTION, 5, 500, encodedName('b.example')),
      record(encodedName('b.example'), 1, 40, [192, 0, 2, 3]),
    ]);
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat(whole.length), (changed, length) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changed) bytes[at] = value;
        try {
          readAnswer(bytes.subarray(0, length), question);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedAnswerError);
        }
      }),
      { numRuns: runs(2_000) },
    );
  });
});
