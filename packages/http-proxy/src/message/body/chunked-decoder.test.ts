import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { perForm } from '../../../../../test/support/tiers/runs.ts';
import { anyCuts, everywhere, latin1, soup } from '../../../test-support/bytes.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { decodeChunks as decode, type Decoded } from '../../../test-support/chunks.ts';

/** RFC 9112 section 7.1, without white space, as a regular expression. */
const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const value = `(?:${token}|"(?:\\\\[\\t -~\\x80-\\xff]|[\\t !#-\\[\\]-~\\x80-\\xff])*")`;
const sizeLine = new RegExp(`^(0{0,8}[0-9a-fA-F]{1,8})(?:;${token}(?:=${value})?)*\\r\\n`);

function model(text: string): Decoded | undefined {
  let at = 0;
  let content = '';
  for (;;) {
    const line = sizeLine.exec(text.slice(at));
    if (line === null) return undefined;
    const size = Number.parseInt(line[1]!, 16);
    at += line[0].length;
    if (size === 0) return { content, end: 'last', rest: text.length - at };
    content += text.slice(at, at + size);
    at += size;
    if (text.slice(at, at + 2) !== '\r\n') return undefined;
    at += 2;
  }
}

const bits = soup(
  '0',
  '1',
  '3',
  'a',
  'F',
  '10',
  '\r\n',
  '\r\n',
  '\r',
  '\n',
  ';',
  ';a',
  '=',
  '="',
  '"',
  '\\',
  ' ',
  '\t',
  'xyz',
  '0\r\n',
  '1\r\nA\r\n',
  '3;x\r\nabc\r\n',
  '\0',
);

test('agrees with a grammar on every text of chunk-like pieces, however it is cut', () => {
  fc.assert(
    fc.property(bits, anyCuts, (bytes, cuts) => {
      const whole = decode(bytes);
      const expected = model(bytes.toString('latin1'));
      if (expected === undefined) expect(whole.end).not.toBe('last');
      else expect(whole).toEqual(expected);
      expect(decode(bytes, cuts)).toEqual(whole);
      expect(decode(bytes, everywhere)).toEqual(whole);
    }),
    { numRuns: perForm(5000, 150) },
  );
});

test('gives back whatever was put into chunks, and leaves what follows', () => {
  const chunks = fc.array(
    fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom('', ';a', ';a=b', ';a="x;\\"\r"'.replace('\r', ' ')),
    ),
  );
  fc.assert(
    fc.property(chunks, anyCuts, fc.nat(20), (list, cuts, rest) => {
      const parts = list.flatMap(([data, extension]) => [
        latin1(`${data.length.toString(16)}${extension}\r\n`),
        Buffer.from(data),
        latin1('\r\n'),
      ]);
      const content = Buffer.concat(list.map(([data]) => data)).toString('latin1');
      expect(decode(Buffer.concat([...parts, latin1('0\r\n'), Buffer.alloc(rest)]), cuts)).toEqual({
        content,
        end: 'last',
        rest,
      });
    }),
  );
});

describe('a body that breaks the grammar', () => {
  const bad = ['\r\n', ' 1\r\n', '1 \r\n', '1\t\r\n', '+1\r\n', '-1\r\n', '0x1\r\n', '1\n', '1\r\r\n', '1\r\nab\r\n', '1\r\na\n', '1\r\na\r\r', 'g\r\n', ';a\r\n', '1;\r\n', '1;=a\r\n', '1;a=\r\n', '1; a\r\n', '1;a =b\r\n', '1;a="\n"\r\n', '1;a="b"c\r\n', '1;a="\x7f"\r\n', '1,a\r\n', '100000000\r\n', '00000000000000001\r\n']; // prettier-ignore
  for (const text of bad)
    test(`is refused: ${JSON.stringify(text)}`, () => expect(decode(latin1(text)).end).toBe('fault'));

  test('is refused when its extensions have no end', () => {
    const chunk = `1;a=${'b'.repeat(1000)}\r\nx\r\n`;
    expect(decode(latin1(chunk.repeat(16))).end).toBe('more');
    expect(decode(latin1(chunk.repeat(17))).end).toBe('fault');
  });
});

describe('of a server', () => {
  const tolerant = (text: string): Decoded => {
    const bytes = latin1(text);
    const whole = decode(bytes, [], true);
    for (let at = 1; at < bytes.length; at += 1)
      expect(decode(bytes, [at / bytes.length], true), JSON.stringify(text)).toEqual(whole);
    expect(decode(bytes, everywhere, true), JSON.stringify(text)).toEqual(whole);
    return whole;
  };

  test('LF, blanks around a size and extensions of any kind are mended', () => {
    const mended: readonly (readonly [line: string, repaired: string])[] = [
      ['2\n', 'line-end'],
      ['2;a=b\n', 'line-end'],
      [' \t2\r\n', 'chunk-line'],
      ['2 \t \r\n', 'chunk-line'],
      ['2 \n', 'line-end chunk-line'],
      ['2 ;a\r\n', 'chunk-line'],
      ['2; a = b\r\n', 'chunk-line'],
      ['2;\r\n', 'chunk-line'],
      ['2;=;;a\xff{}\r\n', 'chunk-line'],
      ['2;a="b\\""c "d;" ;\r\n', 'chunk-line'],
      ['2;a b="c"\n', 'line-end chunk-line'],
      ['00000002   \r\n', 'chunk-line'],
    ];
    for (const [line, repaired] of mended) {
      const names = repaired.split(' ');
      expect(tolerant(`${line}ok\r\n0\r\n\r\n`)).toEqual({ content: 'ok', end: 'last', rest: 2, repaired: names });
      expect(decode(latin1(`${line}ok\r\n0\r\n\r\n`)).end, JSON.stringify(line)).toBe('fault');
    }
    expect(tolerant('2\r\nok\n0\n\n')).toEqual({ content: 'ok', end: 'last', rest: 1, repaired: ['line-end'] });
    expect(tolerant('2\r\nok\r\n0;a="b\\"\t"\r\n\r\n')).toEqual({ content: 'ok', end: 'last', rest: 2 });
  });

  test('a size that is none, an open quotation, a control byte and a chunk without its end are refused', () => {
    const bad = ['\r\n', ' \r\n', '\n', '+2\r\n', '-2\r\n', '0x2\r\n', '2h\r\n', '2 2\r\n', '2,\r\n', '2\r\r\n', '2 \r\r\n', '2\rok', '\x0b2\r\n', '2\x0b\r\n', '2\0\r\n', ';2\r\n', '2;\0\r\n', '2;\x01\r\n', '2; a\r;\n', '2;a="\r\n', '2; "\n', '2; "\\"\n', '100000000 \r\n', '00000000000000002 \r\n', '2\r\nok \r\n', '2\r\noka', '2\r\nok\r\r\n', '2\r\nok\r0\r\n', '2\nok\n\n']; // prettier-ignore
    for (const text of bad) expect(tolerant(text).end, JSON.stringify(text)).toBe('fault');
  });

  test('blanks without end are refused', () => {
    expect(tolerant(`2${' '.repeat(100)}\r\nok\r\n`).end).toBe('more');
    for (const text of [`${' '.repeat(17_000)}2\r\n`, `2${' '.repeat(17_000)}\r\n`])
      expect(decode(latin1(text), everywhere, true).end).toBe('fault');
  });

  test('every size may be padded or have an extension, in a body of any length', () => {
    for (const line of ['1       \r\n', '1;at="12:00"\r\n'])
      expect(decode(latin1(`${`${line}x\r\n`.repeat(10_000)}0\r\n`), [], true)).toMatchObject({ end: 'last' });
    const long = `1;a=${'b'.repeat(20_000)}\r\nx\r\n`;
    expect(decode(latin1(long), [], true).end).toBe('fault');
  });

  test('what strictness takes is taken the same, and the verdict does not depend on how it arrives', () => {
    fc.assert(
      fc.property(bits, anyCuts, (bytes, cuts) => {
        const whole = decode(bytes, [], true);
        expect(decode(bytes, cuts, true)).toEqual(whole);
        expect(decode(bytes, everywhere, true)).toEqual(whole);
        const strict = decode(bytes);
        if (strict.end !== 'fault') expect(whole).toEqual(strict);
      }),
      { numRuns: perForm(5000, 150) },
    );
  });
});

test('the largest size is 2^32-1, leading zeros up to 16 digits in all', () => {
  const decoder = new ChunkedDecoder();
  const size = latin1('00000000ffffffff\r\n');
  expect(decoder.advance(size, 0, size.length)).toBe(size.length);
  expect(decoder.left).toBe(2 ** 32 - 1);
});
