import * as fc from 'fast-check';

/**
 * Any text of whole code points, those included that nobody sees. `fc.string({ unit: 'binary' })` gives the same, but makes a
 * table of all of Unicode first, which takes longer than the tests that use it.
 */
export function unicodeText(maxLength?: number): fc.Arbitrary<string> {
  const codePoint = fc.oneof(
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  );
  const constraints = maxLength === undefined ? {} : { maxLength };
  return fc.array(codePoint, constraints).map((points) => String.fromCodePoint(...points));
}
