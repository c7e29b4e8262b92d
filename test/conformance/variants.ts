import { octetByOctet, pseudoRandom, type Split, whole } from '@inband/core';
import { type Case, expand, type Places } from './cases.ts';
import type { VantageName } from './vantage.ts';

/** One way of running a case: how the octets arrive, and what came before on the connection. */
export interface Variant {
  readonly name: string;
  /** Whether an ordinary request was served on the connection before. */
  readonly position: 'first' | 'second';
  readonly vantage: VantageName;
  readonly split: () => Split;
}

interface Arrival {
  readonly name: string;
  readonly split: () => Split;
}

const WHOLE: Arrival = { name: 'whole', split: () => whole };
const OCTET_BY_OCTET: Arrival = { name: 'octet by octet', split: () => octetByOctet };
const SEEDS = [1, 22, 333];

function random(seed: number): Arrival {
  return { name: `random pieces, seed ${seed}`, split: () => pseudoRandom(seed) };
}

/** Pieces of 1 to 1024 octets: for so many octets that one at a time would take seconds. */
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
const ANYWHERE: Places = {
  host: 'origin.test:8080',
  hostname: 'origin.test',
  port: 8080,
  proxy: '127.0.0.1:50000',
  proxyPort: 50_000,
  via: 'inband',
};

function arrivals(oneCase: Case): Arrival[] {
  const isLarge = expand(oneCase.bytes, ANYWHERE).length > LARGE || oneCase.timing?.readBytes !== undefined;
  if (isLarge || oneCase.needs === 'load') return [WHOLE, smallPieces(4444), random(SEEDS[0]!)];
  return [WHOLE, OCTET_BY_OCTET, ...SEEDS.map(random)];
}

function variant({ name, split }: Arrival, position: 'first' | 'second', vantage: VantageName): Variant {
  const from = vantage === 'loopback' ? '' : `, from a ${vantage} client`;
  return { name: `${name}, ${position} on the connection${from}`, position, vantage, split };
}

/** Every way in which a case is run in memory. */
export function variantsOf(oneCase: Case): Variant[] {
  const vantages: VantageName[] = oneCase.needs === 'ssrf-policy' ? ['loopback', 'private', 'public'] : ['loopback'];
  return vantages.flatMap((vantage) =>
    arrivals(oneCase).flatMap((arrival) => [variant(arrival, 'first', vantage), variant(arrival, 'second', vantage)]),
  );
}

/** The ways in which a case is run over real sockets, where the kernel decides about pieces. */
export const ON_SOCKETS: readonly Variant[] = [
  variant(WHOLE, 'first', 'loopback'),
  variant(WHOLE, 'second', 'loopback'),
];
