import type { Plan, Planned } from '../plan/planned.ts';

/** Something that a configuration makes. */
export interface ConfiguredPart {
  /** `service`, `route`, `chainer`, `zone`, `socket`, …: docs/architecture.md. */
  readonly kind: string;
  /** Its place in the configuration, such as `services.web.routes[0]`. */
  readonly name: string;
}

/** What differs between a configuration and the one before it. */
export interface Difference {
  readonly added: readonly ConfiguredPart[];
  /** At the same place, with other content, or with other parts that it refers to. */
  readonly changed: readonly ConfiguredPart[];
  /** The same objects as before, with everything that they hold. Those of them that moved have their new place. */
  readonly kept: readonly ConfiguredPart[];
  readonly dropped: readonly ConfiguredPart[];
}

/** What is added to, changed in, kept of and dropped from the plan `before` by the plan `after`. */
export function differenceOf(before: Plan, after: Plan): Difference {
  const old = new Set(before.all.map(idOf));
  const now = new Set(after.all.map(idOf));
  const replaceable = new Set(before.all.filter((planned) => !now.has(idOf(planned))).map(placeOf));
  const fresh = after.all.filter((planned) => !old.has(idOf(planned)));
  const changed = new Set(fresh.map(placeOf).filter((place) => replaceable.has(place)));
  const isGone = (planned: Planned): boolean => !now.has(idOf(planned)) && !changed.has(placeOf(planned));
  return {
    added: fresh.filter((planned) => !changed.has(placeOf(planned))).map(partOf),
    changed: fresh.filter((planned) => changed.has(placeOf(planned))).map(partOf),
    kept: after.all.filter((planned) => old.has(idOf(planned))).map(partOf),
    dropped: before.all.filter(isGone).map(partOf),
  };
}

/** Names of one list in the log. A change of a zone may change thousands of routes. */
const MOST_NAMES = 20;

/** The fields of the line about a difference: names, and how many more there are. */
export function differenceFields({ added, changed, kept, dropped }: Difference): Record<string, unknown> {
  return { added: namesOf(added), changed: namesOf(changed), dropped: namesOf(dropped), kept: kept.length };
}

function namesOf(parts: readonly ConfiguredPart[]): string[] | undefined {
  if (parts.length === 0) return undefined;
  const names = parts.slice(0, MOST_NAMES).map(({ kind, name }) => `${kind} ${name}`);
  return parts.length > MOST_NAMES ? [...names, `and ${parts.length - MOST_NAMES} more`] : names;
}

function idOf({ kind, hash }: Planned): string {
  return `${kind} ${hash}`;
}

function placeOf({ kind, place }: Planned): string {
  return `${kind} ${place}`;
}

function partOf({ kind, place }: Planned): ConfiguredPart {
  return { kind, name: place };
}
