import { byteByByte, pseudoRandom, type Split, whole } from '@inband/core';
import { isShortForm } from '../support/tiers/runs.ts';
import { type Case, expand, type Places } from './cases.ts';
import { isSlow, type Profile } from './settings.ts';
import type { VantageName } from './vantage.ts';

/** One way of running a case: how the proxy is configured, how the bytes arrive, what came before on the connection. */
export interface Variant {
  readonly name: string;
  /** Whether an ordinary request was served on the connection before. */
  readonly position: 'first' | 'second';
  readonly vantage: VantageName;
  readonly profile: Profile;
  readonly split: () => Split;
}

interface Arrival {
  readonly name: string;
  readonly split: () => Split;
}

const WHOLE: Arrival = { name: 'whole', split: () => whole };
const OCTET_BY_OCTET: Arrival = { name: 'byte by byte', split: () => byteByByte };
const SEEDS = [1, 22, 333];

function random(seed: number): Arrival {
  return { name: `random pieces, seed ${seed}`, split: () => pseudoRandom(seed) };
}

/** Pieces of 1 to 1024 bytes. */
function smallPieces(seed: number): Arrival {
  return {
    name: `pieces of up to 1 KiB, seed ${seed}`,
    split() {
      const pieces = pseudoRandom(seed);
      return (available) => pieces(Math.min(available, 1024));
    },
  };
}

const LARGE = 200_000;
const SHORT = 4096;
const ANYWHERE: Places = {
  host: 'origin.test:8080',
  hostname: 'origin.test',
  port: 8080,
  proxy: '127.0.0.1:50000',
  proxyPort: 50_000,
  via: 'inband',
};

/** Whether so much is sent that one byte at a time would take seconds. */
function isLoad(oneCase: Case): boolean {
  return oneCase.needs === 'load' || oneCase.timing?.readBytes !== undefined || lengthOf(oneCase) > LARGE;
}

const lengths = new WeakMap<Case, number>();

function lengthOf(oneCase: Case): number {
  const known = lengths.get(oneCase);
  if (known !== undefined) return known;
  const { length } = expand(oneCase.bytes, ANYWHERE);
  lengths.set(oneCase, length);
  return length;
}

function arrivals(oneCase: Case): Arrival[] {
  if (isLoad(oneCase)) return [WHOLE, smallPieces(4444), random(SEEDS[0]!)];
  return [WHOLE, OCTET_BY_OCTET, ...SEEDS.map(random)];
}

/** Whoever asks for strictness gets the outcome that `expect` names, however the bytes arrive. */
function strictArrivals(oneCase: Case): Arrival[] {
  const all = arrivals(oneCase);
  // The parser that decides is the same: where the outcome is the same too, one whole and one cut run show it.
  return oneCase.usual === undefined ? all.slice(0, 2) : all;
}

interface From {
  readonly position: 'first' | 'second';
  readonly vantage: VantageName;
  readonly profile: Profile;
}

function variant({ name, split }: Arrival, from: From): Variant {
  const client = from.vantage === 'loopback' ? '' : `, from a ${from.vantage} client`;
  const strict = from.profile === 'strict' ? ', strict' : '';
  return { name: `${name}, ${from.position} on the connection${client}${strict}`, ...from, split };
}

/** Every way in which a case is run in memory. */
export function variantsOf(oneCase: Case): Variant[] {
  const usual = arrivals(oneCase);
  const strict = strictArrivals(oneCase);
  return vantagesOf(oneCase).flatMap((vantage) => [
    ...usual.flatMap((arrival) => [
      variant(arrival, { position: 'first', vantage, profile: 'usual' }),
      variant(arrival, { position: 'second', vantage, profile: 'usual' }),
    ]),
    ...strict.map((arrival, index) =>
      variant(arrival, { position: index % 2 === 0 ? 'first' : 'second', vantage, profile: 'strict' }),
    ),
  ]);
}

/**
 * The variants for the fast tier: whole in the first position by the usual profile, and byte by byte in the second by the
 * strict one; in pieces where the profiles differ, or single bytes would be many. Of a load only the whole. In the short form
 * there is no load and nothing that waits for a timeout, and each case is run once: every second one, by its length, whole, the others in
 * pieces. Where the strict profile differs it is whole by the usual one, and in pieces by the strict one. Its client is at one of the
 * places from which it may come.
 */
export function fastVariantsOf(oneCase: Case): Variant[] {
  const [all, small, pieces] = arrivals(oneCase) as [Arrival, Arrival, Arrival];
  const isShort = lengthOf(oneCase) <= SHORT;
  const isCut = !isShort || oneCase.usual !== undefined;
  if (isShortForm && (isLoad(oneCase) || isSlow(oneCase))) return [];
  const vantages = isShortForm ? [shortVantageOf(oneCase)] : vantagesOf(oneCase);
  return vantages.flatMap((vantage) => {
    const first = variant(all, { position: 'first', vantage, profile: 'usual' });
    if (isLoad(oneCase)) return [first];
    if (isShortForm) {
      if (oneCase.usual !== undefined)
        return [first, variant(pieces, { position: 'first', vantage, profile: 'strict' })];
      return [lengthOf(oneCase) % 2 === 0 ? first : variant(pieces, { position: 'second', vantage, profile: 'usual' })];
    }
    const cut = isCut ? [variant(pieces, { position: 'second', vantage, profile: 'usual' })] : [];
    const single = isShort ? [variant(small, { position: 'second', vantage, profile: 'strict' })] : [];
    return [first, ...cut, ...single];
  });
}

/** The others, for the slow tier. */
export function slowVariantsOf(oneCase: Case): Variant[] {
  const fast = new Set(fastVariantsOf(oneCase).map(({ name }) => name));
  return variantsOf(oneCase).filter(({ name }) => !fast.has(name));
}

function vantagesOf({ needs }: Case): readonly VantageName[] {
  return needs === 'ssrf-policy' ? ['loopback', 'private', 'public'] : ['loopback'];
}

/** Of several, one after the other in turns, by the length of the case. */
function shortVantageOf(oneCase: Case): VantageName {
  const all = vantagesOf(oneCase);
  return all[lengthOf(oneCase) % all.length]!;
}

/** The ways in which a case is run over real sockets, where the kernel decides about pieces. */
export function onSockets(oneCase: Case): readonly Variant[] {
  const usual = { vantage: 'loopback', profile: 'usual' } as const;
  const strict: Variant[] =
    oneCase.usual === undefined ? [] : [variant(WHOLE, { position: 'first', vantage: 'loopback', profile: 'strict' })];
  return [variant(WHOLE, { position: 'first', ...usual }), variant(WHOLE, { position: 'second', ...usual }), ...strict];
}
