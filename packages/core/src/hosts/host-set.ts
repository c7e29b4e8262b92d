/** What an entry of a {@link HostSet} matches: the host itself, every host below it, or both. */
export const ITSELF = 1;
export const BELOW = 2;

/** RFC 1035 section 2.3.4. */
export const LONGEST_ENTRY = 253;

const DOT = 46;
/** Bytes in front of the name of an entry: its length, and what it matches. */
const HEAD = 2;
/** The entries that are put into the table in one event-loop iteration. */
const BATCH = 4096;
/** The bytes that are copied in one. */
const COPIED = 2 ** 20;

/**
 * A set of hosts in two buffers, for lists of millions: about 30 bytes for a name of 20. `#bytes` has the entries one behind the
 * other, `#slots` is an open-addressing hash table of their places (plus 1, because 0 is an empty slot). Names are hashed from
 * their end, so one pass over a host meets the hash of every suffix of it. What is found is compared byte by byte.
 */
export class HostSet {
  readonly #bytes: Uint8Array;
  readonly #slots: Uint32Array;
  readonly #hash: SeededHash;
  #visited = 0;
  /** The number of different hosts in it. */
  readonly size: number;

  /** Use {@link HostSetBuilder}. */
  constructor(bytes: Uint8Array, slots: Uint32Array, hash: SeededHash, size: number) {
    this.#bytes = bytes;
    this.#slots = slots;
    this.#hash = hash;
    this.size = size;
  }

  /** Bytes of memory that it takes. */
  get byteLength(): number {
    return this.#bytes.buffer.byteLength + this.#slots.buffer.byteLength;
  }

  /** The slots that look-ups have visited so far, which are what the cost of a look-up consists of. */
  get visited(): number {
    return this.#visited;
  }

  /** Whether it has a host, as `foldHost` returns it, or a domain that the host is below. Nothing is below an address. */
  has(host: string, isAddress: boolean): boolean {
    const { seed, multiplier } = this.#hash;
    let hash = seed;
    for (let at = host.length - 1; at >= 0; at -= 1) {
      const code = host.charCodeAt(at);
      // At index 0 nothing stands before the dot.
      if (code === DOT && at > 0 && !isAddress && this.#matches(hash, host, at + 1, BELOW)) return true;
      hash = mix(hash, code, multiplier);
    }
    return this.#matches(hash, host, 0, ITSELF);
  }

  #matches(hash: number, host: string, start: number, wanted: number): boolean {
    const mask = this.#slots.length - 1;
    for (let slot = finish(hash) & mask; ; slot = (slot + 1) & mask) {
      this.#visited += 1;
      const place = this.#slots[slot]!;
      if (place === 0) return false;
      if (this.#isAt(place - 1, host, start)) return (this.#bytes[place]! & wanted) !== 0;
    }
  }

  #isAt(place: number, host: string, start: number): boolean {
    const length = this.#bytes[place]!;
    if (length !== host.length - start) return false;
    const name = place + HEAD;
    for (let index = 0; index < length; index += 1) {
      if (this.#bytes[name + index] !== host.charCodeAt(start + index)) return false;
    }
    return true;
  }
}

/** Collects the entries of a {@link HostSet}. */
export class HostSetBuilder {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  #count = 0;

  /** `bytes`: about how many bytes all names together will have. More are possible. */
  constructor(bytes = 4096) {
    this.#bytes = new Uint8Array(Math.max(bytes, 4096));
  }

  /** Adds a name of ASCII letters in lower case, or an address, of {@link LONGEST_ENTRY} characters at most. */
  add(name: string, matches: number): void {
    const { length } = name;
    const end = this.#length + HEAD + length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes[this.#length] = length;
    this.#bytes[this.#length + 1] = matches;
    const start = this.#length + HEAD;
    for (let index = 0; index < length; index += 1) this.#bytes[start + index] = name.charCodeAt(index);
    this.#length = end;
    this.#count += 1;
  }

  /** Makes the set. Yields after each batch of entries, so that the event loop can continue. The builder cannot be used again. */
  *build(): Generator<void, HostSet> {
    const bytes = new Uint8Array(this.#length);
    // In pieces, because a copy of a large buffer at once would hold up the event loop.
    for (let start = 0; start < bytes.length; start += COPIED) {
      bytes.set(this.#bytes.subarray(start, Math.min(start + COPIED, bytes.length)), start);
      yield;
    }
    this.#bytes = new Uint8Array(0);
    const slots = new Uint32Array(slotsFor(this.#count));
    const hash = randomHash();
    let size = 0;
    let untilYield = BATCH;
    for (let place = 0; place < bytes.length; place += HEAD + bytes[place]!) {
      if (insert(place, bytes, slots, hash)) size += 1;
      untilYield -= 1;
      if (untilYield > 0) continue;
      untilYield = BATCH;
      yield;
    }
    return new HostSet(bytes, slots, hash, size);
  }

  #grow(least: number): void {
    const larger = new Uint8Array(Math.max(least, Math.ceil(this.#bytes.length * 1.5)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** A power of two, so that two thirds of the slots are in use at most. */
function slotsFor(count: number): number {
  return 2 ** Math.max(3, Math.ceil(Math.log2(count * 1.5 + 1)));
}

/** Returns whether the entry is new. What a known one matches is added to that. */
function insert(place: number, bytes: Uint8Array, slots: Uint32Array, { seed, multiplier }: SeededHash): boolean {
  let hash = seed;
  for (let at = place + HEAD + bytes[place]! - 1; at >= place + HEAD; at -= 1) {
    hash = mix(hash, bytes[at]!, multiplier);
  }
  const mask = slots.length - 1;
  let slot = finish(hash) & mask;
  for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
    const other = slots[slot]! - 1;
    if (!isSameName(bytes, place, other)) continue;
    bytes[other + 1]! |= bytes[place + 1]!;
    return false;
  }
  slots[slot] = place + 1;
  return true;
}

function isSameName(bytes: Uint8Array, one: number, other: number): boolean {
  const length = bytes[one]!;
  if (bytes[other] !== length) return false;
  for (let index = HEAD; index < HEAD + length; index += 1) {
    if (bytes[one + index] !== bytes[other + index]) return false;
  }
  return true;
}

/** Random, because whoever writes a public list could otherwise choose names that all have one hash. */
interface SeededHash {
  readonly seed: number;
  /** Odd. */
  readonly multiplier: number;
}

function randomHash(): SeededHash {
  const [seed = 0, multiplier = 0] = crypto.getRandomValues(new Int32Array(2));
  return { seed, multiplier: multiplier | 1 };
}

function mix(hash: number, code: number, multiplier: number): number {
  const product = Math.imul(hash ^ code, multiplier);
  return product ^ (product >>> 15);
}

/** The last step of MurmurHash3, which spreads every bit over the low ones. */
function finish(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2_ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}
