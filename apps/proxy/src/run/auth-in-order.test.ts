import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { basic, get, running, startEcho } from '../../test-support/authenticated.ts';
import type { ConfigInput } from '../config/input/config-input.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** Of the password `U*U`, and cheap. */
const HASH = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';

/** A service that asks in every way that needs no listener of its own, and a token of its issuer. */
async function everyWay() {
  const folder = await mkdtemp(join(tmpdir(), 'inband-ways-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keys = join(folder, 'jwks.json');
  await writeFile(keys, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'signed', iss: 'id', aud: 'inband', exp: Math.floor(Date.now() / 1_000) + 3_600 };
  const text = `${part({ alg: 'EdDSA' })}.${part(claims)}`;
  const signed = `${text}.${signBytes(null, Buffer.from(text), privateKey).toString('base64url')}`;
  const auth = [
    { type: 'certificate' },
    { type: 'address', zones: ['office'] },
    { type: 'digest', realm: 'build', users: { hashed: `sha256:${sha256('hashed:build:open')}` } },
    { type: 'bearer', keys: { file: keys }, issuer: 'id', audience: 'inband' },
    { type: 'token', tokens: { job: `sha256:${sha256('random')}` } },
    { type: 'basic', users: { ann: HASH } },
  ];
  return { auth, signed };
}

const services = (auth: unknown): ConfigInput['services'] =>
  ({
    web: {
      mode: 'forward',
      auth,
      access: [{ allow: { servers: ['127.0.0.0/8'] } }],
      routes: [{ chainer: { type: 'inband' } }],
    },
  }) as ConfigInput['services'];

/** What a client answers to a challenge of `digest`. */
function digestFor(asked: string): string {
  const nonce = /Digest realm="build"[^\r]*nonce="([^"]+)"/.exec(asked)?.[1] ?? '';
  const uri = 'http://127.0.0.2/';
  const response = sha256(
    [sha256('hashed:build:open'), nonce, '00000001', 'c', 'auth', sha256(`GET:${uri}`)].join(':'),
  );
  return `Digest username="hashed", realm="build", uri="${uri}", algorithm=SHA-256, nonce="${nonce}", nc=00000001, cnonce="c", qop=auth, response="${response}"`;
}

test('each way gets the credentials of its own scheme, and who nobody knows is told all challenges in their order', async () => {
  const { auth, signed } = await everyWay();
  const zones = { office: ['127.9.0.0/16'] };
  await running(
    services(auth),
    async ({ network, ask, summaries }) => {
      const echo = await startEcho(network);
      const asked = await ask(get());
      const schemes = [...asked.matchAll(/\r\nProxy-Authenticate: (\w+)/g)].map(([, scheme]) => scheme);
      expect(asked).toMatch(/^HTTP\/1\.1 407 /);
      expect(schemes).toEqual(['Digest', 'Bearer', 'Basic']);
      for (const credentials of [
        digestFor(asked),
        `Bearer ${signed}`,
        'Bearer random',
        basic('job:random'),
        basic('ann:U*U'),
      ]) {
        expect(await ask(get(credentials))).toMatch(/^HTTP\/1\.1 200 /);
      }
      // The nonce was used, and the reason of the first way that found something wrong is told.
      const again = await ask(get(digestFor(asked)));
      expect(again).toMatch(/^HTTP\/1\.1 407 [^]*stale=true[^]*The nonce is too old, or was used before\./);
      await echo.close();
      expect(summaries.map(({ who }) => who.user)).toEqual([
        undefined,
        'hashed',
        'signed',
        'job',
        'job',
        'ann',
        undefined,
      ]);
      expect(JSON.stringify(summaries)).not.toMatch(/random|eyJ|open|U\*U/);
    },
    {},
    { zones },
  );
});

test('a client in a zone that is a user is not asked for anything', async () => {
  const { auth } = await everyWay();
  await running(
    services(auth),
    async ({ network, ask, summaries }) => {
      const echo = await startEcho(network);
      expect(await ask(get())).toMatch(/^HTTP\/1\.1 200 /);
      await echo.close();
      expect(summaries.map(({ who }) => who.user)).toEqual(['office']);
    },
    {},
    { zones: { office: ['127.0.0.1/32'] } },
  );
});
