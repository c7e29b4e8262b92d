import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IndexedHeap } from './indexed-heap.ts';

test('the least allowed element is the least of those that are allowed, whatever moved before', () => {
  const move = fc.record({ element: fc.nat(19), to: fc.nat(50) });
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }),
      fc.array(move),
      fc.nat(0xfffff),
      (values, moves, mask) => {
        const elements = values.map((value, index) => ({ value, index, place: -1 }));
        const heap = new IndexedHeap<{ value: number; index: number; place: number }>(
          (one, other) => one.value < other.value,
        );
        for (const element of elements) heap.add(element);
        for (const { element, to } of moves) {
          const moving = elements[element % elements.length];
          if (moving === undefined) continue;
          moving.value = to;
          heap.moved(moving);
        }
        const isAllowed = ({ index }: { index: number }): boolean => (mask & (1 << index)) !== 0;
        const allowed = elements.filter(isAllowed).map(({ value }) => value);
        expect(heap.leastAllowed(isAllowed)?.value).toBe(allowed.length === 0 ? undefined : Math.min(...allowed));
      },
    ),
  );
});
