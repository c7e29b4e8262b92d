import { beforeEach, expect, test } from 'vitest';
import { InstantClock } from '../../test-support/clocks.ts';
import { BASE, FakeCa } from '../../test-support/fake-ca.ts';
import { MemoryAccount, newAccountKey } from '../../test-support/stand-ins.ts';
import { AcmeClient } from './acme-client.ts';
import type { AcmeClientOptions } from './account.ts';

const { signal } = new AbortController();
let clock: InstantClock;
let ca: FakeCa;
let account: MemoryAccount;

beforeEach(() => {
  clock = new InstantClock();
  ca = new FakeCa(clock);
  account = new MemoryAccount();
});

async function client(options: Partial<AcmeClientOptions> = {}): Promise<AcmeClient> {
  const all = { directory: `${BASE}/directory`, email: 'ops@example.com', ...options };
  return new AcmeClient(all, ca.ask, await newAccountKey(), account, clock);
}

test('the first order makes one account, with its address, and the next one uses it', async () => {
  const acme = await client();
  await Promise.all([acme.newOrder({ hosts: ['a.example'] }, signal), acme.newOrder({ hosts: ['b.example'] }, signal)]);
  expect(ca.count('POST /account')).toBe(1);
  expect(Array.from(ca.accounts.values(), ({ contact }) => contact)).toEqual([['mailto:ops@example.com']]);
  expect(ca.orders.map(({ hosts }) => String(hosts)).toSorted()).toEqual(['a.example', 'b.example']);
  expect(account.url).toBe([...ca.accounts.keys()][0]);
});

test('another address is told to the CA', async () => {
  const key = await newAccountKey();
  const ask = (email: string) => new AcmeClient({ directory: `${BASE}/directory`, email }, ca.ask, key, account, clock);
  await ask('ops@example.com').newOrder({ hosts: ['a.example'] }, signal);
  await ask('new@example.com').newOrder({ hosts: ['a.example'] }, signal);
  expect(Array.from(ca.accounts.values(), ({ contact }) => contact)).toEqual([['mailto:new@example.com']]);
});

test('an account that the CA has forgotten is made anew by the next request', async () => {
  const acme = await client();
  await acme.newOrder({ hosts: ['a.example'] }, signal);
  ca.accounts.clear();
  await expect(acme.newOrder({ hosts: ['a.example'] }, signal)).rejects.toThrow(
    'The CA refuses an order: who are you?',
  );
  await acme.newOrder({ hosts: ['a.example'] }, signal);
  expect(ca.accounts.size).toBe(1);
});

test('an account of a customer is bound by the key that the CA gave', async () => {
  ca.behaviour.externalAccountRequired = true;
  await expect((await client()).newOrder({ hosts: ['a.example'] }, signal)).rejects.toMatchObject({ kind: 'setting' });
  const externalAccount = { kid: 'kid-1', hmacKey: Buffer.from('secret').toString('base64url') };
  await (await client({ externalAccount })).newOrder({ hosts: ['a.example'] }, signal);
  const [{ binding } = { binding: undefined }] = ca.accounts.values();
  const header = Buffer.from((binding as { protected: string }).protected, 'base64url').toString();
  expect(JSON.parse(header)).toEqual({ alg: 'HS256', kid: 'kid-1', url: `${BASE}/account` });
});

test('a request is sent again with a new nonce when the CA does not like the first one', async () => {
  ca.behaviour.badNonces = 5;
  const { order } = await (await client()).newOrder({ hosts: ['a.example'] }, signal);
  expect(order.status).toBe('pending');
  // Each refusal brings a nonce, so that only the first one is asked for.
  expect(ca.count('HEAD /nonce')).toBe(1);
});

test('a CA that likes no nonce is given up', async () => {
  ca.behaviour.badNonces = 1000;
  await expect((await client()).newOrder({ hosts: ['a.example'] }, signal)).rejects.toMatchObject({
    problem: 'badNonce',
  });
  expect(ca.count('POST /account')).toBe(10);
});

test('a rate limit is said as one, with the time that the CA gives', async () => {
  const body = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many certificates already issued' };
  ca.behaviour.intercept = ({ url, method }) =>
    method === 'POST' && url.endsWith('/order') ? { status: 429, body, fields: { 'retry-after': '7200' } } : undefined;
  await expect((await client()).newOrder({ hosts: ['a.example'] }, signal)).rejects.toMatchObject({
    kind: 'rate-limited',
    retryAt: clock.now() + 7_200_000,
    message: 'The CA limits an order: too many certificates already issued.',
  });
});

test.each<[string, object, string]>([
  ['no JSON', { body: '<html>' }, 'is no JSON'],
  ['another status', { body: { status: 'odd', authorizations: [], finalize: `${BASE}/f` } }, 'at status'],
  ['a URL without TLS', { body: { status: 'ready', authorizations: [], finalize: 'http://ca.test/f' } }, 'at finalize'],
  [
    'no place',
    { body: { status: 'ready', authorizations: [], finalize: `${BASE}/f` } },
    'does not say where the order is',
  ],
])('an answer with %s is refused', async (_, given, message) => {
  ca.behaviour.intercept = ({ url, method }) => (method === 'POST' && url.endsWith('/order') ? given : undefined);
  const asked = (await client()).newOrder({ hosts: ['a.example'] }, signal);
  await expect(asked).rejects.toMatchObject({
    kind: 'unexpected',
    message: expect.stringContaining(message) as string,
  });
});

test('what the CA says of each name is in the error, in one line', async () => {
  const subproblems = [{ type: 'x', detail: 'no A\nrecord', identifier: { value: 'a.example' } }];
  const body = { type: 'urn:ietf:params:acme:error:rejectedIdentifier', detail: 'some were refused', subproblems };
  ca.behaviour.intercept = ({ url, method }) =>
    method === 'POST' && url.endsWith('/order') ? { status: 400, body } : undefined;
  await expect((await client()).newOrder({ hosts: ['a.example'] }, signal)).rejects.toMatchObject({
    kind: 'refused',
    problem: 'rejectedIdentifier',
    message: 'The CA refuses an order: some were refused; a.example: no A record.',
  });
});

test('a profile is ordered if the CA has it, and refused with those that it has', async () => {
  ca.behaviour.profiles = { classic: 'https://ca.test/classic', shortlived: 'https://ca.test/short' };
  const acme = await client();
  await acme.newOrder({ hosts: ['a.example'], profile: 'shortlived' }, signal);
  expect(ca.orders[0]?.payload).toMatchObject({ profile: 'shortlived' });
  await expect(acme.newOrder({ hosts: ['a.example'], profile: 'long' }, signal)).rejects.toMatchObject({
    kind: 'setting',
    message: 'acme.profile: the CA has no profile "long". It offers: classic, shortlived.',
  });
});

test('the certificate that is replaced is named only to a CA with renewal information', async () => {
  await (await client()).newOrder({ hosts: ['a.example'], replaces: 'x.y' }, signal);
  account = new MemoryAccount();
  ca.behaviour.window = { start: '2026-01-02T00:00:00Z', end: '2026-01-03T00:00:00Z' };
  await (await client()).newOrder({ hosts: ['a.example'], replaces: 'x.y' }, signal);
  expect(ca.orders.map(({ payload }) => payload.replaces)).toEqual([undefined, 'x.y']);
});

test('a window that ends before it begins is refused', async () => {
  ca.behaviour.window = { start: '2026-01-03T00:00:00Z', end: '2026-01-02T00:00:00Z' };
  await expect((await client()).renewalWindow('x.y', signal)).rejects.toMatchObject({ kind: 'unexpected' });
});
