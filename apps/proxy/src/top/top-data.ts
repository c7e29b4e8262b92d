import type { Pools, Sessions, Stats } from '@inband/admin';

/** What the view shows. */
export interface TopData {
  readonly stats: Stats;
  readonly pools: Pools;
  readonly sessions: Sessions;
}

/** By what sessions are sorted, by the key that asks for it. */
export const SORTS = { a: 'seconds', b: 'bytes', c: 'client', t: 'target' } as const;
export type TopSort = (typeof SORTS)[keyof typeof SORTS];

/** How sessions are sorted. */
export interface TopOrder {
  readonly sort: TopSort;
  /** The smallest first. */
  readonly isReversed: boolean;
}

/** The query of the sessions that are shown. */
export function sessionsPath({ sort, isReversed }: TopOrder, limit: number): string {
  // Names are read from A to Z, and numbers from the largest on.
  const isText = sort === 'client' || sort === 'target';
  const order = isText === isReversed ? 'desc' : 'asc';
  return `/sessions?sort=${sort}&order=${order}&limit=${limit}`;
}
