import { expect, test } from 'vitest';
import { ProxyError } from '../base/errors.ts';
import { createMemoryNetwork } from '../transport/memory/memory.ts';
import type { Authenticator, AuthOutcome, AuthQuery } from './authenticator.ts';
import { InOrder } from './in-order.ts';

const { server: connection } = createMemoryNetwork().connectPair({
  client: { family: 'inet', address: '192.0.2.1', port: 1 },
  server: { family: 'inet', address: '192.0.2.2', port: 80 },
});
const { local, remote: address } = connection;
const query: AuthQuery = { client: { id: 1, connection, address, local, listener: local }, credentials: 'a' };

interface Saying extends Authenticator {
  asked: number;
}

const saying = (challenge: string, outcome: AuthOutcome | Promise<AuthOutcome>, more = {}): Saying => ({
  challenges: [challenge],
  readsPasswords: false,
  asked: 0,
  authenticate() {
    this.asked += 1;
    return outcome;
  },
  ...more,
});

const ANN: AuthOutcome = { verdict: 'user', user: 'ann', groups: [] };
const NONE: AuthOutcome = { verdict: 'none' };

test('the first that knows the user decides, whether it says so at once or later, and the others are not asked', async () => {
  for (const said of [ANN, Promise.resolve(ANN)]) {
    const last = saying('C', NONE);
    const all = new InOrder([saying('A', NONE), saying('B', Promise.resolve(NONE)), saying('B', said), last]);
    expect(await all.authenticate(query)).toBe(ANN);
    expect(last.asked).toBe(0);
  }
});

test('where nobody knows the user the first denial counts, with the challenges of all, each for this request', async () => {
  const denied = (why: string, challenges?: string[]): AuthOutcome => ({ verdict: 'denied', why, challenges });
  const all = new InOrder([
    saying('A', NONE),
    saying('B', Promise.resolve(denied('first', ['B stale']))),
    saying('C', denied('second')),
  ]);
  const outcome = await all.authenticate(query);
  expect(outcome).toEqual({ verdict: 'denied', why: 'first', challenges: ['A', 'B stale', 'C'] });
  expect(all.challenges).toEqual(['A', 'B', 'C']);
});

test('two that ask for the same ask once', async () => {
  const all = new InOrder([saying('A', NONE), saying('A', NONE), saying('B', NONE)]);
  expect(all.challenges).toEqual(['A', 'B']);
  expect(await all.authenticate(query)).toEqual({ verdict: 'none', challenges: ['A', 'B'] });
});

test('an answer for the client is handed on only if no later one knows the user', async () => {
  const answer = { status: 302, fields: [], content: '' };
  const answered: AuthOutcome = { verdict: 'answered', why: 'log in', answer };
  expect(await new InOrder([saying('A', answered), saying('B', NONE)]).authenticate(query)).toBe(answered);
  expect(await new InOrder([saying('A', answered), saying('B', ANN)]).authenticate(query)).toBe(ANN);
});

test('they read passwords if one does, and no credentials if none does', () => {
  const [without, usual] = [{ readsCredentials: false }, {}];
  expect(new InOrder([saying('A', NONE, without)]).readsCredentials).toBe(false);
  expect(new InOrder([saying('A', NONE, without), saying('B', NONE, usual)]).readsCredentials).toBe(true);
  expect(new InOrder([saying('A', NONE), saying('B', NONE, { readsPasswords: true })]).readsPasswords).toBe(true);
});

test('one that cannot say keeps none of the others from knowing the user, and is heard where nobody does', async () => {
  const error = new ProxyError('http_request_denied', 'Too many wrong passwords.', { status: 429 });
  const throwing = saying('A', NONE, {
    authenticate: () => {
      throw error;
    },
  });
  const rejecting = (): Saying => saying('A', NONE, { authenticate: () => Promise.reject(error) });
  const denied: AuthOutcome = { verdict: 'denied', why: 'wrong' };
  expect(await new InOrder([throwing, saying('B', ANN)]).authenticate(query)).toBe(ANN);
  expect(await new InOrder([rejecting(), throwing, saying('B', Promise.resolve(ANN))]).authenticate(query)).toBe(ANN);
  expect(() => new InOrder([saying('B', NONE), throwing, saying('C', denied)]).authenticate(query)).toThrow(error);
  await expect(new InOrder([rejecting(), saying('B', denied)]).authenticate(query)).rejects.toBe(error);
  expect(await new InOrder([saying('B', denied), rejecting()]).authenticate(query)).toMatchObject({ why: 'wrong' });
  const defect = saying('A', NONE, { authenticate: () => Promise.reject(new TypeError('a defect')) });
  await expect(new InOrder([defect, saying('B', ANN)]).authenticate(query)).rejects.toThrow('a defect');
});
