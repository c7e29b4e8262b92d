import type { Balance } from './balance-options.ts';

/** Why a server is the one that is chosen, in a clause. */
export function whyPicked(balance: Balance = 'p2c'): string {
  return typeof balance === 'object' ? `by the hash of ${balance.hash}` : REASONS[balance];
}

const REASONS: Readonly<Record<Exclude<Balance, object>, string>> = {
  p2c: 'the one with fewer sessions of two that were drawn by weight',
  'round-robin': 'each has its turn, by weight',
  'least-connections': 'the one with the fewest sessions by weight',
  latency: 'the one with the shorter expected wait of two that were drawn by weight',
  random: 'drawn by weight',
};
