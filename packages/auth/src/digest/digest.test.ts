import type { AuthOutcome, AuthRequest } from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { perForm } from '../../../../test/support/tiers/runs.ts';
import { ask, keepingLogger, read } from '../../test-support/query.ts';
import { readVersion } from '../followed/version.ts';
import { DigestAuthenticator, type DigestOptions } from './digest.ts';
import { type DigestAlgorithm, readDigestUsers, readHtdigest } from './digest-users.ts';
import { Nonces } from './nonces.ts';
import { readParameters } from './parameters.ts';
import { digestOf, responseOf } from './response.ts';

const { logger, lines } = keepingLogger();
const OPTIONS: DigestOptions = {
  realm: 'build',
  algorithms: ['SHA-256'],
  groups: { jobs: ['ann'] },
  setting: 'services.web.auth',
};
const BOTH: DigestAlgorithm[] = ['SHA-256', 'MD5'];

const secretOf = (user: string, password: string, algorithm: DigestAlgorithm = 'SHA-256', realm = 'build'): string =>
  digestOf(algorithm, user, realm, password);

function make(
  users: Record<string, string> = { ann: secretOf('ann', 'open') },
  more: Partial<DigestOptions> = {},
  now?: () => number,
) {
  const options = { ...OPTIONS, ...more };
  const made = new DigestAuthenticator(options, readDigestUsers(users, options.algorithms).content, {
    logger,
    read,
    now,
  });
  onTestFinished(() => made.close());
  return made;
}

const requestOf = (target = '/cart', method = 'GET'): AuthRequest => ({
  method,
  target,
  scheme: 'http',
  authority: 'shop.example',
  path: '/cart',
  fields: () => [],
});

interface Client {
  readonly user?: string;
  readonly password?: string;
  readonly uri?: string;
  readonly method?: string;
  readonly nc?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly more?: string;
}

/** What a client answers to a challenge. */
function answerTo(challenge: string, client: Client = {}): string {
  const { user = 'ann', password = 'open', uri = '/cart', method = 'GET', nc = '00000001', more = '' } = client;
  const { algorithm = 'SHA-256' } = client;
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const secret = secretOf(user, password, algorithm);
  const response = responseOf({ algorithm, secret, method, uri, nonce, nc, cnonce: 'c' });
  const common = `realm="build", uri="${uri}", algorithm=${algorithm}, nonce="${nonce}", nc=${nc}, cnonce="c", qop=auth`;
  return `Digest username="${user}", ${common}, response="${response}"${more}`;
}

const asking = (auth: DigestAuthenticator, credentials: string, request = requestOf()): Promise<AuthOutcome> =>
  ask(auth, credentials, { request });
const challengeOf = ({ challenges }: DigestAuthenticator): string => challenges[0] ?? '';
const isStale = (outcome: AuthOutcome): boolean =>
  'challenges' in outcome && outcome.challenges?.[0]?.endsWith(', stale=true') === true;

test.each([
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
] as const)('the response by %s is the one of RFC 7616 section 3.9.1', (algorithm, expected) => {
  const secret = digestOf(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life');
  const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
  const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
  const asked = { method: 'GET', uri: '/dir/index.html', nonce, nc: '00000001', cnonce };
  expect(responseOf({ algorithm, secret, ...asked })).toBe(expected);
});

test('a user with the right password is known, for each count of a nonce once', async () => {
  const auth = make();
  const challenge = challengeOf(auth);
  expect(challenge).toMatch(
    /^Digest realm="build", qop="auth", algorithm=SHA-256, nonce="[\w-]{43}", charset=UTF-8, userhash=true$/,
  );
  const user = { verdict: 'user', user: 'ann', groups: ['jobs'] };
  for (const nc of ['00000001', '00000003', '00000002', '0000000a']) {
    expect(await asking(auth, answerTo(challenge, { nc }))).toEqual(user);
  }
  for (const nc of ['00000001', '00000002', '0000000a']) {
    const again = await asking(auth, answerTo(challenge, { nc }));
    expect(again).toMatchObject({ verdict: 'denied', why: 'The nonce is too old, or was used before.' });
    expect(isStale(again)).toBe(true);
  }
});

test('a nonce is good for five minutes, and the next one is told as one that only replaces it', async () => {
  let time = 1_000;
  const auth = make(undefined, {}, () => time);
  const challenge = challengeOf(auth);
  time += 6 * 60_000;
  const late = await asking(auth, answerTo(challenge));
  expect(isStale(late)).toBe(true);
  const [next = ''] = 'challenges' in late ? (late.challenges ?? []) : [];
  expect(await asking(auth, answerTo(next))).toMatchObject({ verdict: 'user' });
});

test('a nonce of another process is stale for who knows the password, and wrong for others', async () => {
  const auth = make();
  const theirs = challengeOf(make());
  expect(isStale(await asking(auth, answerTo(theirs)))).toBe(true);
  const wrong = await asking(auth, answerTo(theirs, { password: 'no' }));
  expect(wrong.verdict).toBe('denied');
  expect(isStale(wrong)).toBe(false);
});

test.each<[string, Client]>([
  ['a wrong password', { password: 'wrong' }],
  ['an unknown user', { user: 'eve' }],
  ['another method', { method: 'PUT' }],
  ['another target', { uri: '/other' }],
  ['an algorithm that was not offered', { algorithm: 'MD5' }],
  ['a count that is none', { nc: '1' }],
  ['a parameter twice', { more: ', uri="/cart"' }],
  ['what cannot be read', { more: ', a=b c' }],
])('%s is told in the same words as all that is wrong', async (_what, client) => {
  const auth = make();
  const outcome = await asking(auth, answerTo(challengeOf(auth), client));
  expect(outcome).toMatchObject({ verdict: 'denied', why: 'The user or the password is wrong.' });
  expect(isStale(outcome)).toBe(false);
});

test('a user may be sent as a hash, or encoded', async () => {
  const auth = make({ jäsøn: secretOf('jäsøn', 'open') });
  const inLatin1 = Buffer.from('jäsøn').toString('latin1');
  const plain = answerTo(challengeOf(auth), { user: 'jäsøn' });
  for (const user of [
    `username="${inLatin1}"`,
    "username*=UTF-8''j%C3%A4s%C3%B8n",
    `username="${digestOf('SHA-256', 'jäsøn', 'build')}", userhash=true`,
  ]) {
    const fresh = answerTo(challengeOf(auth), { user: 'jäsøn' });
    expect(await asking(auth, fresh.replace('username="jäsøn"', user))).toMatchObject({ user: 'jäsøn' });
  }
  expect(await asking(auth, plain.replace('username="jäsøn"', 'username="x", userhash=true'))).toMatchObject({
    verdict: 'denied',
  });
});

test('the target of a proxy is named by its whole URL, by its path, or by host and port', async () => {
  const auth = make();
  for (const [target, uri, method] of [
    ['http://shop.example/a?b', 'http://shop.example/a?b', 'GET'],
    ['http://shop.example/a?b', '/a?b', 'GET'],
    ['http://shop.example', '/', 'GET'],
    ['shop.example:443', 'shop.example:443', 'CONNECT'],
  ] as const) {
    const credentials = answerTo(challengeOf(auth), { uri, method });
    expect(await asking(auth, credentials, requestOf(target, method))).toMatchObject({ verdict: 'user' });
  }
});

test('MD5 is offered and taken only where it is written', async () => {
  const users = { ann: secretOf('ann', 'open', 'MD5') };
  const auth = make(users, { algorithms: BOTH });
  expect(auth.challenges.map((challenge) => /algorithm=([^,]+)/.exec(challenge)?.[1])).toEqual(BOTH);
  const old = answerTo(challengeOf(auth), { algorithm: 'MD5' }).replace('algorithm=MD5, ', '');
  expect(await asking(auth, old)).toMatchObject({ verdict: 'user' });
  expect(readDigestUsers(users, ['SHA-256']).problems).toMatchObject([{ user: 'ann' }]);
});

test('who guesses has to wait, and others with the user from elsewhere do not', async () => {
  const auth = make();
  const guessing = async (): Promise<void> => {
    for (let count = 0; count < 7; count += 1) await asking(auth, answerTo(challengeOf(auth), { password: 'no' }));
  };
  await expect(guessing()).rejects.toMatchObject({ status: 429 });
  const elsewhere = { from: '198.51.100.1', request: requestOf() };
  expect(await ask(auth, answerTo(challengeOf(auth)), elsewhere)).toMatchObject({ verdict: 'user' });
});

test('other schemes, and logins without a request, are not looked at', async () => {
  const auth = make();
  expect(await asking(auth, 'Basic YTpi')).toEqual({ verdict: 'none' });
  expect(await ask(auth, answerTo(challengeOf(auth)))).toEqual({ verdict: 'none' });
});

test('what was used of nonces is forgotten only together with the nonces', () => {
  let time = 0;
  const most = perForm(10_000, 500);
  const nonces = new Nonces(() => time, most);
  const first = nonces.make();
  expect(nonces.use(first, 1)).toBe(true);
  time = 1;
  for (let count = 0; count < most; count += 1) nonces.use(nonces.make(), 1);
  expect(nonces.use(first, 1)).toBe(false);
  expect(nonces.use(first, 2)).toBe(false);
  time = 2;
  expect(nonces.use(nonces.make(), 1)).toBe(true);
  time = 3;
  const last = nonces.make();
  expect(nonces.use(last, 200)).toBe(true);
  expect(nonces.use(last, 100)).toBe(false);
  expect(nonces.use(`${last}=`, 201)).toBe(false);
  expect(nonces.use('AAAA', 1)).toBe(false);
});

test('parameters are read as they are quoted', () => {
  expect(readParameters('Digest a="b\\"c, d", e=f')).toEqual(
    new Map([
      ['a', 'b"c, d'],
      ['e', 'f'],
    ]),
  );
  expect(readParameters('Digest a="b')).toBeUndefined();
  expect(readParameters(`Digest a="${'x'.repeat(9_000)}"`)).toBeUndefined();
});

test('of an htdigest file the lines of the realm count, and what is wrong is named without the hash', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-htdigest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'users');
  await writeFile(path, `# ours\nann:build:${secretOf('ann', 'open')}\nann:other:${'0'.repeat(64)}\n`);
  const parse = (text: string) => readHtdigest(text, 'build', ['SHA-256']);
  const auth = new DigestAuthenticator(OPTIONS, await readVersion({ path, name: 'users' }, parse, read), {
    logger,
    read,
    interval: 2,
  });
  onTestFinished(() => auth.close());
  expect(await asking(auth, answerTo(challengeOf(auth)))).toMatchObject({ user: 'ann' });
  lines.length = 0;
  await writeFile(path, `bob:build:${secretOf('bob', 'open')}\n`);
  await expect.poll(() => lines.join()).toContain('a file of users was read again');
  expect(await asking(auth, answerTo(challengeOf(auth)))).toMatchObject({ verdict: 'denied' });
  expect(await asking(auth, answerTo(challengeOf(auth), { user: 'bob' }))).toMatchObject({ user: 'bob' });
  const { problems } = parse(`ann\nann:build:secret\nann:build:${'0'.repeat(32)}\n`);
  expect(problems.map(({ line }) => line)).toEqual([1, 2, 3]);
  expect(JSON.stringify(problems)).not.toContain('secret');
  expect(parse('ann:other:x\n').problems).toMatchObject([{ message: 'no user is of the realm "build".' }]);
});
