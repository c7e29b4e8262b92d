import type { Logger } from '@inband/core';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  makeAuthority,
  type TestCertificate,
  type TestCertificateOptions,
} from '../../../test-support/certificates.ts';
import { type CertificateEntry, CertificateFiles } from './certificate-files.ts';
import { CertificateStore } from '../certificate-store.ts';
import { FollowedCertificates } from './followed-certificates.ts';

const DAY = 86_400_000;
const authority = makeAuthority();
const issue = (name: string, options: TestCertificateOptions = {}) => authority.issue({ names: [name], ...options });

let folder: string;
let now: number;

beforeEach(async () => {
  now = Date.now();
  folder = await mkdtemp(join(tmpdir(), 'inband-certificates-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, { chain, key }: Pick<TestCertificate, 'chain' | 'key'>): Promise<void> {
  await writeFile(join(folder, `${name}.pem`), chain);
  await writeFile(join(folder, `${name}.key`), key, { mode: 0o600 });
}

const file = (name: string) => ({ path: join(folder, name), name });
const pair = (name: string): CertificateEntry => ({ cert: file(`${name}.pem`), key: file(`${name}.key`) });

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger that can be waited for. */
class WaitedLogger implements Logger {
  readonly lines: Line[] = [];
  #arrived: () => void = () => {};
  readonly debug = this.#log('debug');
  readonly info = this.#log('info');
  readonly warn = this.#log('warn');
  readonly error = this.#log('error');

  #log(level: string) {
    return (fields: object, message: string): void => {
      this.lines.push({ level, fields: { ...fields }, message });
      this.#arrived();
    };
  }

  async next(): Promise<Line> {
    while (this.lines.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve));
    return this.lines.shift()!;
  }
}

describe('what is wrong with files at the start:', () => {
  const problemsOf = async (...entries: CertificateEntry[]) =>
    (await CertificateFiles.read(entries, () => now)).problems.map(
      ({ entry, severity, message }) => `${entry} ${severity} ${message.replaceAll(folder, '')}`,
    );

  test('nothing with a pair that is valid', async () => {
    await write('a', issue('a.example'));
    expect(await problemsOf(pair('a'))).toEqual([]);
  });

  test('a file that is not there, and the key of another', async () => {
    await write('a', { ...issue('a.example'), key: issue('b.example').key });
    expect(await problemsOf(pair('none'), pair('a'))).toEqual([
      expect.stringMatching(/^0 unusable none\.pem: the file cannot be read: ENOENT/),
      '1 unusable a.pem: the private key in a.key is not that of the certificate (CN=a.example).',
    ]);
  });

  test('one that is expired, one that is not valid yet, and a key that everybody may read', async () => {
    await write('old', issue('a.example', { notAfter: new Date('2026-01-02T03:04:05Z'), notBefore: new Date(0) }));
    await write(
      'young',
      issue('a.example', { notBefore: new Date('2200-01-02T03:04:05Z'), notAfter: new Date('2201-01-01') }),
    );
    await chmod(join(folder, 'young.key'), 0o644);
    expect(await problemsOf(pair('old'), pair('young'))).toEqual([
      '0 expired old.pem: it expired on 2026-01-02T03:04:05Z.',
      '1 warning young.pem: it is not valid before 2200-01-02T03:04:05Z.',
      '1 warning young.key: everybody on this machine may read the private key; "chmod o= young.key" changes that.',
    ]);
  });

  test('in a folder only what nobody can use', async () => {
    await write('good', issue('a.example'));
    await writeFile(join(folder, 'ca.pem'), authority.cert);
    await writeFile(join(folder, 'lost.key'), 'x');
    await writeFile(join(folder, 'notes.txt'), 'x');
    expect(await problemsOf({ dir: { path: folder, name: 'certs' } }, { dir: file('none') })).toEqual([
      '0 warning certs/ca.pem: it has no private key, and no file with one is named by "key" or beside it.',
      '0 warning certs/lost.key: there is no certificate beside this key.',
      expect.stringMatching(/^1 unusable none: the folder cannot be read: ENOENT/),
    ]);
  });

  test('a folder without any', async () => {
    await mkdir(join(folder, 'empty'));
    expect(await problemsOf({ dir: file('empty') })).toEqual(['0 warning empty: no certificate is in the folder.']);
  });
});

describe('followed certificates', () => {
  let followed: FollowedCertificates | undefined;
  let logger: WaitedLogger;

  afterEach(() => {
    followed?.close();
    followed = undefined;
  });

  /** `poll` is so short that a test does not depend on events of the file system. */
  async function follow(...entries: CertificateEntry[]): Promise<CertificateStore> {
    const files = await CertificateFiles.read(entries, () => now);
    logger = new WaitedLogger();
    const store = new CertificateStore({ now: () => now });
    followed = new FollowedCertificates({
      files,
      store,
      logger,
      tellsExpiry: true,
      now: () => now,
      times: { settle: 5, poll: 20 },
    });
    followed.start();
    return store;
  }

  const names = (store: CertificateStore) => store.certificates.flatMap((each) => each.names);

  test('are replaced when both files are new, also with the time and the size of the old ones', async () => {
    const [first, second] = [issue('a.example'), issue('b.example')];
    await write('a', first);
    await utimes(join(folder, 'a.pem'), 1_000, 1_000);
    const store = await follow(pair('a'));
    const before = store.choose({ serverName: 'a.example' });
    let heard = 0;
    store.onChange(() => (heard += 1));
    await write('a', second);
    await utimes(join(folder, 'a.pem'), 1_000, 1_000);
    const lines = [await logger.next()];
    // One of the looks may have come between the two files.
    if (lines[0]?.level === 'warn') lines.push(await logger.next());
    expect(lines.at(-1)).toEqual({
      level: 'info',
      message: 'a certificate was read again',
      fields: { file: 'a.pem', names: ['b.example'], notAfter: expect.any(String) },
    });
    expect(names(store)).toEqual(['b.example']);
    expect(store.choose({ serverName: 'b.example' })?.hash).not.toBe(before?.hash);
    expect(heard).toBe(1);
  });

  test('stay in use while there is the key of another, and are replaced when the right one comes', async () => {
    const [first, second] = [issue('a.example'), issue('a.example')];
    await write('a', first);
    const store = await follow(pair('a'));
    const hash = () => store.choose({ serverName: 'a.example' })?.hash;
    const before = hash();
    await writeFile(join(folder, 'a.pem'), second.chain);
    expect(await logger.next()).toMatchObject({
      level: 'warn',
      message: 'a certificate cannot be used; the one before stays in use',
      fields: { file: 'a.pem', problem: expect.stringMatching(/^a\.pem: the private key in a\.key is not that of/) },
    });
    expect(hash()).toBe(before);
    await writeFile(join(folder, 'a.key'), second.key);
    expect(await logger.next()).toMatchObject({ level: 'info', message: 'a certificate was read again' });
    expect(hash()).not.toBe(before);
  });

  test('stay in use when an expired one comes, or one that is not valid yet, until that is valid', async () => {
    await write('a', issue('a.example'));
    const store = await follow(pair('a'));
    const before = store.choose({ serverName: 'a.example' });
    await write('a', issue('a.example', { notAfter: new Date(now - DAY), notBefore: new Date(now - 2 * DAY) }));
    const lines = [await logger.next()];
    if (String(lines[0]?.fields.problem).includes('not that of')) lines.push(await logger.next());
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      fields: { problem: expect.stringMatching(/^a\.pem: it expired on/) },
    });
    expect(store.choose({ serverName: 'a.example' })).toBe(before);
    await write('a', issue('a.example', { notBefore: new Date(now + DAY) }));
    while (!String((await logger.next()).fields.problem).includes('not valid before')) continue;
    expect(store.choose({ serverName: 'a.example' })).toBe(before);
    now += DAY + 1_000;
    expect(await logger.next()).toMatchObject({ level: 'info', message: 'a certificate was read again' });
    expect(store.choose({ serverName: 'a.example' })).not.toBe(before);
  });

  test('stay in use when their files are gone, if they are named, and go with them in a folder', async () => {
    await write('a', issue('a.example'));
    await mkdir(join(folder, 'dir'));
    await write('dir/b', issue('b.example'));
    const store = await follow(pair('a'), { dir: file('dir') });
    await unlink(join(folder, 'a.pem'));
    expect(await logger.next()).toMatchObject({
      level: 'warn',
      fields: { problem: expect.stringContaining('ENOENT') },
    });
    await unlink(join(folder, 'dir/b.pem'));
    expect(await logger.next()).toMatchObject({
      level: 'info',
      message: 'a certificate was removed, because its file is gone',
    });
    expect(names(store)).toEqual(['a.example']);
    await write('dir/c', issue('c.example'));
    while ((await logger.next()).message !== 'a certificate was added') continue;
    expect(names(store)).toEqual(['a.example', 'c.example']);
    await rename(join(folder, 'dir'), join(folder, 'elsewhere'));
    expect(await logger.next()).toMatchObject({
      level: 'warn',
      fields: { problem: expect.stringMatching(/^dir: the folder/) },
    });
    expect(names(store)).toEqual(['a.example', 'c.example']);
  });

  test('follow the symbolic links of Kubernetes and certbot', async () => {
    // Kubernetes: files lead to a folder that one rename replaces.
    await mkdir(join(folder, 'mount/..1'), { recursive: true });
    await mkdir(join(folder, 'mount/..2'));
    for (const [version, name] of [
      ['..1', 'k1.example'],
      ['..2', 'k2.example'],
    ] as const) {
      const { chain, key } = issue(name);
      await writeFile(join(folder, 'mount', version, 'tls.crt'), chain);
      await writeFile(join(folder, 'mount', version, 'tls.key'), key, { mode: 0o600 });
    }
    await symlink('..1', join(folder, 'mount/..data'));
    for (const name of ['tls.crt', 'tls.key']) await symlink(`..data/${name}`, join(folder, 'mount', name));
    // certbot: a folder for each name, with links to the versions.
    await mkdir(join(folder, 'archive'));
    await mkdir(join(folder, 'live/c.example'), { recursive: true });
    await writeFile(join(folder, 'live/README'), 'x');
    for (const version of ['1', '2']) {
      const { chain, key } = issue(`c${version}.example`);
      await writeFile(join(folder, `archive/fullchain${version}.pem`), chain);
      await writeFile(join(folder, `archive/privkey${version}.pem`), key, { mode: 0o600 });
    }
    const link = async (version: string): Promise<void> => {
      for (const part of ['fullchain', 'privkey']) {
        await symlink(`../../archive/${part}${version}.pem`, join(folder, 'live/c.example/new'));
        await rename(join(folder, 'live/c.example/new'), join(folder, `live/c.example/${part}.pem`));
      }
    };
    await link('1');
    const store = await follow({ dir: file('mount') }, { dir: file('live') });
    expect(names(store)).toEqual(['k1.example', 'c1.example']);
    await symlink('..2', join(folder, 'mount/..next'));
    await rename(join(folder, 'mount/..next'), join(folder, 'mount/..data'));
    while ((await logger.next()).message !== 'a certificate was read again') continue;
    expect(names(store)).toEqual(['k2.example', 'c1.example']);
    await link('2');
    while ((await logger.next()).message !== 'a certificate was read again') continue;
    expect(names(store)).toEqual(['k2.example', 'c2.example']);
  });

  test('that cannot be used at the start are told, and used as soon as they can be', async () => {
    const store = await follow(pair('late'));
    expect(await logger.next()).toMatchObject({
      level: 'error',
      message: 'a certificate cannot be used',
      fields: { problem: expect.stringMatching(/^late\.pem: the file cannot be read/) },
    });
    const { chain, key } = issue('late.example');
    await writeFile(join(folder, 'late.key'), key, { mode: 0o600 });
    await writeFile(join(folder, 'late.pem'), chain);
    while ((await logger.next()).message !== 'a certificate was added') continue;
    expect(names(store)).toEqual(['late.example']);
  });

  test('that expire within two weeks are told once a day', async () => {
    await write('a', issue('a.example', { notAfter: new Date(now + 14.5 * DAY) }));
    await write('b', issue('b.example', { notAfter: new Date(now + 100 * DAY) }));
    await follow({ dir: { path: folder, name: 'certs' } });
    now += DAY;
    expect(await logger.next()).toEqual({
      level: 'warn',
      message: 'a certificate expires soon',
      fields: { file: 'certs/a.pem', name: 'a.example', notAfter: expect.any(String), daysLeft: 13 },
    });
    now += 13 * DAY;
    expect(await logger.next()).toMatchObject({ level: 'warn', fields: { daysLeft: 0 } });
    now += DAY;
    expect(await logger.next()).toMatchObject({ level: 'error', message: 'a certificate has expired' });
    expect(logger.lines).toEqual([]);
  });
});
