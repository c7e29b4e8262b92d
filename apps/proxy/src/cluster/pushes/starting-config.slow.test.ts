import { createNodeTransport } from '@inband/core';
import { openStore, type Store } from '@inband/store';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../config/load-config.ts';
import { InheritedSockets } from '../../handover/inherited-sockets.ts';
import { silentLogger } from '../../log/logging.ts';
import { refuseTakenAddress } from '../../run/listeners/taken-address.ts';
import { pack } from './stored/content.ts';
import { CopyOnDisk } from './stored/copy-on-disk.ts';
import type { ConfigRecord, Content } from './stored/records.ts';
import { NO_RECORD } from './stored/versions.ts';
import { type StartingConfig, startingConfig } from './starting-config.ts';
import { StoredConfig } from './stored/stored-config.ts';

const configOf = (service: string, bind = '127.0.0.1:0'): string =>
  `listeners: [{ bind: "${bind}", service: ${service} }]\nservices: { ${service}: { mode: forward, routes: [{ chainer: { type: inband } }] } }\n`;

async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-start-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function contentOf(service: string, bind?: string): Promise<Content> {
  return pack({ main: ['p.yaml'], texts: { 'p.yaml': configOf(service, bind) }, folders: {} }, undefined);
}

function recordOf(content: Content, number: number, change = number): ConfigRecord {
  const version = { number, id: content.id, by: 'ann', at: '2026-11-29T12:00:00Z' };
  return { ...NO_RECORD, change, last: number, current: number, versions: [version] };
}

async function memory(): Promise<Store> {
  const store = await openStore({ type: 'memory', logger: silentLogger });
  onTestFinished(() => store.close());
  return store;
}

/** A store with a version of this service. */
async function storeWith(service: string, bind?: string): Promise<Store> {
  const store = await memory();
  const content = await contentOf(service, bind);
  const stored = new StoredConfig(store);
  await stored.putContent(7, content, 1);
  await stored.put(recordOf(content, 7), null, 1);
  return store;
}

/** One whose server never answers. */
async function awayStore(): Promise<Store> {
  const store = await openStore({
    type: 'redis',
    logger: silentLogger,
    servers: { at: { host: '127.0.0.1', port: 1 } },
    key: 'k',
  });
  onTestFinished(() => store.close());
  return store;
}

async function begin(
  folder: string,
  store: Store,
  inherited = new InheritedSockets(),
): Promise<StartingConfig & { readonly services: string[] }> {
  const file = join(folder, 'inband.yaml');
  await writeFile(file, configOf('own'));
  const [parsed, source] = await loadConfig(file);
  const copy = new CopyOnDisk(folder);
  const found = await startingConfig(
    { parsed, source },
    {
      stored: new StoredConfig(store),
      member: 'a',
      copy,
      seal: undefined,
      refuseUnusable: (next, from) => refuseTakenAddress(next, from, { transport: createNodeTransport(), inherited }),
    },
  );
  return { ...found, services: Object.keys(found.parsed.config.services) };
}

const messages = ({ notes }: StartingConfig): string[] => notes.map(({ message }) => message);

test('a member begins with what the store has', async () => {
  const begun = await begin(await stateFolder(), await storeWith('stored'));
  expect(begun.services).toEqual(['stored']);
  expect(begun.started).toMatchObject({ running: { number: 7 }, isConfirmed: true, error: undefined });
  expect(begun.source.files?.pushed?.name).toBe('version 7');
});

test('a member begins with its own file where nothing was pushed', async () => {
  const begun = await begin(await stateFolder(), await memory());
  expect(begun.services).toEqual(['own']);
  expect(begun.started).toMatchObject({ record: undefined, running: undefined });
  expect(begun.notes).toEqual([]);
});

test('a member begins with its copy while the store does not answer, and with its own file without one', async () => {
  const folder = await stateFolder();
  const store = await awayStore();
  expect((await begin(folder, store)).services).toEqual(['own']);
  const content = await contentOf('copied');
  await new CopyOnDisk(folder).write({ record: recordOf(content, 5), contents: [content] });
  const begun = await begin(folder, store);
  expect(begun.services).toEqual(['copied']);
  expect(begun.started).toMatchObject({ running: { number: 5 }, isConfirmed: false });
  expect(messages(begun)).toEqual([
    'the store did not answer at the start; what it has is not known yet',
    'begins with a pushed version of the configuration',
  ]);
});

test('a broken copy is told, and the own file used', async () => {
  const folder = await stateFolder();
  await writeFile(join(folder, 'config.json'), 'nonsense');
  const begun = await begin(folder, await memory());
  expect(begun.services).toEqual(['own']);
  expect(messages(begun)).toEqual(['the copy of the configuration of all members is broken, and is not used']);
});

test('what cannot be used here is told, and the next best thing is used', async () => {
  const folder = await stateFolder();
  const good = await contentOf('copied');
  await new CopyOnDisk(folder).write({ record: recordOf(good, 5), contents: [good] });
  const store = await memory();
  const bad = await pack({ main: ['p.yaml'], texts: { 'p.yaml': 'listeners: none\n' }, folders: {} }, undefined);
  const stored = new StoredConfig(store);
  await stored.putContent(7, bad, 1);
  await stored.put(recordOf(bad, 7), null, 1);
  const begun = await begin(folder, store);
  expect(begun.services).toEqual(['copied']);
  expect(begun.started.error).toMatch(/^version 7, p\.yaml:1:/);
  expect(begun.started).toMatchObject({ record: { change: 7 }, running: { number: 5 } });
});

/** An address of this machine where somebody else listens. */
async function takenAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It has a port.');
  return `127.0.0.1:${address.port}`;
}

test('a member whose pushed address is in use begins with its copy, without one with its own file, and says why', async () => {
  const folder = await stateFolder();
  const bind = await takenAddress();
  const store = await storeWith('stored', bind);
  const alone = await begin(folder, store);
  expect(alone.services).toEqual(['own']);
  expect(alone.started).toMatchObject({ record: { change: 7 }, running: undefined });
  expect(alone.started.error).toContain(
    `version 7, p.yaml:1:21: listeners[0].bind: Cannot listen on ${bind}: another process listens there`,
  );
  const good = await contentOf('copied');
  await new CopyOnDisk(folder).write({ record: recordOf(good, 5), contents: [good] });
  const begun = await begin(folder, store);
  expect(begun.services).toEqual(['copied']);
  expect(begun.started).toMatchObject({ record: { change: 7 }, running: { number: 5 } });
  // The copy has the same version.
  const stored = await contentOf('stored', bind);
  await new CopyOnDisk(folder).write({ record: recordOf(stored, 7), contents: [stored] });
  const same = await begin(folder, store);
  expect(messages(same)).toEqual(['a pushed version of the configuration cannot be used here']);
  expect(same.services).toEqual(['own']);
});

test('an address that the predecessor has handed over is not in use', async () => {
  const bind = await takenAddress();
  const inherited = new InheritedSockets([{ descriptor: -1, kind: 'sole', bind }]);
  expect((await begin(await stateFolder(), await storeWith('stored', bind), inherited)).services).toEqual(['stored']);
});
