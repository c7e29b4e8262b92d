import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../parse-config.ts';
import { ConfigError } from '../../problem/problem.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-store-config-'));
  const files = { password: 'sesame\n', lines: 'a\nb\n', secret: 'a'.repeat(32), short: 'a'.repeat(31), pem: 'no PEM' };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o600);
  }
});
afterAll(() => rm(folder, { recursive: true }));

const parse = (more: object) => {
  const services = { web: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } };
  const value = { listeners: [{ bind: '127.0.0.1:0', service: 'web' }], services, ...more };
  return parseConfig({ value, baseDirectory: folder });
};

const url = 'redis://127.0.0.1';

async function problemsOf(more: object): Promise<string[]> {
  try {
    await parse(more);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems];
    throw error;
  }
}

test.each([
  [{ store: { type: 'memory', url } }, 'store.url: the memory of this machine has none: see "type".'],
  [{ store: { type: 'redis' } }, /^store\.url: expected a URL such as "rediss:/],
  [{ store: { type: 'redis', url, token: 'a' } }, 'store.token: only NATS knows tokens.'],
  [{ store: { type: 'redis', url: 'redis://a@a', user: 'a' } }, 'store.user: the URL has a user already.'],
  [{ store: { type: 'redis', url: 'redis://:a@a', password: 'a' } }, 'store.password: the URL has a password already.'],
  [
    { store: { type: 'nats', url: 'nats://a', token: 'a', user: 'a' } },
    'store.token: there is a user or a password already.',
  ],
  [{ store: { type: 'redis', url, tls: true } }, /^store\.tls: the URL says whether TLS is spoken: .*"rediss:"/],
  [
    { store: { type: 'nats', url: 'nats://a', tls: { ca: 'pem' } } },
    /^store\.tls: without TLS this has no effect.*"tls:"/,
  ],
  [{ store: { type: 'redis', url: 'rediss://a', tls: { key: 'pem' } } }, /^store\.tls: a key without its certificate/],
  [
    { store: { type: 'redis', url, key: 'a:b' } },
    'store.key: expected 1 to 40 letters, digits, "-" and "_", found "a:b".',
  ],
  [{ store: { type: 'redis', url, deadline: '6s' } }, /^store\.deadline: expected at most 5s/],
  [
    { store: { type: 'redis', url, password: { file: 'none' } } },
    /^store\.password\.file: none: the file cannot be read/,
  ],
  [
    { store: { type: 'redis', url, password: { file: 'lines' } } },
    'store.password.file: lines: the file should hold one line, with nothing else.',
  ],
  [
    { store: { type: 'redis', url: 'rediss://a', tls: { ca: 'pem' } } },
    /^store\.tls\.ca: pem: the file holds nothing in PEM/,
  ],
  [
    { store: { type: 'redis', url }, cluster: { secret: { file: 'short' } } },
    /^cluster\.secret\.file: short: the file has 31 bytes; a secret has 32 or more/,
  ],
  [{ store: { type: 'redis', url }, cluster: { member: 'a b' } }, /^cluster\.member: expected 1 to 100 letters/],
])('the settings %j are wrong', async (more, problem) => {
  const problems = await problemsOf(more);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(problem);
});

test('what stands in files is read', async () => {
  const { clusterFiles, warnings } = await parse({
    store: { type: 'redis', url, password: { file: 'password' } },
    cluster: { secret: { file: 'secret' } },
  });
  expect(clusterFiles).toEqual({ password: 'sesame', secrets: [Buffer.from('a'.repeat(32))] });
  expect(warnings).toEqual([]);
});

test('of several secrets the first one comes first', async () => {
  const secret = { file: ['pem-secret', 'secret'] };
  await writeFile(join(folder, 'pem-secret'), 'b'.repeat(40), { mode: 0o600 });
  const { clusterFiles } = await parse({ store: { type: 'redis', url }, cluster: { secret } });
  expect(clusterFiles.secrets?.map(String)).toEqual(['b'.repeat(40), 'a'.repeat(32)]);
});

test.each([
  [{ cluster: { name: 'edge' } }, 'machines find each other by a "store" of type redis or nats'],
  [{ store: { type: 'memory' }, cluster: {} }, 'machines find each other by a "store" of type redis or nats'],
  [{ store: { type: 'redis', url: 'redis://:sesame@192.0.2.1' } }, 'can be read on the way to the store'],
  [
    { store: { type: 'redis', servers: ['192.0.2.1'], user: 'a', password: 'a' } },
    'can be read on the way to the store',
  ],
])('the settings %j have one warning', async (more, warning) => {
  const { warnings } = await parse(more);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(warning);
});

test.each([
  [{ store: { type: 'redis', url: 'rediss://:sesame@192.0.2.1' } }],
  [{ store: { type: 'redis', url: 'redis://:sesame@127.0.0.1' } }],
  [{ store: { type: 'redis', servers: ['192.0.2.1'], password: 'a', tls: true } }],
  [{ store: { type: 'memory' } }],
])('the settings %j have no warning', async (more) => {
  expect((await parse(more)).warnings).toEqual([]);
});

test('a file with a secret that everybody may read is warned of', async () => {
  for (const name of ['open', 'open-too']) {
    await writeFile(join(folder, name), 'a'.repeat(32));
    await chmod(join(folder, name), 0o644);
  }
  const file = { file: 'open' };
  const secret = { file: ['open', 'secret', 'open-too'] };
  const { warnings } = await parse({ store: { type: 'redis', url, password: file }, cluster: { secret } });
  expect(warnings.map((line) => line.includes('may read this file'))).toEqual([true, true, true]);
});
