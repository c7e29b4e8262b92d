import { describe, expect, test } from 'vitest';
import { contentsToKeep, infoOf, recordToPutBack, standingOf } from './follow-decisions.ts';
import type { ConfigRecord, Version } from '../stored/records.ts';
import { NO_RECORD } from '../stored/versions.ts';

const version = (number: number, id = `content ${number}`): Version => ({ number, id, by: 'ann', at: '2026-01-01' });
const record = (change: number, part: Partial<ConfigRecord> = {}): ConfigRecord => ({ ...NO_RECORD, change, ...part });

describe('a record in the store', () => {
  test('is followed if it is as new as what the member knows', () => {
    expect(standingOf(undefined, undefined, false)).toBe('nothing');
    expect(standingOf(record(1), undefined, false)).toBe('followed');
    expect(standingOf(record(3), record(3), true)).toBe('followed');
    expect(standingOf(record(4), record(3), false)).toBe('followed');
  });

  test('is not followed if the store has had a newer one, or any', () => {
    expect(standingOf(record(2), record(3), true)).toBe('behind');
    expect(standingOf(undefined, record(3), true)).toBe('behind');
  });

  test('counts more than a newer one that only the copy on disk has', () => {
    expect(standingOf(record(2), record(3), false)).toBe('older-followed');
    expect(standingOf(undefined, record(3), false)).toBe('behind');
  });
});

test('what is put back is what the member knows, and a canary ends with it', () => {
  expect(recordToPutBack(record(3))).toEqual(record(3));
  const canary = { number: 2, members: ['a'] };
  expect(recordToPutBack(record(3, { canary }))).toEqual(record(4));
});

test('the contents of what a member runs and of what all run are kept', () => {
  const versions = [version(1), version(2), version(3)];
  expect(contentsToKeep(record(3, { current: 3, versions }), version(1))).toEqual(new Set(['content 3', 'content 1']));
  expect(contentsToKeep(record(3, { versions }), undefined)).toEqual(new Set());
});

describe('others see of a member', () => {
  const versions = [version(1), version(2), version(3, 'content 1')];
  const nothing = { error: undefined, verdict: undefined };

  test('the version that it should run only where it runs another content', () => {
    const wants = record(5, { current: 3, versions });
    expect(infoOf('a', wants, { running: version(1), ...nothing })).toEqual({ running: 1, change: 5 });
    expect(infoOf('a', wants, { running: version(2), ...nothing })).toEqual({ running: 2, change: 5, wanted: 3 });
    const canary = { number: 2, members: ['a'] };
    expect(infoOf('a', { ...wants, canary }, { running: version(2), ...nothing })).toEqual({ running: 2, change: 5 });
    expect(infoOf('a', undefined, { running: undefined, ...nothing })).toEqual({ running: null, change: 0 });
  });

  test('a reason that is not too long', () => {
    const { error } = infoOf('a', record(1), { running: undefined, error: 'x'.repeat(5_000), verdict: undefined });
    expect(error).toHaveLength(1_000);
  });
});
