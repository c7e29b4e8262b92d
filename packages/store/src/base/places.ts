import type { Holding, Placed } from './store.ts';

/** What one holder has under a key. */
export interface Place {
  readonly places: number;
  /** Milliseconds. */
  readonly until: number;
}

/** What a holder has from now on, written into `all`, from which those are dropped whose time is over. */
export function holdIn(all: Map<string, Place>, holder: string, holding: Holding, now: number): Placed {
  const { most, held, wanted, ttl } = holding;
  all.delete(holder);
  let others = 0;
  for (const [name, { places, until }] of all) {
    if (until > now) others += places;
    else all.delete(name);
  }
  const granted = Math.max(0, Math.min(wanted, most - others - held));
  if (held + granted > 0) all.set(holder, { places: held + granted, until: now + ttl });
  return { granted, free: Math.max(0, most - others - held - granted) };
}
