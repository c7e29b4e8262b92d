import { type Balance, TWO_CHOICES_FROM } from './balance-options.ts';

/** Why a server of so many is the one that is chosen, in a clause. */
export function whyPicked(balance: Balance = 'p2c', servers: number): string {
  if (typeof balance === 'object') return `by the hash of ${balance.hash}`;
  return REASONS[balance === 'p2c' && servers < TWO_CHOICES_FROM ? 'least-connections' : balance];
}

const REASONS: Readonly<Record<Exclude<Balance, object>, string>> = {
  p2c: 'the one with fewer sessions of two that were drawn by weight',
  'round-robin': 'each has its turn, by weight',
  'least-connections': 'the one with the fewest sessions by weight',
  latency: 'the one with the shorter expected wait of two that were drawn by weight',
  random: 'drawn by weight',
};
