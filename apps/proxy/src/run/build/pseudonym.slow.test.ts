import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startProgram, type Program } from '../../../test-support/program.ts';
import { createInband } from '../../single/inband.ts';
import type { Inband } from '../../single/embedding.ts';
import { processPseudonym } from './pseudonym.ts';

const atEnd: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  while (atEnd.length > 0) await atEnd.pop()!();
});

const NAME = /^inband-[a-z]{6}$/;

test('the name of this process is random, a token, and stays', () => {
  expect(processPseudonym()).toMatch(NAME);
  expect(processPseudonym()).toBe(processPseudonym());
});

/** Runs the program with a forward proxy of two workers. Returns its port. */
async function startTwoWorkers(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-'));
  atEnd.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'inband.yaml');
  await writeFile(
    file,
    `workers: 2
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
  );
  const program: Program = startProgram(['--config', file]);
  atEnd.push(() => {
    program.kill('SIGTERM');
    return program.ended;
  });
  return Number(
    String((await program.logged('listening')).address)
      .split(':')
      .at(-1),
  );
}

function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers: { host: 'x', ...headers }, agent: false });
    asked.on('response', (response) => resolve(response.resume()));
    asked.on('error', reject);
    asked.end();
  });
}

/** The name by which a forward proxy calls itself. Each call may reach another worker. */
async function nameOf(port: number): Promise<string> {
  return String((await ask(port, 'OPTIONS', '*')).headers['proxy-status']);
}

async function startReverse(remote: string): Promise<number> {
  const inband: Inband = await createInband({
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote } }] } },
  });
  atEnd.push(() => inband.close());
  const address = inband.listeners[0]!.address;
  return address.family === 'unix' ? 0 : address.port;
}

test('all workers have one name, other installations another, and a loop is still a loop', async () => {
  const origin = createServer((_request, response) => response.end('far'));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  atEnd.push(() => new Promise((resolve) => origin.close(resolve)));
  const [near, far] = await Promise.all([
    startTwoWorkers(),
    startReverse(`127.0.0.1:${(origin.address() as AddressInfo).port}`),
  ]);
  const names = new Set<string>();
  for (let count = 0; count < 24; count += 1) names.add(await nameOf(near));
  expect(names.size).toBe(1);
  const [name] = names;
  expect(name).toMatch(NAME);
  expect(name).not.toBe(processPseudonym());
  // Two installations on their defaults, one in front of the other.
  const url = `http://127.0.0.1:${far}/`;
  const through = await ask(near, 'GET', url, { host: `127.0.0.1:${far}` });
  expect(through.statusCode).toBe(200);
  expect(through.headers.via).toBe(`1.1 ${processPseudonym()}, 1.1 ${name}`);
  for (const via of [`1.1 ${name}`, `1.1 ${processPseudonym()}`]) {
    const again = await ask(near, 'GET', url, { host: `127.0.0.1:${far}`, via });
    expect(again.statusCode).toBe(508);
  }
});

test('a name of the configuration is used as it is', async () => {
  const inband = await createInband({
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: { browser: { mode: 'forward', http: { via: 'edge-1' }, routes: [{ chainer: { type: 'inband' } }] } },
  });
  atEnd.push(() => inband.close());
  const address = inband.listeners[0]!.address;
  expect(await nameOf(address.family === 'unix' ? 0 : address.port)).toBe('edge-1');
});
