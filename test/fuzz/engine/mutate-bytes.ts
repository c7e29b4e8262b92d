import type { Random } from '../../differential/inputs/random.ts';

const CHANGES = [
  'insert',
  'delete',
  'replace',
  'flip',
  'repeat',
  'splice',
  'word',
  'word',
  'word',
  'number',
  'swap',
] as const;
const MOST_CHANGES = 5;

/** Changes an input a few times. `words` and `other` are what it may get from elsewhere. */
export function mutateBytes(
  input: Buffer,
  other: Buffer,
  words: readonly Buffer[],
  longest: number,
  random: Random,
): Buffer {
  let bytes = input;
  for (let left = 1 + random.below(MOST_CHANGES); left > 0; left -= 1) bytes = change(bytes, other, words, random);
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes;
}

function change(bytes: Buffer, other: Buffer, words: readonly Buffer[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.chance(0.2) ? 64 : 6));
  const replaced = (piece: Buffer, to: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(to)]);
  switch (random.pick(CHANGES)) {
    case 'insert':
      return replaced(Buffer.from([random.below(256)]), at);
    case 'delete':
      return replaced(Buffer.alloc(0), end);
    case 'replace':
      return replaced(Buffer.from([random.below(256)]), Math.min(bytes.length, at + 1));
    case 'flip':
      return replaced(Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]), Math.min(bytes.length, at + 1));
    case 'repeat':
      return replaced(bytes.subarray(at, end), at);
    case 'splice': {
      const from = random.below(other.length + 1);
      return replaced(other.subarray(from, from + random.below(64)), random.chance(0.5) ? at : end);
    }
    case 'word':
      return replaced(random.pick(words), random.chance(0.5) ? at : end);
    case 'number':
      return replaced(Buffer.from(String(random.below(random.chance(0.5) ? 12 : 70_000))), end);
    case 'swap':
      return Buffer.concat([bytes.subarray(end), bytes.subarray(at, end), bytes.subarray(0, at)]);
  }
}
