import type { Problem } from '../../config/problem/problem.ts';
import { canonicalText } from '../plan/canonical-text.ts';
import type { Plan, Planned } from '../plan/planned.ts';

/**
 * The settings that exist once in a process and that a reload can change. Each other one needs a restart, and so does a new key
 * until somebody adds it here.
 */
const CHANGEABLE: ReadonlySet<string> = new Set([
  'acme',
  'admin',
  'limits',
  'log',
  'reload',
  'serverPool',
  'shutdown',
  'workers',
]);

/** Why others cannot be changed, where there is more to say. */
const REASONS: ReadonlyMap<string, string> = new Map([
  [
    'store',
    'a reload cannot change this, because what was lent by it, and what others know of this member, belongs to it',
  ],
  ['cluster', 'a reload cannot change this, because other members know this one by it'],
  ['transport', 'a reload cannot change this, because every open socket belongs to its transport'],
]);

const USUAL_REASON = 'a reload cannot change this';

/** A problem for each setting that differs and that a reload cannot change. */
export function unchangeableIn(before: Plan, after: Plan): Problem[] {
  const old = settingsOf(before);
  const now = settingsOf(after);
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((key) => !CHANGEABLE.has(key) && canonicalText(old.get(key)) !== canonicalText(now.get(key)))
    .map((key) => ({
      path: [key],
      message: `${REASONS.get(key) ?? USUAL_REASON}; restart the program, or set it as it was.`,
    }));
}

function settingsOf({ all }: Plan): Map<string, unknown> {
  const settings = new Map<string, unknown>();
  for (const planned of all) if (isSetting(planned)) settings.set(planned.value.key, planned.value.value);
  return settings;
}

function isSetting(planned: Planned): planned is Planned<'setting'> {
  return planned.kind === 'setting';
}
