import type { Connection } from '@inband/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { perForm } from '../../../../../test/support/tiers/runs.ts';
import { FakeConnection } from '../../../../core/test-support/fake-connection.ts';
import { roomy } from '../../../test-support/heads.ts';
import { anyCuts, eachPiece, everywhere, latin1, type Cuts } from '../../../test-support/bytes.ts';
import { BodyReader, BodyTooBig, type BodyRules, type ReaderFraming } from './body-reader.ts';
import { BodyWriter, type WriterFraming } from './body-writer.ts';
import { ChunkFault } from './chunked-decoder.ts';
import { HEAD_AT, sendBuffer } from '../send-buffer.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nX: y\r\n\r\n';

/** A body on its way from one connection to another: what a reader and a writer make together. */
class Carrier {
  readonly reader: BodyReader;
  readonly #framing: WriterFraming;
  #writer: BodyWriter | undefined = undefined;

  constructor(reader: BodyReader, framing: WriterFraming) {
    this.reader = reader;
    this.#framing = framing;
  }

  get complete(): boolean {
    return this.reader.complete;
  }

  get content(): number {
    return this.reader.content;
  }

  get full(): boolean {
    return this.#writer?.full === true;
  }

  /** Bytes that would go straight to the other connection. */
  get bulk(): number {
    let bulk = 0;
    const from: Connection = new FakeConnection();
    from.forward = (_to, bytes = 0) => {
      bulk = bytes;
      return true;
    };
    this.reader.forward(from, this.writerTo(new FakeConnection()));
    return bulk;
  }

  /** What comes from now on goes to `connection`, behind the head that ends at `headEnd`. */
  writerTo(connection: FakeConnection, headEnd = HEAD_AT): BodyWriter {
    if (this.#writer === undefined) {
      this.#writer = new BodyWriter(connection);
      this.#writer.start(this.#framing, headEnd);
    }
    return this.#writer;
  }

  feed(bytes: Buffer, start: number, end: number, sink: FakeConnection, headEnd = HEAD_AT): number {
    return this.reader.read(bytes, start, end, this.writerTo(sink, headEnd));
  }

  finish(sink: FakeConnection): boolean {
    return this.reader.finish(this.writerTo(sink));
  }
}

function relay(
  from: ReaderFraming,
  to: WriterFraming,
  { length = 0, ...rules }: Partial<BodyRules> & { length?: number } = {},
): Carrier {
  const trailerLimits = { ...roomy, startLine: 0 };
  const reader = new BodyReader(
    { framing: from, maxBody: Number.MAX_SAFE_INTEGER, tolerant: false, trailerLimits, ...rules },
    length,
  );
  return new Carrier(reader, to);
}

interface Carried {
  readonly written: string;
  readonly rest: number;
  readonly complete: boolean;
  readonly content: number;
}

/** Carries `bytes`, cut anywhere, with a head put before the first piece. */
function carry(body: Carrier, bytes: Buffer, cuts: Cuts, head = HEAD): Carried {
  const sink = new FakeConnection();
  let headEnd = HEAD_AT + sendBuffer(head.length).write(head, HEAD_AT, 'latin1');
  let rest = bytes.length;
  const take = (piece: Buffer, start: number, end: number): boolean => {
    rest -= body.feed(piece, start, end, sink, headEnd) - start;
    headEnd = HEAD_AT;
    return !body.complete;
  };
  if (bytes.length === 0) take(Buffer.alloc(0), 0, 0);
  else eachPiece(bytes, cuts, take);
  if (!body.complete) body.finish(sink);
  return { written: sink.written.toString('latin1'), rest, complete: body.complete, content: body.content };
}

function chunked(pieces: readonly Uint8Array[], trailer = ''): Buffer {
  const chunks = pieces
    .filter((piece) => piece.length > 0)
    .flatMap((piece) => [latin1(`${piece.length.toString(16)};x\r\n`), Buffer.from(piece), latin1('\r\n')]);
  return Buffer.concat([...chunks, latin1(`0\r\n${trailer}\r\n`)]);
}

/** An independent decoder of what the relay wrote. */
function unchunk(text: string): { content: string; trailer: string } {
  let at = 0;
  let content = '';
  for (;;) {
    const line = text.indexOf('\r\n', at);
    expect(text.slice(at, line)).toMatch(/^[0-9a-f]{1,8}$/);
    const size = Number.parseInt(text.slice(at, line), 16);
    at = line + 2;
    if (size === 0) return { content, trailer: text.slice(at) };
    content += text.slice(at, at + size);
    expect(text.slice(at + size, at + size + 2)).toBe('\r\n');
    at += size + 2;
  }
}

const pieces = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength: 60 }) },
    { weight: 1, arbitrary: fc.nat(150_000).map((size) => new Uint8Array(size).fill(size)) },
  ),
  { maxLength: 6 },
);

describe('content arrives whole and unchanged, however it is cut', () => {
  test('from a length', () => {
    fc.assert(
      fc.property(pieces, anyCuts, fc.nat(5), (list, cuts, more) => {
        const content = Buffer.concat(list);
        const bytes = Buffer.concat([content, Buffer.alloc(more)]);
        const carried = carry(
          relay('length', 'raw', { length: content.length }),
          bytes,
          content.length === 0 ? [] : cuts,
        );
        expect(carried.written === HEAD + content.toString('latin1')).toBe(true);
        expect(carried).toMatchObject({ complete: true, content: content.length });
      }),
      { numRuns: perForm(60, 15) },
    );
  });

  test('from the end of the connection, into chunks and as it is', () => {
    fc.assert(
      fc.property(pieces, anyCuts, (list, cuts) => {
        const content = Buffer.concat(list);
        const raw = carry(relay('close', 'raw'), content, cuts);
        expect(raw.written === HEAD + content.toString('latin1')).toBe(true);
        const { written, complete } = carry(relay('close', 'chunked'), content, cuts);
        const decoded = unchunk(written.slice(HEAD.length));
        expect(decoded.content === content.toString('latin1')).toBe(true);
        expect(decoded.trailer).toBe('\r\n');
        expect(complete).toBe(true);
      }),
      { numRuns: perForm(60, 15) },
    );
  });

  test('from chunks, into chunks and as it is, with trailers that may pass', () => {
    fc.assert(
      fc.property(pieces, anyCuts, fc.boolean(), fc.nat(5), (list, cuts, trailers, more) => {
        const content = Buffer.concat(list).toString('latin1');
        const bytes = Buffer.concat([
          chunked(list, trailers ? 'X-Sum:1\r\nHost: evil\r\nX_Real_IP: evil\r\nX-B:  b \r\n' : ''),
          Buffer.alloc(more),
        ]);
        const into = carry(relay('chunked', 'chunked'), bytes, cuts);
        expect(into.written.startsWith(HEAD)).toBe(true);
        const decoded = unchunk(into.written.slice(HEAD.length));
        expect(decoded.content === content).toBe(true);
        expect(decoded.trailer).toBe(trailers ? 'X-Sum: 1\r\nX-B: b\r\n\r\n' : '\r\n');
        expect(into).toMatchObject({ complete: true, content: content.length });
        const raw = carry(relay('chunked', 'raw'), bytes, cuts);
        expect(raw.written === HEAD + content).toBe(true);
      }),
      { numRuns: perForm(60, 15) },
    );
  });

  test('from chunks, byte by byte', () => {
    const bytes = chunked([latin1('hello '), latin1('world')], 'X-Sum: 1\r\n');
    const { written, rest } = carry(relay('chunked', 'chunked'), Buffer.concat([bytes, latin1('GET /')]), everywhere);
    expect(unchunk(written.slice(HEAD.length))).toEqual({ content: 'hello world', trailer: 'X-Sum: 1\r\n\r\n' });
    expect(rest).toBe(5);
  });
});

test('a head goes out in the same write as the first bytes of its body', () => {
  for (const [source, sink] of [
    ['length', 'raw'],
    ['chunked', 'chunked'],
    ['chunked', 'raw'],
    ['close', 'chunked'],
    ['none', 'raw'],
  ] as const) {
    const connection = new FakeConnection();
    const bytes = source === 'chunked' ? chunked([latin1('hello')]) : latin1('hello');
    const headEnd = HEAD_AT + sendBuffer(0).write(HEAD, HEAD_AT, 'latin1');
    relay(source, sink, { length: 5 }).feed(bytes, 0, bytes.length, connection, headEnd);
    expect(connection.writes).toHaveLength(1);
    expect(connection.written.toString('latin1').startsWith(HEAD)).toBe(true);
  }
});

test('a big head, content and a big trailer section in one piece arrive unchanged', () => {
  for (const size of [65_530, 200_000, 500_000]) {
    const trailer = `X: ${'t'.repeat(size)}\r\n`;
    const head = `GET / HTTP/1.1\r\nX: ${'h'.repeat(60_000)}\r\n\r\n`;
    const body = relay('chunked', 'chunked', {
      trailerLimits: { startLine: 0, bytes: 1e6, fields: 10, strict: false },
    });
    const { written } = carry(body, chunked([latin1('content')], trailer), [], head);
    expect(written === `${head}7\r\ncontent\r\n0\r\n${trailer}\r\n`).toBe(true);
  }
});

test('thousands of tight trailer fields fit although each grows by a space', () => {
  const trailer = 'X:y\r\n'.repeat(5000);
  const content = Buffer.alloc(65_000, 0x61);
  const body = relay('chunked', 'chunked', {
    trailerLimits: { startLine: 0, bytes: 1e6, fields: 10_000, strict: false },
  });
  const { written } = carry(body, chunked([content], trailer), []);
  expect(unchunk(written.slice(HEAD.length)).trailer === `${'X: y\r\n'.repeat(5000)}\r\n`).toBe(true);
});

test('only the end of the connection ends what it delimits', () => {
  const sink = new FakeConnection();
  const incomplete = [relay('length', 'raw', { length: 5 }), relay('chunked', 'chunked')];
  for (const body of incomplete) {
    body.feed(latin1('3\r'), 0, 2, sink);
    expect(body.finish(sink)).toBe(false);
  }
  expect(relay('close', 'raw').finish(sink)).toBe(true);
});

test('one byte more than allowed is too big, and nothing completes it', () => {
  for (const source of ['length', 'chunked', 'close'] as const) {
    for (const cuts of [[], everywhere] as const) {
      const content = latin1('0123456789');
      const bytes = source === 'chunked' ? chunked([content]) : content;
      const fits = relay(source, source === 'length' ? 'raw' : 'chunked', { length: 10, maxBody: 10 });
      expect(carry(fits, bytes, cuts).content).toBe(10);
      const sink = new FakeConnection();
      const tooBig = relay(source, source === 'length' ? 'raw' : 'chunked', { length: 10, maxBody: 9 });
      expect(() => eachPiece(bytes, cuts, (piece, start, end) => (tooBig.feed(piece, start, end, sink), true))).toThrow(
        BodyTooBig,
      );
      expect(tooBig.complete).toBe(false);
      expect(sink.written.toString('latin1')).not.toContain('0\r\n\r\n');
    }
  }
});

test('malformed chunks and trailers are chunk faults, and nothing completes them', () => {
  for (const text of [
    'x\r\n',
    '1\r\nab',
    '0\r\nX: \0\r\n\r\n',
    '0\r\n X: a\r\n\r\n',
    '0\r\nX\r\n\r\n',
    `0\r\n${'X: a\r\n'.repeat(201)}\r\n`,
    `0\r\nX: ${'a'.repeat(70_000)}`,
  ]) {
    for (const cuts of [[], [0.3, 0.6]]) {
      const sink = new FakeConnection();
      const body = relay('chunked', 'chunked');
      expect(
        () => eachPiece(latin1(text), cuts, (piece, start, end) => (body.feed(piece, start, end, sink), true)),
        text.slice(0, 20),
      ).toThrow(ChunkFault);
      expect(body.complete).toBe(false);
      expect(sink.written.toString('latin1')).not.toMatch(/(^|\n)0\r\n/);
    }
  }
});

test('no bytes make it throw anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), anyCuts, (bytes, cuts) => {
      try {
        carry(relay('chunked', 'chunked', { maxBody: 20 }), Buffer.from(bytes), cuts);
      } catch (error) {
        if (!(error instanceof ChunkFault) && !(error instanceof BodyTooBig)) throw error;
      }
    }),
  );
});

test('says when the sink does not keep up', () => {
  const sink = new FakeConnection();
  const body = relay('length', 'raw', { length: 10 });
  body.feed(latin1('01234'), 0, 5, sink);
  expect(body.full).toBe(false);
  sink.keepsUp = false;
  body.feed(latin1('56789'), 0, 5, sink);
  expect([body.full, body.complete]).toEqual([true, true]);
});

describe('what may go straight from the source to the sink', () => {
  const BULK = 200_000;

  test('is the rest of a bulky body with a length on both sides, but for its last byte', () => {
    const body = relay('length', 'raw', { length: BULK });
    const sink = new FakeConnection();
    body.writerTo(sink);
    expect(body.bulk).toBe(BULK - 1);
    body.feed(latin1('x'.repeat(1_000)), 0, 1_000, sink);
    expect(body.bulk).toBe(BULK - 1_001);
    body.reader.forwarded(BULK - 2_000, body.writerTo(sink));
    expect([body.complete, body.content]).toEqual([false, BULK - 1_000]);
    // Given up by the transport: the rest comes as usual, and what is behind it is not of this body.
    expect(body.feed(latin1('y'.repeat(1_500)), 0, 1_500, sink)).toBe(1_000);
    expect([body.complete, body.content, body.bulk]).toEqual([true, BULK, 0]);
  });

  test('is nothing of a body that is framed otherwise, is short, or whose sink is full', () => {
    expect(relay('chunked', 'chunked').bulk).toBe(0);
    expect(relay('close', 'raw').bulk).toBe(0);
    expect(relay('length', 'raw', { length: 1_000 }).bulk).toBe(0);
    const full = relay('length', 'raw', { length: BULK });
    full.writerTo(new FakeConnection()).full = true;
    expect(full.bulk).toBe(0);
  });
});
