import type { AuthOutcome } from '@inband/core';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ask, basic, keepingLogger, read, RevokedNames } from '../../test-support/query.ts';
import { readVersion } from '../followed/version.ts';
import { Verifications } from '../guard/verifications.ts';
import { BearerAuthenticator, type BearerOptions } from './bearer.ts';
import { readKeySet } from './key-set.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let ours: Keys;
let theirs: Keys;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
});

const { logger, lines } = keepingLogger();
const toClose: { close(): void }[] = [];
afterEach(() => {
  for (const each of toClose.splice(0)) each.close();
  lines.length = 0;
});

class Counted extends Verifications {
  count = 0;
  override run<T>(network: string, verify: () => Promise<T>): Promise<T> {
    this.count += 1;
    return super.run(network, verify);
  }
}

const OPTIONS: BearerOptions = {
  realm: 'build',
  issuer: 'https://id.example',
  audience: ['inband', 'proxy'],
  algorithms: ['ES256', 'RS256'],
  claims: { user: 'sub', groups: 'groups' },
  asPassword: false,
  groups: { jobs: ['ci'] },
  setting: 'services.web.auth',
};

const setOf = async ({ publicKey }: Keys, kid = 'one'): Promise<string> =>
  JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256' }] });

async function make(
  more: Partial<BearerOptions> = {},
  verifications = new Counted(),
  revoked?: RevokedNames,
): Promise<BearerAuthenticator> {
  const version = { name: 'keys', path: '/nowhere', content: readKeySet(await setOf(ours)).content, stamp: 'none' };
  const made = new BearerAuthenticator({ ...OPTIONS, ...more }, version, { logger, read, verifications, revoked });
  toClose.push(made);
  return made;
}

interface Signing {
  readonly claims?: JWTPayload;
  readonly keys?: Keys;
  readonly kid?: string;
  readonly expires?: string;
}

function sign({ claims = {}, keys = ours, kid = 'one', expires = '5m' }: Signing = {}): Promise<string> {
  const usual = { sub: 'ci', iss: 'https://id.example', aud: 'inband', groups: ['builders'] };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setExpirationTime(expires)
    .sign(keys.privateKey);
}

const bearer = (token: string): string => `Bearer ${token}`;
const why = (outcome: AuthOutcome): unknown => ('why' in outcome ? outcome.why : outcome.verdict);

describe('a signed token', () => {
  test('says who its user is and in which groups, and is verified once', async () => {
    const verifications = new Counted();
    const auth = await make({}, verifications);
    const token = await sign();
    const user = { verdict: 'user', user: 'ci', groups: ['builders', 'jobs'] };
    expect(await Promise.all([ask(auth, bearer(token)), ask(auth, bearer(token))])).toEqual([user, user]);
    expect(await ask(auth, `bearer  ${token}`)).toEqual(user);
    expect(await ask(auth, bearer(token))).toEqual(user);
    // The one in other words is another one to the cache.
    expect(verifications.count).toBe(2);
  });

  test('is refused at once when its id or its hash is revoked, although it was good before', async () => {
    const revoked = new RevokedNames();
    const auth = await make({}, new Counted(), revoked);
    const [one, other] = [await sign({ claims: { jti: 'one' } }), await sign({ claims: { jti: 'other' } })];
    const verdicts = async (): Promise<unknown[]> =>
      (await Promise.all([ask(auth, bearer(one)), ask(auth, bearer(other))])).map(why);
    expect(await verdicts()).toEqual(['user', 'user']);
    revoked.revoke('jti:one');
    expect(await verdicts()).toEqual(['The token was revoked.', 'user']);
    revoked.revoke(`sha256:${createHash('sha256').update(other).digest('hex')}`);
    expect(await verdicts()).toEqual(['The token was revoked.', 'The token was revoked.']);
    revoked.restore('jti:one');
    expect(await verdicts()).toEqual(['user', 'The token was revoked.']);
  });

  test('may have its user and groups in other claims', async () => {
    const auth = await make({ claims: { user: 'kubernetes.io.serviceaccount.name', groups: 'realm_access.roles' } });
    const claims = {
      'kubernetes.io': { serviceaccount: { name: 'system:serviceaccount:ci' } },
      realm_access: { roles: 'builders' },
    };
    const outcome = await ask(auth, bearer(await sign({ claims })));
    expect(outcome).toMatchObject({ user: 'system:serviceaccount:ci', groups: ['builders'] });
    expect(why(await ask(auth, bearer(await sign())))).toBe(
      'The claim "kubernetes.io.serviceaccount.name" of the token is no user.',
    );
  });

  test.each<[string, Signing, string]>([
    ['has expired', { expires: '-5m' }, 'The token has expired.'],
    [
      'is for others',
      { claims: { aud: 'other' } },
      'The claim "aud" of the token is not the one that is expected here.',
    ],
    [
      'is of another issuer',
      { claims: { iss: 'a' } },
      'The claim "iss" of the token is not the one that is expected here.',
    ],
    ['has a user with a line end', { claims: { sub: 'a\r\nb' } }, 'The claim "sub" of the token is no user.'],
    ['names another key', { kid: 'two' }, 'The token is not signed by a key that counts here.'],
  ])('is denied if it %s', async (_what, signing, expected) => {
    const outcome = await ask(await make(), bearer(await sign(signing)));
    expect(why(outcome)).toBe(expected);
    const said = expected.replaceAll('"', "'");
    expect(outcome).toMatchObject({
      challenges: [`Bearer realm="build", error="invalid_token", error_description="${said}"`],
    });
  });

  test('is denied if somebody else has signed it, nobody, or the public key as a secret', async () => {
    const auth = await make();
    const [, payload] = (await sign()).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(ours.publicKey)));
    const asSecret = await new SignJWT({ sub: 'ci', iss: 'https://id.example', aud: 'inband' })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setExpirationTime('5m')
      .sign(secret);
    for (const token of [await sign({ keys: theirs }), `${none}.${payload}.`, asSecret, 'a.b.c', 'x'.repeat(20_000)]) {
      expect((await ask(auth, bearer(token))).verdict).toBe('denied');
    }
    expect(JSON.stringify(lines)).not.toContain(payload);
  });

  test('is denied without an end', async () => {
    const token = await new SignJWT({ sub: 'ci', iss: 'https://id.example', aud: 'inband' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(ours.privateKey);
    expect(why(await ask(await make(), bearer(token)))).toMatch(/^The claim "exp"/);
  });

  test('is the password of Basic only where that is said', async () => {
    const credentials = basic(`whoever:${await sign()}`);
    expect(await ask(await make(), credentials)).toEqual({ verdict: 'none' });
    const auth = await make({ asPassword: true });
    expect(auth.challenges).toEqual(['Bearer realm="build"', 'Basic realm="build", charset="UTF-8"']);
    expect(auth.readsPasswords).toBe(true);
    expect(await ask(auth, credentials)).toMatchObject({ user: 'ci' });
  });

  test('that is forged again and again has to wait, one that has expired has not', async () => {
    const auth = await make();
    for (let count = 0; count < 8; count += 1) {
      await ask(auth, bearer(await sign({ expires: '-5m', claims: { jti: String(count) } })));
    }
    const forging = async (): Promise<void> => {
      for (let count = 0; count < 8; count += 1) {
        await ask(auth, bearer(await sign({ keys: theirs, claims: { jti: String(count) } })));
      }
    };
    await expect(forging()).rejects.toMatchObject({ status: 429 });
  });
});

test('other credentials are not looked at', async () => {
  const auth = await make();
  for (const credentials of [undefined, 'Negotiate abc', basic('a:b'), 'Bearerx']) {
    expect(await ask(auth, credentials)).toEqual({ verdict: 'none' });
  }
});

test('a file of keys is followed, and one with a private key is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-keys-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'keys.json');
  await writeFile(path, await setOf(ours));
  const version = await readVersion({ path, name: 'keys.json' }, readKeySet, read);
  const auth = new BearerAuthenticator(OPTIONS, version, { logger, read, interval: 2 });
  toClose.push(auth);
  const token = await sign();
  expect(await ask(auth, bearer(token))).toMatchObject({ verdict: 'user' });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  await writeFile(path, JSON.stringify({ keys: [await exportJWK(privateKey)] }));
  await expect.poll(() => lines.join('\n')).toMatch(/a file of keys cannot be used[^]*private/);
  expect(await ask(auth, bearer(token))).toMatchObject({ verdict: 'user' });
  await writeFile(path, await setOf(theirs));
  await expect.poll(() => lines.join('\n')).toContain('a file of keys was read again');
  expect(await ask(auth, bearer(token))).toMatchObject({ verdict: 'denied' });
  expect(await ask(auth, bearer(await sign({ keys: theirs })))).toMatchObject({ verdict: 'user' });
});

test.each(['', 'x', '[]', '{}', '{"keys":{}}'])('the text %j is no set of keys', (text) => {
  expect(readKeySet(text).problems).toHaveLength(1);
});

describe('keys at a URL', () => {
  /** A server on loopback that answers with what `said.body` is at that time. */
  async function startKeys(body: string) {
    const said = { body, status: 200, asked: 0, isSilent: false };
    const server = createServer((_request, response) => {
      said.asked += 1;
      if (said.isSilent) return;
      response.writeHead(said.status, { connection: 'close' }).end(said.body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    return { said, url: `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/keys` };
  }

  function fetching(url: string, now?: () => number, verifications = new Verifications()): BearerAuthenticator {
    const made = new BearerAuthenticator(OPTIONS, url, { logger, read, verifications, ...(now && { now }) });
    toClose.push(made);
    return made;
  }

  test('are fetched once, with the first token, and again when a token names another one', async () => {
    const { url, said } = await startKeys(await setOf(ours));
    let time = 0;
    const auth = fetching(url, () => time);
    expect(said.asked).toBe(0);
    for (const jti of ['a', 'b']) {
      expect(await ask(auth, bearer(await sign({ claims: { jti } })))).toMatchObject({ verdict: 'user' });
    }
    expect(said.asked).toBe(1);
    said.body = await setOf(theirs, 'two');
    const next = await sign({ keys: theirs, kid: 'two' });
    // Not at once, so that nobody makes the proxy ask again and again.
    expect(await ask(auth, bearer(next))).toMatchObject({ verdict: 'denied' });
    expect(said.asked).toBe(1);
    time += 60_000;
    expect(await ask(auth, bearer(next))).toMatchObject({ verdict: 'user' });
    expect(said.asked).toBe(2);
  });

  test('stay in use for a day while they cannot be fetched, which is logged once; then tokens are a 503', async () => {
    const { url, said } = await startKeys(await setOf(ours));
    let time = 0;
    const auth = fetching(url, () => time);
    expect(await ask(auth, bearer(await sign()))).toMatchObject({ verdict: 'user' });
    said.status = 500;
    for (const jti of ['a', 'b', 'c']) {
      time += 3_600_000;
      expect(await ask(auth, bearer(await sign({ claims: { jti } })))).toMatchObject({ verdict: 'user' });
      await expect.poll(() => said.asked).toBeGreaterThan(1);
    }
    await expect.poll(() => lines.filter((line) => line.includes('cannot be fetched'))).toHaveLength(1);
    time += 24 * 3_600_000;
    await expect(ask(auth, bearer(await sign({ claims: { jti: 'd' } })))).rejects.toMatchObject({ status: 503 });
  });

  test('that do not come keep nobody from being verified who does not need them', async () => {
    const { url, said } = await startKeys(await setOf(ours));
    let time = 0;
    const verifications = new Verifications(1, 1);
    const auth = fetching(url, () => time, verifications);
    expect(await ask(auth, bearer(await sign()))).toMatchObject({ verdict: 'user' });
    time += 60_000;
    said.isSilent = true;
    const unknown = ['a', 'b', 'c', 'd'].map(async (jti) =>
      ask(auth, bearer(await sign({ keys: theirs, kid: 'two', claims: { jti } }))),
    );
    const settled = Promise.allSettled(unknown);
    await expect.poll(() => said.asked).toBe(2);
    expect(await verifications.run('192.0.2.7', () => Promise.resolve('somebody else'))).toBe('somebody else');
    expect(await ask(auth, bearer(await sign({ claims: { jti: 'e' } })))).toMatchObject({ verdict: 'user' });
    auth.close();
    await settled;
  });

  test.each([
    ['that are too long', ' '.repeat(300_000)],
    ['that are none', '<html>'],
  ])('%s are a 503, and no wrong token', async (_what, body) => {
    const { url } = await startKeys(body);
    const asked = ask(fetching(url), bearer(await sign()));
    await expect(asked).rejects.toMatchObject({ status: 503, setting: 'services.web.auth' });
  });
});
