import { ProxyError, Timers } from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../../../../../packages/tls/test-support/certificates.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { silentLogger } from '../../log/logging.ts';
import { assemble, type Assembly } from './assemble.ts';

const authority = makeAuthority();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-made-'));
  for (const name of ['a', 'b']) {
    const { chain, key } = authority.issue({ names: [`${name}.example`] });
    await writeFile(join(folder, `${name}.pem`), chain + key, { mode: 0o600 });
  }
  await writeFile(join(folder, 'ca.pem'), authority.cert);
});

afterAll(() => rm(folder, { recursive: true }));

async function made(tls: readonly object[], previous?: Assembly): Promise<Assembly> {
  const listeners = tls.map((each, index) => ({ bind: `127.0.0.1:${8440 + index}`, service: 'web', tls: each }));
  const source = {
    value: { listeners, services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'inband' } }] } } },
    baseDirectory: folder,
  };
  const timers = new Timers();
  timers.close();
  const establisher = () => () => Promise.reject(new ProxyError('proxy_internal_error', 'A test does not connect.'));
  const deps = { establisher, timers, logger: silentLogger, forgeAddrProblem: () => undefined };
  return assemble(await parseConfig(source), source, deps, previous?.build);
}

const A = { certificates: [{ cert: 'a.pem' }] };
const storesOf = ({ build }: Assembly) => [...build.made.certificates.values()];

test('listeners with the same certificates have one store, and others another one', async () => {
  const all = await made([A, A, { ...A, defaultCertificate: 'a.example' }, { ...A, ca: 'ca.pem' }]);
  const identities = all.plan.listeners.map(({ listener }) => listener.value.identity);
  const hashes = identities.map((identity) => identity?.certificates.hash);
  expect(new Set(hashes).size).toBe(2);
  expect([hashes[1], hashes[3]]).toEqual([hashes[0], hashes[0]]);
  expect(identities.map((identity) => identity?.trust !== undefined)).toEqual([false, false, false, true]);
  expect(storesOf(all).map(({ store }) => store.choose({ serverName: 'x.example' })?.file)).toEqual([
    undefined,
    'a.pem',
  ]);
  expect([...all.build.made.trust.values()].map(({ current }) => current.ca.length)).toEqual([1]);
  all.close();
});

test('a reload keeps the stores whose settings are the same, whatever their files have become', async () => {
  const first = await made([A, { certificates: [{ cert: 'b.pem' }] }]);
  const { chain, key } = authority.issue({ names: ['a.example', 'new.example'] });
  await writeFile(join(folder, 'a.pem'), chain + key);
  const next = await made([{ certificates: [{ cert: 'b.pem' }, { cert: 'a.pem' }] }, A], first);
  const kept = storesOf(next).filter((followed) => storesOf(first).includes(followed));
  expect(kept.map(({ store }) => store.certificates.map(({ file }) => file))).toEqual([['a.pem']]);
  const changed = new Promise<void>((resolve) => kept[0]?.store.onChange(resolve));
  next.build.lookAtFiles();
  await changed;
  expect(kept[0]?.store.choose({ serverName: 'new.example' })?.file).toBe('a.pem');
  first.close([next.build]);
  next.close();
});
