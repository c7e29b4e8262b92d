import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { perForm, runs } from '../../../../../test/support/tiers/runs.ts';
import { readResponse, roomy, type Outcome } from '../../../test-support/heads.ts';
import { anyCuts, everywhere, latin1, soup, type Cuts } from '../../../test-support/bytes.ts';
import { MendingReader } from './mending-reader.ts';
import { TrailerSection } from '../body/trailer.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

/** The same whole, byte by byte, and cut once anywhere; in the short form at every third place. */
function outcome(bytes: string): Outcome {
  const whole = readResponse(bytes);
  const all: Cuts[] = [everywhere];
  for (let at = 1; at < bytes.length; at += perForm(1, 3)) all.push([at / bytes.length]);
  for (const cuts of all) {
    const cut = readResponse(bytes, { cuts });
    // `expect` costs more than to read it.
    if (!isDeepStrictEqual(cut, whole)) expect(cut, JSON.stringify(bytes)).toEqual(whole);
  }
  return whole;
}

/** Mended with defaults, refused by `http.strict`. */
function mended(repaired: string, bytes: string, fields: readonly (readonly [string, string])[]) {
  expect(['fault', 'error'], JSON.stringify(bytes)).toContain(readResponse(bytes, { strict: true }).kind);
  const given = outcome(bytes);
  const head = { repaired: repaired.split(' '), fields };
  expect(given, JSON.stringify(bytes)).toMatchObject({ kind: 'complete', rest: 0, head });
  return expect((given as { head: unknown }).head);
}

function refused(fault: string, ...heads: string[]) {
  for (const bytes of heads) expect(outcome(bytes), JSON.stringify(bytes)).toEqual({ kind: 'fault', fault });
}

describe('without strictness', () => {
  test('LF counts as CRLF, in all lines or some', () => {
    const fields = [['A', 'b'], ['Content-Length', '2']] as const; // prettier-ignore
    mended('line-end', 'HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\n', fields).toMatchObject({ framing: 'length' });
    mended('line-end', 'HTTP/1.1 200 OK\nA: b\r\nContent-Length: 2\r\n\r\n', fields).toMatchObject({ reason: 'OK' });
    mended('line-end', `${OK}A: b\r\nContent-Length: 2\n\r\n`, fields);
    mended('line-end', `${OK}A: b\r\nContent-Length: 2\r\n\n`, fields);
    mended('line-end', 'HTTP/1.1 204\n\n', []).toMatchObject({ status: 204, reason: '' });
  });

  test('folded lines become one', () => {
    mended('fold', `${OK}A: b;\r\n  c;\r\n\td\r\nE: f\r\n\r\n`, [['A', 'b; c; d'], ['E', 'f']]); // prettier-ignore
    mended('fold', `${OK}A:\r\n b\r\n\r\n`, [['A', 'b']]);
    mended('fold', `${OK}A: b\r\n \r\n c: d\r\n\r\n`, [['A', 'b  c: d']]);
    mended('fold', `${OK}A: b\r\n \t \r\n\r\n`, [['A', 'b']]);
    mended('line-end fold', `${OK}A: b\n Content-Length: 5\n\n`, [['A', 'b Content-Length: 5']]);
  });

  test('white space before a colon is dropped', () => {
    mended('space-before-colon', `${OK}expires : 0\r\nA \t : b\r\n\r\n`, [['expires', '0'], ['A', 'b']]); // prettier-ignore
  });

  test('lines that are no field are dropped, with whatever is folded behind them', () => {
    const names = ['no colon', ': x', 'a b: x', 'a b :', 'X@: y', '\xe9: y', 'A\x01: y', '"A": y'];
    for (const line of names) {
      mended('dropped-line', `${OK}${line}\r\nC: d\r\n\r\n`, [['C', 'd']]);
      mended('dropped-line', `${OK}C: d\r\n${line}\r\n E: f\r\n\r\n`, [['C', 'd']]);
    }
    mended('dropped-line', `${OK}A\r\n : b\r\nC: d\r\n\r\n`, [['C', 'd']]);
    mended('dropped-line', `${OK}Transfer_Encoding: x\r\nContent_Length: 5\r\nX_A: b\r\n\r\n`, [['X_A', 'b']]);
  });

  test('white space behind the status line and what follows it are dropped (RFC 9112 section 2.2)', () => {
    mended('dropped-line', `${OK} A: b\r\n C: d\r\nE: f\r\n\r\n`, [['E', 'f']]);
    mended('dropped-line', `${OK} \r\n\r\n`, []);
  });

  test('control bytes in values and in the reason are mended', () => {
    mended('control-byte', `${OK}Set-Cookie: a=1\x01; b\x7f\x0bc\r\n\r\n`, [['Set-Cookie', 'a=1 ; b  c']]);
    mended('control-byte', 'HTTP/1.1 200 O\x1bK\r\n\r\n', []).toMatchObject({ reason: 'O K' });
  });

  test('an empty line or two before the status line are passed over', () => {
    mended('empty-line', `\r\n${OK}\r\n`, []).toMatchObject({ status: 200 });
    mended('line-end empty-line', `\n\r\n${OK}A: b\r\n\r\n`, [['A', 'b']]);
  });
});

describe('even without strictness', () => {
  test('NUL is refused, and so is CR without LF', () => {
    refused('line-end', 'HTTP/1.1 200 O\0K\n', 'HTTP/1.1 200 O\rK\n', 'HTTP/1.1 200 OK\r\r\n', '\r\rHTTP');
    refused('line-end', `${OK}A: b\r\r\n`, `${OK}A: b\rC: d\r\n`, `${OK}\r\r\n`, `${OK}A: b\n\rX`, `${OK}A\rB\n`);
    refused('field-value', `${OK}A: b\n\0`, `${OK}A: b\0\r\n`, `${OK}a b\0: c\r\n`);
  });

  test('control bytes in the version and the status are refused', () => {
    refused('line-end', 'HTTP/1.1\x01200 OK\r\n', 'HTTP/1.1 2\x0b0 OK\r\n', '\x15\x03\x03', '\n\x15\x03\x03');
  });

  test('a field that delimits the body is refused in any but its plain form', () => {
    for (const name of ['Content-Length', 'transfer-encoding']) {
      for (const line of [
        `${name} : 5`,
        `${name}\t: 5`,
        `${name}:\r\n 5`,
        `${name}: 5\r\n 5`,
        `${name}: 5\r\n `,
        `${name}: \x0b5`,
        `${name}\x0b: 5`,
        `${name}\xa0: 5`,
        `"${name}": 5`,
        `(${name}: 5`,
        `${name} 5`,
        name,
        `${name}\r\n : 5`,
        `A b: c\r\nA: b\r\n${name} : 5`,
      ]) {
        refused('framing-field', `${OK}${line}\r\nA: b`);
      }
      refused('framing-field', `${OK} ${name}: 5\r\nA: b`);
    }
  });

  test('so is one with up to two bytes in its name that others stood for, and no other line', () => {
    const damaged = [
      'Content-L@ngth: 5',
      'Content Length: 5',
      'Transfer\x1bEncoding: chunked',
      '\xc3ransfer-Encoding: x',
      'C\xc3\xb6ntent-Length: 5',
    ];
    // A byte is missing, too many are damaged, or it is another name.
    const others = [
      'Content-L\x01\x02\x03th: 5',
      'E\x1bTag: "a"',
      'Content-Le@gt: 5',
      'Content-Enco]ding: x',
      '@'.repeat(20),
    ];
    for (const line of damaged) refused('framing-field', `${OK}${line}\r\nA: b`);
    for (const line of others)
      mended('dropped-line', `${OK}${line}\r\nA: b\r\nContent-Length: 2\r\n\r\n`, [
        ['A', 'b'],
        ['Content-Length', '2'],
      ]);
  });

  test('a status line that is none is refused', () => {
    for (const line of ['SSH-2.0-x', 'HTTP/1.1  200 OK', 'HTTP/2 200', '200 OK', '<html>', ' HTTP/1.1 200 OK'])
      expect(outcome(`\r\n${line}\nA: b`), line).toMatchObject({ kind: 'error', status: 502 });
  });
});

describe('limits are met exactly, however the head has to be mended', () => {
  const both = (bytes: string, limits: object): string[] =>
    ([[], everywhere] as const).map((cuts) => {
      const given = readResponse(bytes, { cuts, limits: { ...roomy, ...limits } });
      return given.kind === 'fault' ? given.fault : given.kind;
    });

  test('of the head', () => {
    const head = '\nHTTP/1.1 200 OK\nA: b\nno field\n c\nD: e\n\n';
    expect(both(head, { bytes: head.length })).toEqual(['complete', 'complete']);
    expect(both(`${head}body`, { bytes: head.length })).toEqual(['complete', 'complete']);
    for (let less = 1; less < 10; less += 1)
      expect(both(head, { bytes: head.length - less })).toEqual(['head-too-big', 'head-too-big']);
    expect(both(head.slice(0, -1), { bytes: head.length - 1 })).toEqual(['more', 'more']);
  });

  test('of the fields, dropped ones among them', () => {
    const head = `${OK}A: b\nno field\nC: d\n e\n\n`;
    expect(both(head, { fields: 3 })).toEqual(['complete', 'complete']);
    expect(both(head, { fields: 2 })).toEqual(['too-many-fields', 'too-many-fields']);
  });

  test('of the status line', () => {
    expect(both('\nHTTP/1.1 200 OK\n\n', { startLine: 15 })).toEqual(['complete', 'complete']);
    expect(both('\nHTTP/1.1 200 OK\n\n', { startLine: 14 })).toEqual(['start-line-too-long', 'start-line-too-long']);
  });

  test('of a name', () => {
    expect(both(`${OK}A: b\n${'n'.repeat(255)}: c\n\n`, {})).toEqual(['complete', 'complete']);
    expect(both(`${OK}A: b\n${'n'.repeat(256)}: c\n\n`, {})).toEqual(['field-name-too-long', 'field-name-too-long']);
  });

  test('of what LF becomes', () => {
    const head = `HTTP/1.1 200 OK\n${'A:\n'.repeat(100)}\n`;
    expect(both(head, { bytes: head.length })).toEqual(['complete', 'complete']);
  });
});

test('the next head on the same reader is read as if there had been none', () => {
  const reader = new MendingReader(new TrailerSection(), 'trailer');
  const read = (text: string): number => {
    reader.begin(roomy);
    const bytes = latin1(text);
    return reader.read(bytes, 0, bytes.length);
  };
  expect(read('A: b\n\n')).toBe(6);
  expect(reader.head.repairs).not.toBe(0);
  expect(read('C: d\r\n\r\nmore')).toBe(8);
  expect([reader.head.repairs, reader.head.name(0)]).toEqual([0, 'C']);
  expect(read('A: b\r\n\0')).toBe(-1);
  expect(reader.head.fault).toBe('field-value');
});

describe('whatever comes', () => {
  const bits = soup(
    OK,
    'HTTP/1.1 200 ',
    'A: b\r\n',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'X',
    '-',
    '_',
    ':',
    ' ',
    '\t',
    '\r\n',
    '\r\n',
    '\n',
    '\n',
    '\r',
    '\0',
    '\x01',
    '\xff',
    ',',
  );
  const verdict = (bytes: Buffer, cuts: Cuts = [], strict = false): Outcome => readResponse(bytes, { cuts, strict });

  test('the verdict and what is understood do not depend on how it arrives', () => {
    fc.assert(
      fc.property(fc.boolean(), bits, anyCuts, (begun, soupy, cuts) => {
        const bytes = begun ? Buffer.concat([latin1(OK), soupy]) : soupy;
        const whole = verdict(bytes);
        expect(verdict(bytes, cuts)).toEqual(whole);
        expect(verdict(bytes, everywhere)).toEqual(whole);
      }),
      { numRuns: runs(3000) },
    );
  });

  test('what strictness understands is understood the same without it, and nothing of it was mended', () => {
    fc.assert(
      fc.property(bits, (soupy) => {
        const bytes = Buffer.concat([latin1(OK), soupy]);
        const strict = verdict(bytes, [], true);
        if (strict.kind === 'complete') expect(verdict(bytes)).toEqual(strict);
      }),
      { numRuns: runs(3000) },
    );
  });
});
