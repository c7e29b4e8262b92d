import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { latin1, soup } from '../../test-support/bytes.ts';
import { forEachElement } from './list.ts';

test('gives the elements of a list, without white space around them and without empty ones', () => {
  fc.assert(
    fc.property(soup(',', ',', ' ', '\t', 'a', 'b c', '"', ';'), (bytes) => {
      const text = bytes.toString('latin1');
      const around = latin1(`,x${text}y,`);
      const found: string[] = [];
      forEachElement(around, 2, 2 + text.length, (start, end) => found.push(around.toString('latin1', start, end)));
      const expected = text.split(',').map((element) => element.replaceAll(/^[ \t]+|[ \t]+$/g, ''));
      expect(found).toEqual(expected.filter((element) => element !== ''));
    }),
  );
});
