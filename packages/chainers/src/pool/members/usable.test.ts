import { describe, expect, test } from 'vitest';
import { DEFAULT_EJECTION } from '../health/ejection.ts';
import type { MemberOptions } from '../sources/server-source.ts';
import { PoolMember } from './pool-member.ts';
import { usableOf } from './usable.ts';

interface Given extends MemberOptions {
  readonly is?: 'up' | 'down' | 'drained';
}

const HEALTH = { ejection: DEFAULT_EJECTION, fall: 1, rise: 1, slowStart: 0 };

function member({ is = 'up', ...options }: Given, index: number): PoolMember {
  const remote = { family: 'inet', address: '192.0.2.1', port: index + 1 } as const;
  const id = String(index);
  const made = new PoolMember({ ...options, id, written: id, name: '', remote }, {}, HEALTH);
  if (is === 'down') made.health.checked('It is down.', 0);
  if (is === 'drained') made.order = 'drain';
  return made;
}

function used(given: readonly Given[], zone?: string): string {
  const { members, isPanic } = usableOf(given.map(member), 0, zone);
  return `${members.map(({ id }) => id).join(' ')}${isPanic ? ' in panic' : ''}`;
}

const up: Given = {};
const down: Given = { is: 'down' };
const drained: Given = { is: 'drained' };

describe('who gets sessions', () => {
  test.each<[string, readonly Given[], string]>([
    ['those that are up', [up, down, up], '0 2'],
    ['one of three is enough', [down, up, down], '1'],
    ['one of four is not: all, although three are down', [down, up, down, down], '0 1 2 3 in panic'],
    ['all, if none is up', [down, down], '0 1 in panic'],
    ['none that an operator has taken out, not even in panic', [drained, down, down], '1 2 in panic'],
    ['nobody, if operators have taken out all', [drained, drained], ''],
    ['what operators have taken out does not count as down', [drained, drained, drained, up], '3'],
    ['the first tier with one that is up', [{ priority: 1 }, down, { priority: 2 }], '0'],
    ['the lower number, wherever it stands', [{ priority: 2 }, { priority: 1 }], '1'],
    ['a backup behind all tiers', [{ backup: true }, { priority: 9 }], '1'],
    ['a backup that is up, and no panic', [down, down, down, down, { backup: true }], '4'],
    ['all tiers, if none is up in any', [down, { ...down, priority: 1 }], '0 1 in panic'],
    [
      'a tier with too few of its own',
      [down, { priority: 1 }, ...['a', 'b', 'c'].map(() => ({ ...down, priority: 1 }))],
      '1 2 3 4 in panic',
    ],
  ])('gives sessions to %s', (_name, given, expected) => {
    expect(used(given)).toBe(expected);
  });
});

describe('of a proxy with a zone', () => {
  const here = (more: Given = {}): Given => ({ zone: 'here', ...more });

  test.each<[string, readonly Given[], string]>([
    ['those of the same zone', [here(), up, { zone: 'there' }], '0'],
    ['by weight: seven tenths are enough', [here({ weight: 7 }), here({ weight: 3, is: 'down' }), up], '0'],
    ['by weight: less are not', [here({ weight: 6 }), here({ weight: 4, is: 'down' }), up], '0 2'],
    ['all that are up, if there is none in the zone', [{ zone: 'there' }, up], '0 1'],
    ['all that are up, if those in the zone are down', [here(down), up], '1'],
    ['within a tier', [here({ priority: 1 }), up], '1'],
    ['not in panic', [here(), down, down, down], '0 1 2 3 in panic'],
  ])('gives sessions to %s', (_name, given, expected) => {
    expect(used(given, 'here')).toBe(expected);
  });
});
