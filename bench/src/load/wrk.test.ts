import { describe, expect, test } from 'vitest';
import { faultsOf, parseWrk, wrkScript, type WrkSummary } from './wrk.ts';

const good: WrkSummary = {
  requests: 1000,
  bytes: 1000 * 260,
  duration: 1_000_000,
  connect: 0,
  read: 0,
  write: 0,
  status: 0,
  timeout: 0,
  p50: 900,
  p99: 2000,
};
const load = { answer: 100, connections: 64 };

describe('faultsOf', () => {
  test('is empty for a run that was right', () => {
    expect(faultsOf(good, load)).toEqual([]);
  });

  test.each([
    [{ connect: 2 }, '2 socket errors (connect)'],
    [{ read: 1 }, '1 socket errors (read)'],
    [{ timeout: 1 }, '1 timeouts'],
    [{ status: 3 }, '3 answers with an error status'],
    [{ bytes: 99_999 }, 'short answers: 99999 bytes instead of at least 100000'],
    [{ bytes: 10_000_000 }, 'long answers'],
    [{ requests: 0, bytes: 0 }, 'not one answer'],
  ])('%j makes a run void', (change, fault) => {
    expect(faultsOf({ ...good, ...change }, load).join('; ')).toContain(fault);
  });
});

test('a proxy that closes unannounced may fail one read for each answer, and no more', () => {
  const closing = { ...load, closesUnannounced: true };
  expect(faultsOf({ ...good, read: 1064 }, closing)).toEqual([]);
  expect(faultsOf({ ...good, read: 1065 }, closing)).toEqual(['1065 socket errors (read)']);
  expect(faultsOf({ ...good, timeout: 1 }, closing)).toEqual(['1 timeouts']);
});

describe('parseWrk', () => {
  test('finds its line among what wrk prints', () => {
    const line = `inband-bench ${JSON.stringify(good)}`;
    expect(parseWrk(`Running 1s test\n  1 threads\n${line}\n`)).toEqual(good);
  });

  test('is undefined when wrk did not come to its end', () => {
    expect(parseWrk('unable to connect')).toBeUndefined();
  });
});

describe('wrkScript', () => {
  test('has a pause between requests only for a fixed rate', () => {
    expect(wrkScript({ text: 'GET', ...load })).not.toContain('delay');
    expect(wrkScript({ text: 'GET', ...load, rate: 6400 })).toContain('-10 * math.log');
  });
});
