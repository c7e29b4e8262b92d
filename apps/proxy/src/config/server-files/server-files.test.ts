import type { DiscoveredServer, Logger } from '@inband/core';
import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../parse-config.ts';
import { ConfigError } from '../problem/problem.ts';
import { FileDiscovery } from './file-discovery.ts';
import { readServerFile } from './server-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-servers-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(name: string, text: string): Promise<readonly DiscoveredServer[]> {
  await writeFile(join(folder, name), text);
  return (await readServerFile(join(folder, name), name)).servers;
}

describe('a file of servers', () => {
  test('in text has one on each line, with options behind it, and comments', async () => {
    const text =
      '# web\n10.0.0.1:80 weight=2\r\n\n  app.example:8080 backup  # spare\n[::1]:80 zone=b maxConnections=5';
    expect(await read('servers.txt', text)).toEqual([
      { address: '10.0.0.1:80', weight: 2 },
      { address: 'app.example:8080', backup: true },
      { address: '[::1]:80', zone: 'b', maxConnections: 5 },
    ]);
  });

  test.each([
    ['servers.json', '["10.0.0.1:80", { "address": "10.0.0.2:80", "weight": 2 }]'],
    ['servers.yaml', '- 10.0.0.1:80\n- { address: "10.0.0.2:80", weight: 2 }\n'],
    ['servers.YML', '- 10.0.0.1:80\n- { address: "10.0.0.2:80", weight: 2 }\n'],
  ])('in %s has a list of what an entry of servers may be', async (name, text) => {
    expect(await read(name, text)).toEqual([{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80', weight: 2 }]);
  });

  test.each([
    ['servers.txt', '# nothing\n', 'servers.txt: there is no server in it.'],
    ['servers.txt', '10.0.0.1\n', 'servers.txt:1: address: expected host:port'],
    ['servers.txt', '# web\n\n10.0.0.1:80 wieght=2\n', 'servers.txt:3: Unrecognized key: "wieght"'],
    ['servers.yaml', 'servers: []\n', 'servers.yaml: expected a list of servers.'],
    ['servers.yaml', '- a.example:80\n- [\n', 'servers.yaml:3:1: '],
    ['servers.yaml', '- a.example:80\n- address: b.example:80\n  wieght: 2\n', 'servers.yaml:2:3: Unrecognized key'],
    ['servers.yaml', '- a.example:80\n- b.example\n', 'servers.yaml:2:3: address: expected host:port'],
    ['servers.json', '["a.example:80", 7]', 'servers.json:1:18: '],
    ['servers.json', '[{ "address": "a.example:80", "weight": -1 }]', 'servers.json:1:41: weight: '],
  ])('%s with %j is refused', async (name, text, message) => {
    await expect(read(name, text)).rejects.toThrow(message);
  });
});

test('a configuration that names a file without servers, or none, is refused at that place', async () => {
  await writeFile(join(folder, 'empty.txt'), '');
  const servers = ['10.0.0.1:80', { file: 'empty.txt' }, { file: 'missing.txt' }];
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'pool', servers } }] } },
  };
  const refused = parseConfig({ value, baseDirectory: folder });
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
  await expect(refused).rejects.toMatchObject({
    problems: [
      expect.stringMatching(/routes\[0\]\.chainer\.servers\[1\]\.file: empty\.txt: there is no server in it\./),
      expect.stringMatching(/routes\[0\]\.chainer\.servers\[2\]\.file: missing\.txt: the file cannot be read: /),
    ],
  });
});

test('a worker starts with such a file, because the supervisor has judged it', async () => {
  const servers = ['10.0.0.1:80', { file: 'missing.txt' }];
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'pool', servers } }] } },
  };
  await expect(parseConfig({ value, baseDirectory: folder }, { isWorker: true })).resolves.toMatchObject({
    warnings: [],
  });
});

describe('a file that is followed', () => {
  let lines: string[];
  let stop: AbortController;
  let found: AsyncIterator<readonly DiscoveredServer[]>;
  const file = (): string => join(folder, 'servers.txt');

  beforeEach(async () => {
    lines = [];
    const tell = (_fields: object, message: string): void => void lines.push(message);
    const logger: Logger = { debug: tell, info: tell, warn: tell, error: tell };
    stop = new AbortController();
    await writeFile(file(), '10.0.0.1:80\n');
    const discovery = new FileDiscovery('servers.txt', { baseDirectory: folder, logger }, 2);
    found = discovery.servers(stop.signal);
    expect((await found.next()).value).toEqual([{ address: '10.0.0.1:80' }]);
  });
  afterEach(() => stop.abort());

  test('is read again when it is another one', async () => {
    const next = found.next();
    await writeFile(join(folder, 'new.txt'), '10.0.0.2:80\n10.0.0.3:80\n');
    await rename(join(folder, 'new.txt'), file());
    expect((await next).value).toEqual([{ address: '10.0.0.2:80' }, { address: '10.0.0.3:80' }]);
    expect(lines).toEqual(['a file of servers was read again']);
  });

  test('keeps its servers while it is wrong or missing, and says so once', async () => {
    const next = found.next();
    await writeFile(file(), 'no server\n');
    await until(() => lines.length === 1);
    await unlink(file());
    await until(() => lines.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(new Set(lines)).toEqual(new Set(['a file of servers cannot be used; they stay as they were']));
    expect(lines).toHaveLength(2);
    await writeFile(file(), '10.0.0.4:80\n');
    expect((await next).value).toEqual([{ address: '10.0.0.4:80' }]);
  });

  test('is not looked at any more once nobody waits for it', async () => {
    const next = found.next();
    stop.abort();
    await expect(next).rejects.toThrow(/abort/i);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
