import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { basic, get, running, startEcho } from '../../test-support/authenticated.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';

const services = (auth: unknown, mode = 'forward', rest = {}): ConfigInput['services'] =>
  ({
    web: {
      mode,
      auth,
      access: [{ allow: { groups: ['jobs'], servers: ['127.0.0.0/8'] } }, { deny: { reason: 'Only jobs.' } }],
      routes: [{ chainer: mode === 'forward' ? { type: 'inband' } : { type: 'directed', remote: '127.0.0.2:80' } }],
      ...rest,
    },
  }) as ConfigInput['services'];

const hash = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const TOKENS = {
  type: 'token',
  tokens: { ci: hash('token-of-ci'), cd: hash('token-of-cd') },
  groups: { jobs: ['ci'] },
};

test('a token lets its user through, as Bearer and as a password, and is told neither to servers nor to the log', async () => {
  await running(services(TOKENS), async ({ network, ask, summaries }) => {
    const echo = await startEcho(network);
    const asked = await ask(get());
    expect(asked).toMatch(
      /^HTTP\/1\.1 407 [^]*\r\nProxy-Authenticate: Bearer realm="inband"\r\nProxy-Authenticate: Basic /,
    );
    const wrong = await ask(get('Bearer wrong'));
    expect(wrong).toMatch(/^HTTP\/1\.1 407 [^]*Bearer realm="inband", error="invalid_token"/);
    for (const credentials of ['Bearer token-of-ci', basic('ci:token-of-ci')]) {
      const through = await ask(get(credentials));
      expect(through).toMatch(/^HTTP\/1\.1 200 /);
      expect(through.toLowerCase()).not.toContain('authorization');
    }
    expect(await ask(get('Bearer token-of-cd'))).toMatch(/^HTTP\/1\.1 403 [^]*Only jobs\./);
    await echo.close();
    expect(summaries.map(({ who }) => who.user)).toEqual([undefined, undefined, 'ci', 'ci', 'cd']);
    expect(JSON.stringify(summaries)).not.toMatch(/token-of|dG9rZW4/);
  });
});

test('a token is good for SOCKS, too', async () => {
  await running(
    services(TOKENS),
    async ({ network, ask }) => {
      const echo = await startEcho(network);
      const login = `\x01\x02ci\x0btoken-of-ci`;
      const request = '\x05\x01\x00\x01\x7f\x00\x00\x02\x00\x50';
      const answer = await ask(`\x05\x01\x02${login}${request}GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(answer).toMatch(/HTTP\/1\.1 200 OK/);
      await echo.close();
    },
    { accept: ['http', 'socks5'] },
  );
});

test('a reverse proxy asks for a signed token by 401, and takes the groups in it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-jwks-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  await writeFile(join(folder, 'jwks.json'), JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = (groups: string[]): string => {
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    const claims = { sub: 'ann', iss: 'https://id.example', aud: 'shop', exp, groups };
    const text = `${part({ alg: 'EdDSA' })}.${part(claims)}`;
    return `${text}.${signBytes(null, Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const auth = {
    type: 'bearer',
    realm: 'shop',
    keys: { file: join(folder, 'jwks.json') },
    issuer: 'https://id.example',
    audience: 'shop',
  };
  await running(services(auth, 'reverse'), async ({ network, ask, summaries }) => {
    const echo = await startEcho(network);
    const asking = (credentials?: string) => ask(get(credentials, 'GET / HTTP/1.1', 'Authorization'));
    expect(await asking()).toMatch(/^HTTP\/1\.1 401 [^]*\r\nWWW-Authenticate: Bearer realm="shop"\r\n/);
    const through = await asking(`Bearer ${signed(['jobs'])}`);
    expect(through).toMatch(/^HTTP\/1\.1 200 /);
    expect(through.toLowerCase()).not.toContain('authorization');
    expect(await asking(`Bearer ${signed(['people'])}`)).toMatch(/^HTTP\/1\.1 403 /);
    await echo.close();
    expect(summaries.map(({ who }) => who.user)).toEqual([undefined, 'ann', 'ann']);
    expect(JSON.stringify(summaries)).not.toContain('eyJ');
  });
});

test('a zone is a user, without a word of the client', async () => {
  const auth = { type: 'address', zones: ['build'], groups: { jobs: ['build'] } };
  const zones = { build: ['127.0.0.1/32'] };
  await running(
    services(auth),
    async ({ network, ask, summaries }) => {
      const echo = await startEcho(network);
      expect(await ask(get())).toMatch(/^HTTP\/1\.1 200 /);
      await echo.close();
      expect(summaries.map(({ who }) => who.user)).toEqual(['build']);
    },
    {},
    { zones },
  );
});

test('where nobody reads Authorization a reverse proxy leaves it to the server', async () => {
  const auth = { type: 'address', zones: ['loopback'], groups: { jobs: ['loopback'] } };
  await running(services(auth, 'reverse'), async ({ network, ask }) => {
    const echo = await startEcho(network);
    expect(await ask(get('Basic YTpi', 'GET / HTTP/1.1', 'Authorization'))).toContain('Authorization: Basic YTpi');
    await echo.close();
  });
});

const problemsOf = async (auth: unknown): Promise<string> => {
  const value = { listeners: [{ bind: '127.0.0.1:0', service: 'web' }], services: services(auth) };
  return parseConfig({ value, baseDirectory: '/nowhere' }).then(({ warnings }) => warnings.join('\n'), String);
};

test('what is wrong with tokens, keys and zones is said where it is written', async () => {
  expect(await problemsOf({ type: 'token', tokens: { ci: 'secret' } })).toMatch(/auth\.tokens\.ci: expected "sha256:"/);
  expect(await problemsOf({ type: 'token', tokens: { ci: 'secret' } })).not.toContain('"secret"');
  expect(await problemsOf({ type: 'token' })).toMatch(/expected either "tokens" or "file"/);
  const bearer = { type: 'bearer', issuer: 'a', audience: 'b' };
  expect(await problemsOf({ ...bearer, keys: { file: 'none' } })).toMatch(/auth\.keys\.file: none: the file cannot/);
  expect(await problemsOf({ ...bearer, keys: { url: 'http://u:p@a/' } })).toMatch(/auth\.keys\.url: expected a URL/);
  expect(await problemsOf({ ...bearer, keys: {}, algorithms: ['none'] })).toMatch(/auth\.algorithms\[0\]: /);
  expect(await problemsOf([{ type: 'address', zones: ['privat'] }])).toMatch(/auth\[0\]\.zones\[0\]: [^]*"private"/);
});
