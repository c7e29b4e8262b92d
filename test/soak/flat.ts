import type { SoakedState } from './soaked-proxy.ts';

export interface Flatness {
  /** MiB that the process had grown from the third tenth to the last. */
  readonly grown: number;
  /** Descriptors that were open when all clients had gone. */
  readonly left: number;
  readonly isFlat: boolean;
}

/** What a process may grow, which is not all by what it holds: MiB. */
const MOST_GROWN = 32;
/** Listeners, epoll, the PAC thread and such, which are there without clients. */
export const MOST_LEFT = 60;

/** Whether memory and descriptors are about as many at the end as they were when everything had been used once. */
export function isFlat(states: readonly SoakedState[], end: SoakedState): Flatness {
  const [from, to] = [states[2], states.at(-1)];
  const grown = Math.round(((to?.memory ?? 0) - (from?.memory ?? 0)) / 2 ** 20);
  return { grown, left: end.descriptors, isFlat: grown <= MOST_GROWN && end.descriptors <= MOST_LEFT };
}
