import { formatSockAddr, ProxyError, type Session, sessionWriter } from '@inband/core';
import { beforeEach, expect, test } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../options/server-address.ts';
import type { StickyOptions } from './affinity/sticky-cookie.ts';
import { PoolChainer, type PoolOptions } from './pool-chainer.ts';

const [a, b, c] = ['127.0.0.1:80', '127.0.0.2:80', '127.0.0.3:80'] as const;
const REFUSED = { does: 'fail', code: 'connection_refused' } as const;
const WELL = { status: 200, wait: 1, error: undefined, reused: false };
const STICKY: StickyOptions = { cookie: 'srv', secret: ['correct horse battery'] };

let network: FakeNetwork;
let now: number;

beforeEach(() => {
  now = 0;
  network = new FakeNetwork();
  for (const address of [a, b, c]) network.on(address, { does: 'accept' });
});

function pool(options: Partial<PoolOptions> = {}, addresses: readonly string[] = [a, b, c]): PoolChainer {
  const servers = addresses.map((at) => ({ address: parseServerAddress(at) }));
  const { establishConnection } = network;
  const deps = { establishConnection, resolver: new FakeResolver({}), logger: silentLogger };
  return new PoolChainer({ balance: 'round-robin', sticky: STICKY, servers, ...options }, deps, () => now);
}

/** A client with its cookies. */
class Browser {
  cookie: string | undefined = undefined;
  /** Cookies that it was told to keep. */
  told = 0;

  session(): Session {
    const session = fakeSession();
    const cookies = this.cookie === undefined ? [] : [this.cookie];
    sessionWriter.setRequest(session, { path: '/', query: undefined, field: () => cookies[0], fields: () => cookies });
    return session;
  }

  /** Asks, and returns the server that it is served by. */
  async ask(chainer: PoolChainer, session = this.session()): Promise<string> {
    const { remote } = await chainer.connectServer(session, 'ignored.example', 1);
    this.take(chainer, session);
    chainer.sessionEnded(session, WELL);
    return formatSockAddr(remote);
  }

  take(chainer: PoolChainer, session: Session): void {
    for (const [name, value] of chainer.answerFields?.(session) ?? []) {
      expect(name).toBe('Set-Cookie');
      this.told += 1;
      this.cookie = `theme=dark; ${value.split(';')[0] ?? ''}`;
    }
  }
}

async function askMany(browser: Browser, chainer: PoolChainer, times: number): Promise<Set<string>> {
  const servers = new Set<string>();
  for (let time = 0; time < times; time += 1) servers.add(await browser.ask(chainer));
  return servers;
}

test('a client stays with the server that it had first, and is told once', async () => {
  const chainer = pool();
  const [one, other] = [new Browser(), new Browser()];
  const [first, second] = [await one.ask(chainer), await other.ask(chainer)];
  expect(first).not.toBe(second);
  expect([await askMany(one, chainer, 10), await askMany(other, chainer, 10)]).toEqual([
    new Set([first]),
    new Set([second]),
  ]);
  expect([one.told, other.told]).toEqual([1, 1]);
});

test('so it does after a restart, and at another instance that has the servers in another order', async () => {
  const browser = new Browser();
  const first = await browser.ask(pool());
  for (const order of [
    [c, b, a],
    [b, a, c],
  ]) {
    expect(await askMany(browser, pool({}, order), 4)).toEqual(new Set([first]));
  }
  expect(browser.told).toBe(1);
});

test('a client whose server is gone gets another one, and stays there', async () => {
  const browser = new Browser();
  const first = await browser.ask(pool());
  const others = [a, b, c].filter((each) => each !== first);
  const second = await browser.ask(pool({}, others));
  expect(others).toContain(second);
  expect(await askMany(browser, pool(), 10)).toEqual(new Set([second]));
  expect(browser.told).toBe(2);
});

test('a client whose server refuses gets another one in the same session, and stays there when it is back', async () => {
  const chainer = pool();
  const browser = new Browser();
  const first = await browser.ask(chainer);
  network.on(first, REFUSED);
  const second = await browser.ask(chainer);
  expect(second).not.toBe(first);
  network.on(first, { does: 'accept' });
  expect(await askMany(browser, chainer, 10)).toEqual(new Set([second]));
});

test('a client whose server says nothing gets another one by the next try', async () => {
  const chainer = pool();
  const browser = new Browser();
  const first = await browser.ask(chainer);
  const session = browser.session();
  await chainer.connectServer(session, 'ignored.example', 1);
  // The cookie is left out before the request is sent.
  sessionWriter.setRequest(session, { path: '/', query: undefined, field: () => undefined, fields: () => [] });
  const error = new ProxyError('connection_terminated', 'Nothing came.');
  expect(chainer.serverFailed(session, { cause: 'reset', error, mayRepeat: true })).toBe(true);
  const second = await browser.ask(chainer, session);
  expect(second).not.toBe(first);
  expect(await askMany(browser, chainer, 4)).toEqual(new Set([second]));
});

test('an idle connection that was closed does not lead to another server', async () => {
  const chainer = pool();
  const browser = new Browser();
  const first = await browser.ask(chainer);
  const session = browser.session();
  await chainer.connectServer(session, 'ignored.example', 1);
  sessionWriter.setRequest(session, { path: '/', query: undefined, field: () => undefined, fields: () => [] });
  expect(await browser.ask(chainer, session)).toBe(first);
  expect(browser.told).toBe(1);
});

test('a server that an operator takes out loses its clients', async () => {
  const chainer = pool();
  const browser = new Browser();
  const first = await browser.ask(chainer);
  chainer.pool.order(first, 'drain');
  const second = await browser.ask(chainer);
  expect(second).not.toBe(first);
  expect(browser.told).toBe(2);
});

test('a server that is only full keeps its clients for later', async () => {
  const servers = [a, b].map((at) => ({ address: parseServerAddress(at), maxConnections: 1 }));
  const chainer = pool({ servers });
  const browser = new Browser();
  const first = await browser.ask(chainer);
  const busy = browser.session();
  await chainer.connectServer(busy, 'ignored.example', 1);
  expect(await browser.ask(chainer)).not.toBe(first);
  chainer.sessionEnded(busy, WELL);
  expect(await browser.ask(chainer)).toBe(first);
  expect(browser.told).toBe(1);
});

test('a cookie that somebody has made up is ignored, and replaced', async () => {
  const chainer = pool();
  const browser = new Browser();
  await browser.ask(chainer);
  browser.cookie = browser.cookie?.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const session = browser.session();
  await browser.ask(chainer, session);
  expect(browser.told).toBe(2);
});

test('a session without a request gets any server, and no cookie', async () => {
  const chainer = pool();
  const session = fakeSession();
  await chainer.connectServer(session, 'ignored.example', 1);
  expect(chainer.pool.serverOf(session)).toBeDefined();
});

test('a pool without a cookie neither looks at requests nor adds fields', () => {
  const chainer = pool({ sticky: undefined });
  expect([chainer.looksAtRequest, chainer.ownCookie, chainer.answerFields]).toEqual([false, undefined, undefined]);
  const sticky = pool();
  expect([sticky.looksAtRequest, sticky.ownCookie, typeof sticky.answerFields]).toEqual([true, 'srv', 'function']);
  expect(pool({ sticky: undefined, balance: { hash: 'path' } }).looksAtRequest).toBe(true);
  expect(pool({ sticky: undefined, balance: { hash: 'host' } }).looksAtRequest).toBe(false);
});

test('by hash, what has the same part has the same server', async () => {
  const chainer = pool({ sticky: undefined, balance: { hash: 'header.x-user' } });
  const serverOf = async (user: string): Promise<string> => {
    const session = fakeSession();
    const field = (name: string): string | undefined => (name === 'x-user' ? user : undefined);
    sessionWriter.setRequest(session, { path: '/', query: undefined, field, fields: () => [] });
    const { remote } = await chainer.connectServer(session, 'ignored.example', 1);
    chainer.sessionEnded(session, WELL);
    return formatSockAddr(remote);
  };
  const users = Array.from({ length: 30 }, (_, index) => `user-${index}`);
  const first = await Promise.all(users.map(serverOf));
  expect(new Set(first).size).toBe(3);
  // One at a time, so that no server has more than its share.
  for (const [index, user] of users.entries()) expect(await serverOf(user)).toBe(await serverOf(users[index] ?? ''));
});
