import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../parse-config.ts';
import { readConfigFile } from './read-source.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-files-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

async function read(name: string): Promise<unknown> {
  return (await readConfigFile(join(folder, name))).value;
}

/** The problems of a configuration, without the folder. */
async function problems(name: string): Promise<string[]> {
  try {
    await parseConfig(await readConfigFile(join(folder, name)));
    return [];
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .replaceAll(`${folder}/`, '')
      .split('\n');
  }
}

const listener = (port: number) => `listeners: [{ bind: "127.0.0.1:${port}", service: web }]\n`;
const web = 'services: { web: { mode: forward, routes: [{ chainer: { type: inband } }] } }\n';

describe('a configuration of several files', () => {
  test('joins lists, and mappings key by key, what is included first', async () => {
    await write({
      'main.yaml': `include: [more/a.yaml, more/b.json]\n${listener(1)}services: { main: { mode: forward } }\n`,
      'more/a.yaml': `${listener(2)}services: { a: { mode: forward } }\nworkers: 2\n`,
      'more/b.json': '{ "services": { "b": { "mode": "reverse" } } }',
    });
    expect(await read('main.yaml')).toEqual({
      listeners: [
        { bind: '127.0.0.1:2', service: 'web' },
        { bind: '127.0.0.1:1', service: 'web' },
      ],
      services: { a: { mode: 'forward' }, b: { mode: 'reverse' }, main: { mode: 'forward' } },
      workers: 2,
    });
  });

  test('takes the files of a folder in the order of their names, and no others', async () => {
    await write({
      'conf/20.yml': listener(2),
      'conf/10.yaml': listener(1),
      'conf/30.json': '{ "services": { "web": { "mode": "forward" } } }',
      'conf/.hidden.yaml': 'workers: 9',
      'conf/notes.txt': 'not: this',
      'conf/empty.yaml': '# Nothing yet.\n',
      'main.yaml': 'include: conf',
    });
    const value = {
      listeners: [
        { bind: '127.0.0.1:1', service: 'web' },
        { bind: '127.0.0.1:2', service: 'web' },
      ],
      services: { web: { mode: 'forward' } },
    };
    expect(await read('conf')).toEqual(value);
    expect(await read('main.yaml')).toEqual(value);
  });

  test('reads paths of zones, plugins and the log from the folder of the file that names them', async () => {
    await write({
      'main.yaml': 'include: more/a.yaml\nzones: { own: { file: own.txt } }\n',
      'more/a.yaml':
        'zones: { a: { file: [a.txt, /b.txt] } }\nplugins: [./p.mjs, ../q.mjs, package]\nlog: { file: a.log }\n',
    });
    expect(await read('main.yaml')).toEqual({
      zones: { a: { file: ['more/a.txt', '/b.txt'] }, own: { file: 'own.txt' } },
      plugins: ['./more/p.mjs', './q.mjs', 'package'],
      log: { file: 'more/a.log' },
    });
  });

  test('reads the path of the log from the folder of the file that names it', async () => {
    await write({ 'main.yaml': 'include: more/a.yaml\n', 'more/a.yaml': 'log: { file: proxy.log, slow: 2s }\n' });
    expect(await read('main.yaml')).toEqual({ log: { file: 'more/proxy.log', slow: '2s' } });
  });

  test('ignores x- keys at the top, which hold what anchors name', async () => {
    await write({
      'main.yaml': `x-http: &http { via: a, strict: true }\n${listener(1)}services: { web: { mode: forward, http: { <<: *http, via: b }, routes: [{ chainer: { type: inband } }] } }\n`,
    });
    expect(await read('main.yaml')).toMatchObject({ services: { web: { http: { strict: true, via: 'b' } } } });
    expect(await problems('main.yaml')).toEqual([]);
  });

  test('names the file, line and column in which a problem is', async () => {
    await write({
      'main.yaml': `include: more/a.yaml\n${listener(1)}wrokers: 1\n`,
      'more/a.yaml': `listeners:\n  - { bind: x, service: web }\n${web}`,
    });
    expect(await problems('main.yaml')).toEqual([
      expect.stringMatching(/^more\/a\.yaml:2:13: listeners\[0\]\.bind: expected/),
      expect.stringMatching(/^main\.yaml:3:1: wrokers: unknown key/),
    ]);
    await write({
      'more/a.yaml': `${listener(2)}${web}`,
      'main.yaml': `include: more/a.yaml\n${listener(0)}log: no\n`,
    });
    expect(await problems('main.yaml')).toEqual([expect.stringMatching(/^main\.yaml:3:6: log: expected a mapping/)]);
  });

  test('locates an item of a joined list in its own file', async () => {
    await write({
      'main.yaml': 'include: a.yaml\nlisteners:\n  - { bind: "127.0.0.1:1", service: wbe }\n',
      'a.yaml': `${listener(2)}${web}`,
    });
    expect(await problems('main.yaml')).toEqual([expect.stringMatching(/^main\.yaml:3:37: listeners\[1\]\.service: /)]);
  });

  test('refuses what two files say, and names both places', async () => {
    await write({ 'c/a.yaml': `workers: 1\n${web}`, 'c/b.yaml': `${web}workers: 2\n` });
    expect(await problems('c')).toEqual([
      'c/b.yaml:1:13: services.web: this stands in c/a.yaml:2:13 already.',
      'c/b.yaml:2:1: workers: this stands in c/a.yaml:1:1 already.',
    ]);
  });

  test('refuses a circle', async () => {
    await write({ 'a.yaml': 'include: b.yaml', 'b.yaml': 'include: [a.yaml]' });
    expect(await problems('a.yaml')).toEqual([
      'b.yaml:1:11: include[0]: this is a circle: a.yaml includes b.yaml includes a.yaml.',
    ]);
    await write({ 'conf/a.yaml': 'include: .' });
    expect(await problems('conf/a.yaml')).toEqual([
      expect.stringContaining('circle: conf/a.yaml includes conf/a.yaml'),
    ]);
  });

  test('refuses to include a file twice', async () => {
    await write({ 'a.yaml': 'include: [b.yaml, ./c.yaml]', 'b.yaml': 'include: c.yaml', 'c.yaml': 'x-c: 1' });
    expect(await problems('a.yaml')).toEqual(['a.yaml:1:19: include[1]: c.yaml is included already, by b.yaml:1:10.']);
  });

  test.each([
    ['include: b.yaml', /^b\.yaml: the file cannot be read: ENOENT/],
    ['include: { a: b }', /^a\.yaml:1:10: include: expected the path/],
    ['include: [1]', /^a\.yaml:1:11: include\[0\]: expected the path/],
    ['include: a.ts', /^a\.yaml:1:10: include: a\.ts is neither/],
    ['include: list.yaml', /^list\.yaml:1:1: expected a mapping/],
    ['include: bad.yaml', /^bad\.yaml:1:4: this is not valid YAML/],
  ])('says what is wrong with %j', async (text, problem) => {
    await write({ 'a.yaml': text, 'list.yaml': '- x', 'bad.yaml': 'a: b: c' });
    expect(await problems('a.yaml')).toEqual([expect.stringMatching(problem)]);
  });

  test('refuses a folder without a configuration', async () => {
    await mkdir(join(folder, 'none'));
    expect(await problems('none')).toEqual([expect.stringMatching(/^none: there is no file in this folder/)]);
  });

  test('reads nothing again that is known', async () => {
    await write({ 'main.yaml': `include: conf\n${listener(1)}`, 'conf/a.yaml': web });
    const { value, files } = await readConfigFile(join(folder, 'main.yaml'));
    await write({ 'main.yaml': 'workers: 3', 'conf/b.yaml': 'workers: 4' });
    expect((await readConfigFile(join(folder, 'main.yaml'), files)).value).toEqual(value);
  });
});
