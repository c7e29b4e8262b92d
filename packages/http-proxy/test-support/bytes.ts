import * as fc from 'fast-check';

export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Arbitrary cuts of bytes into pieces, as fractions of the whole. */
export const anyCuts: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.constant([]),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
);

/** Cuts that make every byte a piece. */
export const everywhere = 'everywhere';
export type Cuts = readonly number[] | typeof everywhere;

/**
 * Passes the pieces of `bytes` to `take`, one after the other, until it returns false. Each piece lies within a buffer of its own, which is
 * overwritten after the call, because a transport reuses its buffer too.
 */
export function eachPiece(
  bytes: Buffer,
  cuts: Cuts,
  take: (bytes: Buffer, start: number, end: number) => boolean,
): void {
  const places =
    cuts === everywhere
      ? bytes.keys().toArray().slice(1)
      : cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (to <= from) continue;
    const margin = 1 + (to % 7);
    const memory = Buffer.alloc(margin + (to - from) + 5, 0x21);
    bytes.copy(memory, margin, from, to);
    const goOn = take(memory, margin, margin + (to - from));
    memory.fill(0xaa);
    if (!goOn) return;
    from = to;
  }
}

/** Arbitrary bytes made of valid and invalid tokens in any order. */
export function soup(...pieces: string[]): fc.Arbitrary<Buffer> {
  return fc.array(fc.constantFrom(...pieces), { maxLength: 24 }).map((chosen) => latin1(chosen.join('')));
}
