import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { FakeConnection } from '../../../test-support/fake-connection.ts';
import type { SockAddr } from '../../base/address.ts';
import { Timers } from '../../base/timers.ts';
import type { ServerConnection } from '../../session/server-connection.ts';
import type { ClientConnection } from '../../session/session-view.ts';
import { ServerPool } from './server-pool.ts';

const remote: SockAddr = { family: 'inet', address: '192.0.2.1', port: 80 };
/** The last one is the proxy itself, which takes no place of others. */
const clients = [1, 2, 3, -1].map((id): ClientConnection => {
  const connection = new FakeConnection();
  const isProxyItself = id < 0 ? { isProxyItself: true as const } : {};
  return { id, connection, address: remote, local: remote, listener: remote, ...isProxyItself };
});

class Counted extends FakeConnection {
  destroys = 0;
  override destroy(error?: Error): void {
    this.destroys += 1;
    super.destroy(error);
  }
}

/** What is expected of one connection. */
interface Expected {
  readonly key: string;
  readonly connection: Counted;
  readonly server: ServerConnection;
  client: number;
  is: 'in-use' | 'idle' | 'closed';
  /** Milliseconds, of its last release. */
  since: number;
  expires: number;
  keptUntil: number;
}

/** A pool, and beside it a plain list of what each connection has to be. */
class Model {
  now = 0;
  readonly limits = { idleTimeout: 200, maxIdlePerServer: 3, maxIdle: 4 };
  readonly pool = new ServerPool({ timers: new Timers(), ...this.limits, quietTime: 0, mostOpen: 12 });
  /** In the order of their last release. */
  all: Expected[] = [];

  of(is: Expected['is'], key?: string): Expected[] {
    return this.all.filter((one) => one.is === is && (key === undefined || one.key === key));
  }

  adopt(key: string, client: number): void {
    if (this.of('idle').length + this.of('in-use').length >= 12) this.close(this.of('idle').slice(0, 8));
    const connection = new Counted();
    const server = this.pool.adopt(connection, remote, key, { client: clients[client]! });
    this.all.push({ key, connection, server, client, is: 'in-use', since: 0, expires: 0, keptUntil: 0 });
  }

  release(number: number, keepFor: number): void {
    const one = pick(this.of('in-use'), number);
    if (one === undefined) return;
    const { maxIdlePerServer, maxIdle, idleTimeout } = this.limits;
    one.server.release(keepFor);
    const same = this.of('idle', one.key);
    const isFull = same.length >= maxIdlePerServer || this.of('idle').length >= maxIdle;
    const none = keepFor === 0 || maxIdlePerServer === 0 || maxIdle === 0 || (one.client === 3 && isFull);
    if (none) return this.close([one]);
    this.close(same.slice(0, Math.max(0, same.length + 1 - maxIdlePerServer)));
    this.close(this.of('idle').slice(0, Math.max(0, this.of('idle').length + 1 - maxIdle)));
    Object.assign(one, { is: 'idle', since: this.now, expires: this.now + idleTimeout, keptUntil: this.now + keepFor });
    this.all = [...this.all.filter((other) => other !== one), one];
  }

  acquire(key: string, client: number, within: number): void {
    const fits = this.of('idle', key).filter(
      ({ since, keptUntil }) => this.now - since <= within && keptUntil > this.now,
    );
    const acquired = this.pool.acquire(key, clients[client], within);
    const stale = this.of('idle').filter(({ connection }) => connection.destroyed);
    expect(stale.every((one) => one.key === key && one.keptUntil <= this.now)).toBe(true);
    this.close(stale);
    const found = this.all.find(({ server }) => server === acquired);
    expect(found !== undefined).toBe(fits.length > 0);
    if (found === undefined) return;
    expect(fits).toContain(found);
    // Its own comes before the one that was used last.
    expect(found === fits.at(-1) || found.client === client).toBe(true);
    Object.assign(found, { is: 'in-use', client });
  }

  /** The pool is the handler of idle connections, and of those that nobody has begun to use. */
  happen(number: number, what: 'data' | 'ended' | 'closed'): void {
    const one = pick(this.of('idle'), number);
    if (one === undefined) return;
    const { handler } = one.connection;
    if (what === 'data') handler.data(Buffer.from('?'), 0, 1);
    else handler[what]();
    this.close([one]);
    handler.closed();
  }

  destroy(number: number): void {
    const one = pick(this.of('in-use'), number);
    if (one === undefined) return;
    one.server.destroy();
    one.server.release();
    this.close([one]);
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    vi.advanceTimersByTime(milliseconds);
    this.close(this.of('idle').filter(({ expires }) => expires <= this.now));
  }

  close(those: readonly Expected[]): void {
    for (const one of those) one.is = 'closed';
  }

  check(): void {
    const destroys = this.all.map(({ connection }) => connection.destroys);
    expect(destroys).toEqual(this.all.map(({ is }) => (is === 'closed' ? 1 : 0)));
    const idle = this.of('idle');
    expect(this.pool).toMatchObject({ idle: idle.length, open: idle.length + this.of('in-use').length });
    for (const key of KEYS) expect(this.pool.idleAt(key)).toBe(this.of('idle', key).length);
  }
}

function pick<T>(those: readonly T[], number: number): T | undefined {
  return those[number % those.length];
}

const KEYS = ['a', 'b', 'c'];
const key = fc.constantFrom(...KEYS);
const client = fc.nat(3);
const number = fc.nat(20);
const limit = fc.constantFrom(0, 2, 3, 4, 6);

type Step = (model: Model) => void;
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(key, client).map(
      ([at, who]): Step =>
        (model) =>
          model.adopt(at, who),
    ),
  },
  {
    weight: 14,
    arbitrary: fc.tuple(number, fc.constantFrom(Infinity, Infinity, 50, 0)).map(
      ([which, keepFor]): Step =>
        (model) =>
          model.release(which, keepFor),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(key, client, fc.constantFrom(Infinity, 100)).map(
      ([at, who, within]): Step =>
        (model) =>
          model.acquire(at, who, within),
    ),
  },
  number.map(
    (which): Step =>
      (model) =>
        model.destroy(which),
  ),
  fc.tuple(number, fc.constantFrom('data', 'ended', 'closed')).map(
    ([which, what]): Step =>
      (model) =>
        model.happen(which, what),
  ),
  fc.constantFrom(10, 50, 110).map(
    (passed): Step =>
      (model) =>
        model.pass(passed),
  ),
  fc.tuple(fc.constantFrom(100, 200), limit, limit).map(([idleTimeout, maxIdlePerServer, maxIdle]): Step => (model) => {
    Object.assign(model.limits, { idleTimeout, maxIdlePerServer, maxIdle });
    model.pool.configure(model.limits);
  }),
  fc.constant<Step>((model) => {
    model.pool.makeRoom();
    model.close(model.of('idle').slice(0, 8));
  }),
);

test('in any order of what sessions, servers and operators do, each connection is where a plain list has it', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), (steps) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
      try {
        const model = new Model();
        for (const take of steps) {
          take(model);
          model.check();
        }
        model.pool.close();
        model.close(model.of('idle'));
        for (const one of model.of('in-use')) one.server.release();
        model.close(model.of('in-use'));
        model.check();
        expect(vi.getTimerCount()).toBeLessThanOrEqual(2);
      } finally {
        vi.useRealTimers();
      }
    }),
    { numRuns: process.env.INBAND_TEST_LONG === '1' ? 20_000 : runs(100) },
  );
});
