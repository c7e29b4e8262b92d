import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unicodeText } from '../../../../test/support/unicode-text.ts';
import { LineBuffer, bytesOf } from './line-buffer.ts';

function written(write: (buffer: LineBuffer) => void): string {
  const buffer = new LineBuffer();
  write(buffer);
  return buffer.take().toString();
}

describe('a line buffer', () => {
  test('writes any text as JSON does, also beyond its room', () => {
    const anyText = fc.oneof(
      unicodeText(300),
      fc.string({ maxLength: 300 }),
      fc.constantFrom('', '"', 'é', '\ud800', '\u0085', 'x'.repeat(100_000), `${'x'.repeat(200)}"`),
    );
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 8 }), (texts) => {
        const line = written((buffer) => {
          for (const text of texts) {
            buffer.quoted(text);
            buffer.text(',');
          }
        });
        expect(JSON.parse(`[${line.slice(0, -1)}]`)).toEqual(texts);
        // oxlint-disable-next-line no-control-regex -- controls are what this is about
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
      }),
    );
  });

  test('writes whole numbers as they are', () => {
    const numbers = fc.oneof(
      fc.integer(),
      fc.maxSafeInteger(),
      fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31),
    );
    fc.assert(
      fc.property(numbers, (number) => {
        expect(written((buffer) => buffer.integer(number))).toBe(String(number));
      }),
    );
  });

  test('writes durations to a hundredth, without noughts at their ends', () => {
    const durations = fc.oneof(
      fc.double({ min: -1, max: 1e9, noNaN: true }),
      fc.constantFrom(0, 0.004, 0.005, 0.1, 1.1, 1.099, 1e7, 2.1e7, 3e9),
    );
    fc.assert(
      fc.property(durations, (duration) => {
        const text = written((buffer) => buffer.hundredths(duration));
        expect(text).toBe(JSON.stringify(Math.round(duration * 100) / 100));
      }),
    );
  });

  test('hands over what is in it, little or much, and never writes to that again', () => {
    const buffer = new LineBuffer();
    const texts = ['short', 'long '.repeat(30_000), 'after', 'é'.repeat(50_000)];
    const taken = texts.map((text) => {
      buffer.piece(bytesOf(text));
      return buffer.take();
    });
    buffer.text('x'.repeat(200_000));
    expect(taken.map(String)).toEqual(texts);
  });

  test('forgets what came behind a length that it is set back to', () => {
    const text = written((buffer) => {
      buffer.text('whole\n');
      const { length } = buffer;
      buffer.text('half a li');
      buffer.length = length;
      buffer.text('next\n');
    });
    expect(text).toBe('whole\nnext\n');
  });
});
