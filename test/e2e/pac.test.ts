import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from 'inband';
import { expect, test } from 'vitest';
import { createInband } from 'inband';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { e2e, type Lab } from './lab.ts';
import { RawClient } from './raw-client.ts';
import { startParent } from './test-parent.ts';

type ServiceInput = ConfigInput['services'][string];
type ChainerInput = NonNullable<NonNullable<ServiceInput['routes']>[number]['chainer']>;

const EVERY_NAME: ServiceInput['access'] = [{ allow: { hosts: '*' } }];

function by(chainer: ChainerInput, access: ServiceInput['access'] = EVERY_NAME): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: { browser: { mode: 'forward', http: { connectPorts: 'any' }, access, routes: [{ chainer }] } },
  };
}

/** A file whose function has this body. */
async function pacFile(lab: Lab, body: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-pac-'));
  lab.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'proxy.pac');
  await writeFile(file, `function FindProxyForURL(url, host) { ${body} }`);
  return file;
}

async function ask(lab: Lab, config: ConfigInput, ...heads: readonly string[]): Promise<string[]> {
  const proxy = await lab.inband(config);
  const answers: string[] = [];
  for (const head of heads) {
    const client = await RawClient.connect(proxy.port);
    lab.defer(() => client.socket.destroy());
    client.sendHead(`${head} HTTP/1.1`, 'Host: a.example', 'Connection: close');
    answers.push(await answerOf(client));
  }
  return answers;
}

async function answerOf(client: RawClient): Promise<string> {
  const head = await client.until('\r\n\r\n');
  const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  return head + (await client.bytes(Number(length)));
}

e2e('requests and tunnels go by the parents that a PAC file names, in its order, and directly', async (lab) => {
  const dead = await freePort();
  const parent = await startParent(lab, { leadsTo: dead });
  const origin = await lab.origin((_request, response) => response.end('directly'));
  const file = await pacFile(
    lab,
    `if (isInNet(host, "127.0.0.0", "255.0.0.0")) return "DIRECT";
     return "PROXY 127.0.0.1:${dead}; PROXY ${parent.address}; DIRECT";`,
  );
  const [asked = '', direct = ''] = await ask(
    lab,
    by({ type: 'pac', file }),
    'GET http://a.example/path?query',
    `GET ${origin.url}/`,
  );
  expect(asked).toContain('GET http://a.example/path?query\n');
  expect(direct).toContain('directly');
  expect(parent.asked.map(({ url }) => url)).toEqual(['http://a.example/path?query']);
});

e2e('a parent that speaks of the target has the last word, and one that does not let us in has not', async (lab) => {
  const second = await startParent(lab, { refuse: () => [503] });
  const refusing = (status: number) => startParent(lab, { refuse: () => [status, { 'Proxy-Authenticate': 'Basic' }] });
  const [denies, locks] = [await refusing(403), await refusing(407)];
  const file = await pacFile(
    lab,
    `var first = dnsDomainIs(host, ".denied.example") ? "${denies.address}" : "${locks.address}";
     return "PROXY " + first + "; PROXY ${second.address}";`,
  );
  const [denied = '', asked = ''] = await ask(
    lab,
    by({ type: 'pac', file }),
    'CONNECT a.denied.example:443',
    'CONNECT a.example:443',
  );
  expect(denied).toMatch(/^HTTP\/1\.1 403 /);
  expect(asked).toMatch(/^HTTP\/1\.1 503 /);
  expect(second.asked.map(({ url }) => url)).toEqual(['a.example:443']);
});

e2e('by DIRECT a client reaches nothing that it may not reach', async (lab) => {
  const file = await pacFile(lab, 'return "DIRECT";');
  const [answer = ''] = await ask(lab, by({ type: 'pac', file }, []), 'GET http://169.254.169.254/');
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  expect(answer).toContain('link-local');
});

e2e('a file that gives no answer is no direct connection', async (lab) => {
  const origin = await lab.origin((_request, response) => response.end('directly'));
  const file = await pacFile(lab, 'nothing();');
  const [answer = ''] = await ask(lab, by({ type: 'pac', file }), `GET ${origin.url}/`);
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).toContain('nothing is not defined in line 1');
  expect(origin.connections).toHaveLength(0);
});

e2e('a file is fetched by its URL before the first answer', async (lab) => {
  const parent = await startParent(lab);
  const place = await lab.origin((_request, response) =>
    response.end(`function FindProxyForURL() { return "PROXY ${parent.address}"; }`),
  );
  const [answer = ''] = await ask(lab, by({ type: 'pac', url: `${place.url}/proxy.pac` }), 'GET http://a.example/');
  expect(answer).toContain('GET http://a.example/\n');
});

test('a configuration with a file that is none is refused at the file', async () => {
  const config = by({ type: 'pac', file: '/nowhere/proxy.pac' });
  await expect(createInband(config)).rejects.toThrow(
    /services\.browser\.routes\[0\]\.chainer\.file: it cannot be read: ENOENT/,
  );
});

e2e('the environment names the parents, as it was when the chainer was made', async (lab) => {
  const parent = await startParent(lab);
  const origin = await lab.origin((_request, response) => response.end('directly'));
  const before = { ...process.env };
  lab.defer(() => (process.env = before));
  process.env = { ...before, http_proxy: `http://ann:pw@${parent.address}`, no_proxy: '127.0.0.0/8' };
  delete process.env.all_proxy;
  const [asked = '', direct = ''] = await ask(
    lab,
    by({ type: 'environment' }),
    'GET http://a.example/',
    `GET ${origin.url}/`,
  );
  expect(asked).toContain('GET http://a.example/\n');
  expect(parent.asked[0]?.headers['proxy-authorization']).toBe(`Basic ${btoa('ann:pw')}`);
  expect(direct).toContain('directly');
});

test('an environment that names no proxy where it should is refused', async () => {
  const before = { ...process.env };
  process.env = { ...before, http_proxy: 'ftp://secret@a.example' };
  try {
    await expect(createInband(by({ type: 'environment' }))).rejects.toThrow(
      /The environment variable http_proxy: a proxy is reached by http, .* found "ftp"/,
    );
  } finally {
    process.env = before;
  }
});
