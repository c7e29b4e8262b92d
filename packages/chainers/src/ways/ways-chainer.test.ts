import {
  AccessDeniedError,
  BeyondParentError,
  type Chainer,
  type MaybePromise,
  ProxyError,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { expect, test, vi } from 'vitest';
import { FakeServerConnection, fakeSession } from '../../../../test/chainers/fake-establisher.ts';
import type { Way, Ways } from './way.ts';
import { WaysChainer } from './ways-chainer.ts';

type Outcome = 'connects' | 'is-idle' | 'refuses' | 'denies' | 'speaks-of-the-target' | 'has-a-wrong-login';

const remote = { family: 'inet', address: '192.0.2.1', port: 80 } as const;

class FakeWay implements Way, Chainer {
  readonly kind = 'fake';
  readonly chainer = this;
  readonly key: string | undefined;
  outcome: Outcome;
  asked = 0;
  ended: (string | undefined)[] = [];
  again = false;

  constructor(key: string | undefined, outcome: Outcome) {
    this.key = key;
    this.outcome = outcome;
  }

  connectServer(session: Session): MaybePromise<ServerConnection> {
    this.asked += 1;
    expect(session.chainerNote, 'the note of another way').toBeUndefined();
    session.chainerNote = this.key;
    if (this.outcome === 'is-idle') return new FakeServerConnection(remote, true);
    if (this.outcome === 'connects') return Promise.resolve(new FakeServerConnection(remote, false));
    return Promise.reject(errorOf(this.outcome));
  }

  serverFailed(): boolean {
    return this.again;
  }

  sessionEnded(_session: Session, { error }: { readonly error: ProxyError | undefined }): void {
    this.ended.push(error?.code);
  }
}

function errorOf(outcome: Outcome): ProxyError {
  if (outcome === 'denies') return new AccessDeniedError('destination_ip_prohibited', 'No.', 'access');
  if (outcome === 'speaks-of-the-target') return new BeyondParentError('dns_error', 'No such name.');
  if (outcome === 'has-a-wrong-login') return new ProxyError('proxy_configuration_error', 'Who are you?');
  return new ProxyError('connection_refused', 'It refused.');
}

function setUp(...ways: readonly FakeWay[]) {
  const warn = vi.fn();
  const found: { ways: MaybePromise<Ways> } = { ways };
  const finder = { find: () => found.ways, start: vi.fn(), parents: () => ways, close: vi.fn() };
  const chainer = new WaysChainer({ kind: 'ways', finder, stateTimeout: 60_000, logger: { warn } });
  const connect = async (session = fakeSession()): Promise<string> => {
    const connection = await Promise.resolve(chainer.connectServer(session, 'a.example', 80)).catch(
      (error: unknown) => error,
    );
    return connection instanceof ProxyError ? connection.code : 'connected';
  };
  return { chainer, connect, warn, found };
}

const asked = (...ways: readonly FakeWay[]): number[] => ways.map((way) => way.asked);

test('the first way that connects is taken, and those that failed come last for a while', async () => {
  const [a, b, direct] = [
    new FakeWay('a', 'refuses'),
    new FakeWay('b', 'connects'),
    new FakeWay(undefined, 'connects'),
  ];
  const { connect, warn } = setUp(a, b, direct);
  expect(await connect()).toBe('connected');
  expect(await connect()).toBe('connected');
  expect(asked(a, b, direct)).toEqual([1, 2, 0]);
  expect(a.ended).toEqual(['connection_refused']);
  expect(warn.mock.calls).toEqual([
    [{ server: 'a', error: 'connection_refused', why: 'It refused.' }, 'a parent failed'],
  ]);
  b.outcome = 'refuses';
  direct.outcome = 'refuses';
  a.outcome = 'connects';
  expect(await connect()).toBe('connected');
  expect(asked(a, b, direct)).toEqual([2, 3, 1]);
  // It is well again, as far as is known.
  expect(await connect()).toBe('connected');
  expect(asked(a, b, direct)).toEqual([3, 3, 1]);
});

test('each way is tried once in a session, and the last error is the answer', async () => {
  const [a, b] = [new FakeWay('a', 'refuses'), new FakeWay('b', 'has-a-wrong-login')];
  const { connect } = setUp(a, b);
  expect(await connect()).toBe('proxy_configuration_error');
  expect(asked(a, b)).toEqual([1, 1]);
  expect(await connect()).toBe('connection_refused');
  expect(asked(a, b)).toEqual([2, 2]);
});

test.each<[Outcome, string]>([
  ['denies', 'destination_ip_prohibited'],
  ['speaks-of-the-target', 'dns_error'],
])('no other way is tried when one %s', async (outcome, code) => {
  const [a, b] = [new FakeWay('a', outcome), new FakeWay('b', 'connects')];
  const { connect, warn } = setUp(a, b);
  expect(await connect()).toBe(code);
  expect(asked(a, b)).toEqual([1, 0]);
  expect(warn).not.toHaveBeenCalled();
});

test('an idle connection comes back at once', () => {
  const { chainer } = setUp(new FakeWay('a', 'is-idle'));
  expect(chainer.connectServer(fakeSession(), 'a.example', 80)).toBeInstanceOf(FakeServerConnection);
});

test('a session whose idle connection was closed stays on its way', async () => {
  const [a, b] = [new FakeWay('a', 'is-idle'), new FakeWay('b', 'connects')];
  const { connect } = setUp(a, b);
  const session = fakeSession();
  await connect(session);
  session.chainerNote = undefined;
  a.outcome = 'connects';
  expect(await connect(session)).toBe('connected');
  expect(asked(a, b)).toEqual([2, 0]);
});

const failure = (mayRepeat: boolean) =>
  ({ cause: 'reset', mayRepeat, error: new ProxyError('connection_terminated', 'It closed.') }) as const;

test('a request that may be sent again goes by the next way, unless the first one knows another server', async () => {
  const [a, b] = [new FakeWay('a', 'connects'), new FakeWay('b', 'connects')];
  const { chainer, connect } = setUp(a, b);
  const session = fakeSession();
  await connect(session);
  a.again = true;
  expect(chainer.serverFailed(session, failure(true))).toBe(true);
  a.again = false;
  expect(chainer.serverFailed(session, failure(false))).toBe(false);
  expect(a.ended).toEqual([]);
  expect(chainer.serverFailed(session, failure(true))).toBe(true);
  expect(a.ended).toEqual(['connection_terminated']);
  expect(await connect(session)).toBe('connected');
  expect(chainer.serverFailed(session, failure(true))).toBe(false);
  chainer.sessionEnded(session, { status: 200, wait: 1, reused: false, error: undefined });
  chainer.sessionEnded(session, { status: 200, wait: 1, reused: false, error: undefined });
  expect([a.ended, b.ended]).toEqual([['connection_terminated'], [undefined]]);
});

test('ways that are not known yet are waited for, and what keeps them from being known is the answer', async () => {
  const a = new FakeWay('a', 'connects');
  const { connect, found } = setUp();
  found.ways = Promise.resolve([a]);
  expect(await connect()).toBe('connected');
  found.ways = Promise.reject(new ProxyError('proxy_configuration_error', 'No file.'));
  expect(await connect()).toBe('proxy_configuration_error');
});

test('an operator sees the parents that were found, and takes them out', async () => {
  const [first, second] = [new FakeWay('PROXY a', 'refuses'), new FakeWay('PROXY b', 'connects')];
  const { chainer, connect } = setUp(first, second, new FakeWay(undefined, 'connects'));
  const session = fakeSession();
  expect(await connect(session)).toBe('connected');
  expect(chainer.pool.serverOf(session)).toBe('PROXY b');
  expect(chainer.pool.servers()).toMatchObject([
    { address: 'PROXY a', state: 'down', why: 'It refused.', order: undefined },
    { address: 'PROXY b', state: 'up', order: undefined },
  ]);
  expect([chainer.pool.order('PROXY c', 'drain'), chainer.pool.order('PROXY b', 'drain')]).toEqual([false, true]);
  expect(chainer.pool.servers()[1]).toMatchObject({ state: 'up', order: 'drain' });
  const before = second.asked;
  await connect();
  expect(second.asked).toBe(before);
  for (const address of ['PROXY a', 'PROXY b']) chainer.pool.order(address, undefined);
  expect(chainer.pool.servers()).toMatchObject([{ state: 'up' }, { state: 'up', order: undefined }]);
});
