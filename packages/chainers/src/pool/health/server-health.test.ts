import { expect, test } from 'vitest';
import { DEFAULT_EJECTION } from './ejection.ts';
import { type HealthChange, type HealthOptions, ServerHealth } from './server-health.ts';

const BAD = 'It answered 503.';
const GOOD = undefined;

/** A server on a clock of its own, with all changes that it told. */
class Watched {
  now = 1_000;
  readonly changes: HealthChange[] = [];
  readonly health: ServerHealth;

  constructor(options: Partial<HealthOptions> = {}) {
    this.health = new ServerHealth({ ejection: DEFAULT_EJECTION, fall: 3, rise: 2, slowStart: 0, ...options });
  }

  checked(...findings: (string | undefined)[]): boolean[] {
    return findings.map((finding) => {
      const isDoubted = this.health.checked(finding, this.now);
      this.#update();
      return isDoubted;
    });
  }

  eject(): void {
    this.health.eject(this.now, 'It refused.', 'connection_refused');
    this.#update();
  }

  wait(milliseconds: number): void {
    this.now += milliseconds;
    this.#update();
  }

  get told(): string {
    return this.changes.map(({ from, to, why }) => `${from} → ${to}: ${why}`).join('\n');
  }

  #update(): void {
    const change = this.health.update(this.now);
    if (change !== undefined) this.changes.push(change);
  }
}

test('a server that no check has seen is up', () => {
  expect(new Watched().health.isUp(0)).toBe(true);
});

test('three failed checks in a row take it down and two good ones up, each with another look soon', () => {
  const server = new Watched();
  expect(server.checked(GOOD, BAD, BAD, BAD, BAD, GOOD, GOOD, GOOD)).toEqual([
    false,
    true,
    true,
    false,
    false,
    true,
    false,
    false,
  ]);
  expect(server.told).toBe('up → unwell: It answered 503.\nunwell → up: 2 checks in a row were good.');
});

test('one that is ejected comes back when its time is over', () => {
  const server = new Watched();
  server.eject();
  expect(server.health.failureAt(server.now)).toMatchObject({ why: 'It refused.' });
  server.wait(9_999);
  expect(server.changes).toHaveLength(1);
  server.wait(1);
  expect(server.told).toBe('up → ejected: It refused.\nejected → up: The time for which it was out is over.');
  expect(server.health.failureAt(server.now)).toBeUndefined();
});

test('good checks bring it back before that, but only the first time', () => {
  const server = new Watched();
  server.eject();
  expect(server.checked(GOOD, GOOD)).toEqual([true, false]);
  expect(server.health.isUp(server.now)).toBe(true);
  server.eject();
  server.checked(GOOD, GOOD, GOOD);
  expect(server.health.stateAt(server.now)).toBe('ejected');
  server.wait(20_000);
  expect(server.told).toBe(
    [
      'up → ejected: It refused.',
      'ejected → up: 2 checks in a row were good.',
      'up → ejected: It refused.',
      'ejected → up: The time for which it was out is over.',
    ].join('\n'),
  );
});

test('checks that have found it down bring it back, however often it was ejected', () => {
  const server = new Watched();
  for (let times = 0; times < 3; times += 1) {
    server.eject();
    server.checked(BAD, BAD, BAD, GOOD);
    expect(server.health.isUp(server.now)).toBe(false);
    server.checked(GOOD);
    expect(server.health.isUp(server.now)).toBe(true);
    server.wait(5_000);
  }
});

test('one that is ejected, and fails its checks, stays away until they are good', () => {
  const server = new Watched();
  server.eject();
  server.checked(BAD, BAD, BAD);
  server.wait(60_000);
  expect(server.health.stateAt(server.now)).toBe('unwell');
  server.checked(GOOD, GOOD);
  expect(server.told).toBe(
    'up → ejected: It refused.\nejected → unwell: It answered 503.\nunwell → up: 2 checks in a row were good.',
  );
});

test('an operator brings it back, whatever has taken it out', () => {
  const server = new Watched();
  server.eject();
  server.checked(BAD, BAD, BAD);
  server.health.readmit();
  server.wait(0);
  expect(server.changes.at(-1)).toMatchObject({ to: 'up', why: 'An operator has said so.' });
});

test('it starts slowly when it comes back, and not at the start', () => {
  const server = new Watched({ slowStart: 10_000 });
  expect(server.health.share(server.now)).toBe(1);
  server.eject();
  server.wait(10_000);
  expect(server.health.share(server.now)).toBe(0.1);
  expect(server.health.nextChange(server.now)).toBe(server.now + 1_000);
  server.wait(10_000);
  expect(server.health.share(server.now)).toBe(1);
  expect(server.health.nextChange(server.now)).toBe(Infinity);
});
