import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeAuthority } from '../../../test-support/certificates.ts';
import { FollowedTrust } from './followed-trust.ts';
import { readRevocationList } from '../revocation-list.ts';
import { TrustFiles } from './trust-files.ts';

const DAY = 86_400_000;
const authority = makeAuthority();
const client = authority.issue({ usage: 'client' });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-trust-'));
});

afterEach(() => rm(folder, { recursive: true }));

const file = (name: string) => ({ path: join(folder, name), name });
const write = (name: string, text: string) => writeFile(join(folder, name), text);
const entries = () => ({ ca: [file('ca.pem')], crl: [file('crl.pem')] });

test('authorities and lists of revoked certificates are read from their files', async () => {
  const other = makeAuthority('Other');
  const nextUpdate = new Date('2061-02-03T04:05:06Z');
  await write('ca.pem', authority.cert + other.cert);
  await write('crl.pem', authority.crl([client], nextUpdate) + other.crl([]));
  const { current, problem } = await TrustFiles.read(entries());
  expect(problem).toBeUndefined();
  expect(current.ca).toEqual([authority.cert, other.cert]);
  expect(current.crl).toHaveLength(2);
  expect(readRevocationList(current.crl[0]!, 'crl.pem').nextUpdate).toBe(nextUpdate.getTime());
  expect(current.nextUpdate).toBeLessThan(Date.now() + 31 * DAY);
});

test.each([
  ['a file that is not there', undefined, '', /^ca\.pem: the file cannot be read: ENOENT/],
  ['no certificate', client.key, '', /^ca\.pem: it has no certificate of an authority\.$/],
  ['no list', authority.cert, authority.cert, /^crl\.pem: it has no list of revoked certificates \(X509 CRL\)\.$/],
  [
    'half a list',
    authority.cert,
    authority.crl([client]).replace(/\n.{9}/, '\n'),
    /^crl\.pem: its list of revoked .* cannot be read/,
  ],
])('%s is said', async (_what, ca, crl, expected) => {
  if (ca !== undefined) await write('ca.pem', ca);
  await write('crl.pem', crl);
  expect((await TrustFiles.read(entries())).problem).toMatch(expected);
});

test('files that cannot be used at the start are told, and nobody is trusted', async () => {
  const said: unknown[] = [];
  const note = (fields: object, message: string) => void said.push([fields, message]);
  const logger = { debug: note, info: note, warn: note, error: note };
  const trust = new FollowedTrust({
    files: await TrustFiles.read(entries()),
    logger,
    tellsExpiry: true,
    whose: 'clients',
  });
  trust.start();
  trust.close();
  expect(trust.current.ca).toEqual([]);
  expect(said).toEqual([[{ problem: expect.stringMatching(/^ca\.pem: /) }, 'files of authorities cannot be used']]);
});

test('a list is read again when it changes, stays in use while it is wrong, and is told when it is out of date', async () => {
  await write('ca.pem', authority.cert);
  await write('crl.pem', authority.crl([], new Date(Date.now() + DAY)));
  const lines: string[] = [];
  let arrived = (): void => undefined;
  const log = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level} ${message}`);
    arrived();
  };
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const next = async (): Promise<string> => {
    while (lines.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
    return lines.shift()!;
  };
  let now = Date.now();
  const files = await TrustFiles.read(entries());
  const times = { settle: 5, poll: 20 };
  const trust = new FollowedTrust({ files, logger, tellsExpiry: true, whose: 'clients', now: () => now, times });
  trust.start();
  const { hash } = trust.current;
  let heard = 0;
  trust.onChange(() => (heard += 1));
  await write('crl.pem', 'nonsense');
  expect(await next()).toBe('warn files of authorities cannot be used; those before stay in use');
  expect([trust.current.hash, heard]).toEqual([hash, 0]);
  await write('crl.pem', authority.crl([client], new Date(Date.now() + DAY)));
  expect(await next()).toBe('info files of authorities were read again');
  expect(trust.current.hash).not.toBe(hash);
  expect(heard).toBe(1);
  now += 2 * DAY;
  expect(await next()).toBe('error a list of revoked certificates is out of date; certificates of clients are refused');
  trust.close();
});
