import * as fc from 'fast-check';

export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Where to cut bytes into pieces: any places, as fractions of the whole. */
export const anyCuts: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.constant([]),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
);

/** Every byte a piece of its own. */
export const everywhere = 'everywhere';
export type Cuts = readonly number[] | typeof everywhere;

/**
 * The pieces of `bytes`, each in memory of its own that begins and ends with something else. `take` gets them one after the other until it returns
 * false; the memory is scribbled over as soon as it returns, as a transport does.
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

/** Bytes made of pieces of what a parser looks for, good and bad, in any order. */
export function soup(...pieces: string[]): fc.Arbitrary<Buffer> {
  return fc.array(fc.constantFrom(...pieces), { maxLength: 24 }).map((chosen) => latin1(chosen.join('')));
}
