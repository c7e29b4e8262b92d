import { isRecord, type Problem } from '../../config/problem/problem.ts';
import { canonicalText } from '../plan/canonical-text.ts';
import type { Plan, Planned } from '../plan/planned.ts';

/**
 * The settings that exist once in a process and that a reload can change: all of a key, or some of its keys. Each other one needs a
 * restart, and so does a new key until somebody adds it here.
 */
const CHANGEABLE: ReadonlyMap<string, 'all' | ReadonlySet<string>> = new Map<string, 'all' | ReadonlySet<string>>([
  ['limits', 'all'],
  ['serverPool', 'all'],
  ['shutdown', 'all'],
  ['reload', 'all'],
  ['workers', 'all'],
  ['log', new Set(['level', 'access', 'sample', 'slow'])],
]);

/** A problem for each setting that differs and that a reload cannot change. */
export function unchangeableIn(before: Plan, after: Plan): Problem[] {
  const old = settingsOf(before);
  const now = settingsOf(after);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => problemsOf(key, old.get(key), now.get(key)));
}

function problemsOf(key: string, before: unknown, after: unknown): Problem[] {
  const changeable = CHANGEABLE.get(key);
  if (changeable === 'all' || canonicalText(before) === canonicalText(after)) return [];
  if (changeable === undefined || !isRecord(before) || !isRecord(after)) return [{ path: [key], message: MESSAGE }];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((inner) => !changeable.has(inner) && canonicalText(before[inner]) !== canonicalText(after[inner]))
    .map((inner) => ({ path: [key, inner], message: MESSAGE }));
}

const MESSAGE = 'a reload cannot change this; restart the program, or set it as it was.';

function settingsOf({ all }: Plan): Map<string, unknown> {
  const settings = new Map<string, unknown>();
  for (const planned of all) if (isSetting(planned)) settings.set(planned.value.key, planned.value.value);
  return settings;
}

function isSetting(planned: Planned): planned is Planned<'setting'> {
  return planned.kind === 'setting';
}
