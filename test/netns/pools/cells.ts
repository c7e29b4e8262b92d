import type { Asks } from './ask.ts';

export const FAULTS = [
  'refuses',
  'drops packets',
  'accepts and resets',
  'accepts and is silent',
  'answers 503',
  'answers slowly',
  'loses its name',
] as const;

export type Fault = (typeof FAULTS)[number];

export const REQUESTS = ['GET', 'POST', 'CONNECT'] as const satisfies readonly Asks[];

/** One combination: what is wrong with how many of three servers, and what clients ask. */
export interface Cell {
  readonly fault: Fault;
  readonly dead: 1 | 2 | 3;
  readonly asks: Asks;
}

/** What clients saw in a cell. */
export interface Seen extends Cell {
  /** What they saw until the servers were found out, each once, in the order in which it came. */
  readonly first: readonly string[];
  /** The same, from then on. */
  readonly later: readonly string[];
  /** Requests from then on that a server that is not well was asked. */
  readonly wasted: number;
  /** What they saw when the servers were well again, and how many servers answered. */
  readonly healed: readonly string[];
  readonly serversAgain: number;
}

/** Every cell, or those of one kind of request. */
export function cells(asks: readonly Asks[] = REQUESTS, dead: readonly Cell['dead'][] = [1, 2, 3]): Cell[] {
  return FAULTS.flatMap((fault) => dead.flatMap((count) => asks.map((kind) => ({ fault, dead: count, asks: kind }))));
}
