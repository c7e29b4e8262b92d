import { type AuthOutcome, createMemoryNetwork, inetAddr, type Logger } from '@inband/core';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Verifications } from '../guard/verifications.ts';
import { BasicAuthenticator } from './basic.ts';
import { type ReadBounded, readVersion } from '../followed/version.ts';
import { readHtpasswd, readUsers } from './users.ts';

/** Of the password `U*U`, and cheap. */
const HASH = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';

const lines: string[] = [];
const tell = (_fields: object, message: string): void => void lines.push(message);
const logger: Logger = { debug: tell, info: tell, warn: tell, error: tell };

const read: ReadBounded = async (path) => {
  const { size, mtimeNs, ctimeNs, dev, ino } = await stat(path, { bigint: true });
  return { text: await readFile(path, 'utf8'), stamp: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}` };
};

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

function make(users: Record<string, string>, verifications = new Verifications()): BasicAuthenticator {
  const options = { realm: 'build', groups: { jobs: ['ann', 'bob'], all: ['ann'] }, setting: 'services.web.auth' };
  const made = new BasicAuthenticator(options, readUsers(users).content, { logger, read, verifications });
  toClose.push(made);
  return made;
}

const address = inetAddr('127.0.0.1', 1_024)!;
const { server: connection } = createMemoryNetwork().connectPair();
const client = { id: 1, connection, address, local: address, listener: address };
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

async function ask(of: Pick<BasicAuthenticator, 'authenticate'>, credentials?: string): Promise<AuthOutcome> {
  return of.authenticate({ client, credentials });
}

test('a user with the right password has a name and groups, and the second time there is no promise', async () => {
  const auth = make({ ann: HASH });
  const user = { verdict: 'user', user: 'ann', groups: ['jobs', 'all'] };
  expect(await ask(auth, basic('ann:U*U'))).toEqual(user);
  expect(auth.authenticate({ client, credentials: basic('ann:U*U') })).toEqual(user);
  expect(auth.challenges).toEqual(['Basic realm="build", charset="UTF-8"']);
});

test('a wrong password and an unknown user are told the same, and cost a verification each', async () => {
  const verifications = new Counted();
  const auth = make({ ann: HASH }, verifications);
  const denied = { verdict: 'denied', why: 'The user or the password is wrong.' };
  expect(await ask(auth, basic('ann:wrong'))).toEqual(denied);
  expect(await ask(auth, basic('eve:U*U'))).toEqual(denied);
  expect(verifications.count).toBe(2);
  expect(await ask(auth, basic('eve:U*U'))).toEqual(denied);
  expect(verifications.count).toBe(2);
});

test('many connections with the same credentials cost one verification', async () => {
  const verifications = new Counted();
  const auth = make({ ann: HASH }, verifications);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => ask(auth, basic('ann:U*U'))));
  expect(new Set(outcomes.map(({ verdict }) => verdict))).toEqual(new Set(['user']));
  expect(verifications.count).toBe(1);
});

test('guesses that come at once are no more than guesses one after another', async () => {
  const verifications = new Counted();
  const auth = make({ ann: HASH }, verifications);
  const guesses = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => ask(auth, basic(`ann:${index}`))));
  expect(guesses.filter(({ status }) => status === 'rejected')).toHaveLength(14);
  expect(verifications.count).toBe(6);
  await expect(ask(auth, basic('ann:21'))).rejects.toMatchObject({ status: 429 });
});

test('a guess that nobody had time to look at is none', async () => {
  const auth = make({ ann: HASH }, new Verifications(0, 0));
  for (let count = 0; count < 9; count += 1) {
    await expect(ask(auth, basic(`ann:${count}`))).rejects.toMatchObject({ status: 503 });
  }
});

test.each<[string, string | undefined]>([
  ['none', undefined],
  ['none', 'Bearer abc'],
  ['denied', 'Basic'],
  ['denied', 'Basic !!!'],
  ['denied', basic('ann')],
  ['denied', basic(':U*U')],
  ['denied', basic('a\nnn:U*U')],
  ['denied', basic(`ann:${'x'.repeat(4_000)}`)],
])('%s is said of the credentials %.20s', async (verdict, credentials) => {
  expect(await ask(make({ ann: HASH }), credentials)).toMatchObject({ verdict });
});

test('a file of users has a user and a hash on each line, and what is wrong is named without the hash', () => {
  const text = `# ours\r\nann:${HASH}\r\n\nbob:${HASH}:a comment\nann:${HASH}\neve:secret\nnobody\n`;
  const { content: users, problems } = readHtpasswd(text);
  expect([...users.keys()]).toEqual(['ann', 'bob']);
  expect(problems.map(({ line }) => line)).toEqual([5, 6, 7]);
  expect(JSON.stringify(problems)).not.toContain('secret');
});

test('a file is followed: a user who is taken out is out at once, and a file that is wrong changes nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-users-'));
  const path = join(folder, 'users');
  await writeFile(path, `ann:${HASH}\n`);
  const file = await readVersion({ path, name: 'users' }, readHtpasswd, read);
  const options = { realm: 'build', groups: {}, setting: 'services.web.auth' };
  const auth = new BasicAuthenticator(options, file, { logger, read, interval: 2 });
  toClose.push(auth);
  expect(await ask(auth, basic('ann:U*U'))).toMatchObject({ verdict: 'user' });
  const replace = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  await replace('ann:secret\n');
  await expect.poll(() => lines).toEqual(['a file of users cannot be used; they stay as they were']);
  expect(await ask(auth, basic('ann:U*U'))).toMatchObject({ verdict: 'user' });
  await replace(`bobby:${HASH}\n`);
  await expect.poll(() => lines).toHaveLength(2);
  expect(await ask(auth, basic('ann:U*U'))).toMatchObject({ verdict: 'denied' });
  expect(await ask(auth, basic('bobby:U*U'))).toMatchObject({ verdict: 'user' });
  await rm(folder, { recursive: true });
});
