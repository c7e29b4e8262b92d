import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ask, basic, keepingLogger, read, RevokedNames } from '../../test-support/query.ts';
import { readVersion } from '../followed/version.ts';
import { readTokenFile, readTokens } from './token-list.ts';
import { TokenAuthenticator } from './tokens.ts';

const hash = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const { logger, lines } = keepingLogger();
const OPTIONS = { realm: 'build', groups: { jobs: ['ci'] } };

function make(tokens: Record<string, string>): TokenAuthenticator {
  return new TokenAuthenticator(OPTIONS, readTokens(tokens).content, { logger, read });
}

test('a token is known as Bearer, and as the password of its user, at once', () => {
  const auth = make({ ci: hash('one'), cd: hash('two') });
  const authenticate = (credentials: string) => ask(auth, credentials);
  const user = { verdict: 'user', user: 'ci', groups: ['jobs'] };
  return Promise.all([
    expect(authenticate('Bearer one')).resolves.toEqual(user),
    expect(authenticate(basic('ci:one'))).resolves.toEqual(user),
    expect(authenticate('Bearer two')).resolves.toEqual({ verdict: 'user', user: 'cd', groups: [] }),
  ]);
});

test.each(['Bearer three', 'Bearer', 'Bearer one two', basic('cd:one'), basic('ci:'), basic('one')])(
  '%s is denied, in the same words for all',
  async (credentials) => {
    const challenge = 'Bearer realm="build", error="invalid_token", error_description="The token is wrong."';
    expect(await ask(make({ ci: hash('one'), cd: hash('two') }), credentials)).toEqual({
      verdict: 'denied',
      why: 'The token is wrong.',
      challenges: [challenge, 'Basic realm="build", charset="UTF-8"'],
    });
  },
);

test('other credentials are not looked at', async () => {
  expect(await ask(make({}))).toEqual({ verdict: 'none' });
  expect(await ask(make({}), 'Digest username="ci"')).toEqual({ verdict: 'none' });
});

test('what is no hash of a token is named without it', () => {
  const { content, problems } = readTokenFile(
    `# ours\nci:${hash('one')}\nci:${hash('next')}\ncd:secret\n:x\nnothing\ncd:${hash('one')}\n`,
  );
  expect([...content.values()]).toEqual(['ci', 'ci']);
  expect(problems.map(({ line }) => line)).toEqual([4, 5, 6, 7]);
  expect(JSON.stringify(problems)).not.toContain('secret');
  expect(readTokens({ 'a:b': hash('one') }).problems).toHaveLength(1);
});

test('a file of tokens is followed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-tokens-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'tokens');
  await writeFile(path, `ci:${hash('one')}\n`);
  const auth = new TokenAuthenticator(OPTIONS, await readVersion({ path, name: 'tokens' }, readTokenFile, read), {
    logger,
    read,
    interval: 2,
  });
  onTestFinished(() => auth.close());
  expect(await ask(auth, 'Bearer one')).toMatchObject({ user: 'ci' });
  lines.length = 0;
  await writeFile(path, `cd:${hash('two')}\n`);
  await expect.poll(() => lines.join()).toContain('a file of tokens was read again');
  expect(await ask(auth, 'Bearer one')).toMatchObject({ verdict: 'denied' });
  expect(await ask(auth, 'Bearer two')).toMatchObject({ user: 'cd' });
});

test('a token that is revoked is denied as one that is not known', async () => {
  const revoked = new RevokedNames();
  const { content } = readTokens({ ci: hash('one'), cd: hash('two') });
  const auth = new TokenAuthenticator(OPTIONS, content, { logger, read, revoked });
  expect(await ask(auth, 'Bearer one')).toMatchObject({ verdict: 'user' });
  revoked.revoke(hash('one'));
  const denied = { verdict: 'denied', why: 'The token is wrong.' };
  expect(await ask(auth, 'Bearer one')).toMatchObject(denied);
  expect(await ask(auth, basic('ci:one'))).toMatchObject(denied);
  expect(await ask(auth, 'Bearer two')).toMatchObject({ user: 'cd' });
});
