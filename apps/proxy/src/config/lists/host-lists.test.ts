import { inetAddr } from '@inband/core';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explain } from '../../explain/explain.ts';
import { formatExplanation } from '../../explain/explanation.ts';
import { planOf } from '../../run/plan/plan.ts';
import { parseConfig, type ParsedConfig } from '../parse-config.ts';
import { readHostFile } from './host-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-hosts-'));
  await writeFile(join(folder, 'blocked.txt'), '0.0.0.0 localhost\n0.0.0.0 ads.example\n');
  await writeFile(join(folder, 'allowed.txt'), '.example\n192.0.2.1\n');
  await writeFile(join(folder, 'wrong.txt'), 'a.example\nhttps://b.example/\n'.repeat(11));
});
afterAll(() => rm(folder, { recursive: true }));

const sourceOf = (access: unknown, routes: unknown = [{ chainer: { type: 'directed', remote: '192.0.2.9:80' } }]) => ({
  value: {
    listeners: [{ bind: '127.0.0.1:3128', service: 'out' }],
    services: { out: { mode: 'reverse', access, routes } },
  },
  baseDirectory: folder,
});

const parse = (access: unknown, routes?: unknown): Promise<ParsedConfig> => parseConfig(sourceOf(access, routes));

const RULES = [
  { deny: { hosts: ['own.example', { file: 'blocked.txt' }] } },
  { allow: { hosts: { file: ['allowed.txt'] } } },
  { deny: {} },
];

async function ask(host: string) {
  const query = { client: inetAddr('127.0.0.1', 40_000)!, listener: 0, method: 'GET', url: `http://${host}/` };
  return explain(await parse(RULES), sourceOf(RULES), query);
}

test('explain names the rule that decided, and the list that has the host', async () => {
  const denied = await ask('ads.example');
  expect(denied).toMatchObject({ verdict: 'deny', rule: 'services.out.access[0]', list: 'blocked.txt', status: 403 });
  expect(formatExplanation(denied)).toContain('\nlist:    blocked.txt\n');
  expect(await ask('www.example')).toMatchObject({
    verdict: 'allow',
    rule: 'services.out.access[1]',
    list: 'allowed.txt',
    servers: [{ rule: 'services.out.access[1]', list: 'allowed.txt' }],
  });
  expect(await ask('192.0.2.1')).toMatchObject({ verdict: 'allow', list: 'allowed.txt' });
  expect(await ask('own.example')).not.toHaveProperty('list');
  expect(await ask('other.test')).toMatchObject({ verdict: 'deny', rule: 'services.out.access[2]' });
});

test('wrong lines are errors with their places in the configuration and in the file', async () => {
  const problem = await parse([{ allow: { hosts: ['a.example', { file: 'wrong.txt' }] } }]).catch(String);
  expect(problem).toContain(
    'services.out.access[0].allow.hosts[1].file: wrong.txt:2: "https://b.example/" is not a host',
  );
  expect(problem).toContain('wrong.txt: 1 further lines are wrong.');
  await expect(parse([], [{ match: { host: { file: ['none.txt'] } }, chainer: { type: 'inband' } }])).rejects.toThrow(
    /services\.out\.routes\[0\]\.match\.host\.file\[0\]: none\.txt: the file cannot be read: ENOENT/,
  );
});

test('a file that is too large is refused before it is read', async () => {
  const path = join(folder, 'large.txt');
  await writeFile(path, '');
  await truncate(path, 64 * 2 ** 20 + 1);
  await expect(readHostFile(path, 'large.txt')).rejects.toThrow(/^large\.txt: the file has 67108865 bytes/);
});

test('what is neither a host nor a file is refused by the schema', async () => {
  await expect(parse([{ allow: { hosts: { files: 'allowed.txt' } } }])).rejects.toThrow(/access\[0\]\.allow\.hosts/);
  await expect(parse([{ allow: { hosts: [7] } }])).rejects.toThrow(/a mapping with "file"/);
});

test('rules and routes share the list of a file, and its content is not part of the plan', async () => {
  const routes = [{ match: { host: [{ file: './allowed.txt' }, 'b.example'] }, chainer: { type: 'inband' } }];
  const before = planOf(await parse(RULES, routes)).all;
  expect(before.filter(({ kind }) => kind === 'host-list').map(({ value }) => value)).toEqual([
    { path: join(folder, 'blocked.txt'), name: 'blocked.txt' },
    { path: join(folder, 'allowed.txt'), name: 'allowed.txt' },
  ]);
  await writeFile(join(folder, 'allowed.txt'), '.example\n.other.test\n192.0.2.1\n');
  const after = planOf(await parse(RULES, routes)).all;
  expect(after.map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
});
