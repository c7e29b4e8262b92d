import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { A, DnsServer } from '../../../../../test/support/dns-server.ts';
import { askAdmin } from '../../../test-support/admin-client.ts';
import { type AdminProgram, startAdminProgram } from '../../../test-support/program-with-admin.ts';

const WORKERS = 3;
const PATIENCE = { timeout: 20_000, interval: 50 };

/** A server that counts the looks at it. */
class Origin {
  looks = 0;
  isWell = true;
  readonly #server: Server = createServer((request, response) => {
    if (request.url === '/health') this.looks += 1;
    response.statusCode = this.isWell ? 200 : 503;
    response.end('hello');
  });

  get address(): string {
    const address = this.#server.address();
    return typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
  }

  listen(): Promise<void> {
    return new Promise((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const [well, sick] = [new Origin(), new Origin()];
const dns = new DnsServer();
const atEnd: (() => Promise<void>)[] = [];
let inband: AdminProgram;

beforeAll(async () => {
  await Promise.all([well.listen(), sick.listen()]);
  const nameserver = await dns.listen();
  dns.reply = (_name, type) => (type === A ? { records: [{ data: [127, 0, 0, 1], ttl: 60 }] } : {});
  const check = '{ type: http, path: /health, interval: 400ms, timeout: 1s, fall: 2, rise: 2 }';
  inband = await startAdminProgram(
    `workers: ${WORKERS}
workerTimeout: 60s
admin: { bind: "127.0.0.1:0", anonymous: operate }
shutdown: { grace: 1s }
resolver: { type: dns, servers: ["${nameserver}"] }
listeners: [{ bind: "127.0.0.1:0", service: pool }, { bind: "127.0.0.1:0", service: failover }, { bind: "127.0.0.1:0", service: browser }]
services:
  pool: { mode: reverse, routes: [{ chainer: { type: pool, servers: ["${well.address}", "${sick.address}"], check: ${check} } }] }
  failover: { mode: reverse, routes: [{ chainer: { type: failover, hosts: ["127.0.0.1:1", "${well.address}"] } }] }
  browser: { mode: forward, access: [{ allow: {} }], routes: [{ chainer: { type: inband } }] }
`,
    3,
    (stop) => atEnd.push(stop),
  );
});

afterAll(async () => {
  for (const stop of atEnd) await stop();
  well.close();
  sick.close();
  await dns.close();
});

/** How each worker sees a server. */
async function seen(service: string, address: string): Promise<{ state: string; told: boolean; why: string | null }[]> {
  const { body } = await askAdmin(inband.admin, ['GET', '/pools']);
  const pools = body.pools as { name: string; servers: { address: string; workers: Record<string, never> }[] }[];
  const pool = pools.find(({ name }) => name === `services.${service}.routes[0].chainer`);
  return Object.values(pool?.servers.find((server) => server.address === address)?.workers ?? {});
}

async function states(service: string, address: string): Promise<string[]> {
  return (await seen(service, address)).map(({ state }) => state);
}

const inAll = (state: string): string[] => Array.from({ length: WORKERS }, () => state);

/** One request on a connection of its own, which may come to any worker. Resolves with the first line of the answer. */
function ask(proxy: string | undefined, target: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const [, port] = proxy?.split(':') ?? [];
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.on('error', reject);
    socket.on('data', (part) => (text += part.toString('latin1')));
    socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}

/** The looks at a server in so many milliseconds. */
async function looksIn(milliseconds: number, origin = well): Promise<number> {
  const before = origin.looks;
  await new Promise((resolve) => void setTimeout(resolve, milliseconds));
  return origin.looks - before;
}

test('three workers look at a server as often as one', async () => {
  await vi.waitFor(() => expect(well.looks).toBeGreaterThan(0), PATIENCE);
  const looks = await looksIn(1_600);
  // Every 320 to 480 ms; fewer where the machine is busy. Three workers would make 10 at least.
  expect(looks).toBeGreaterThanOrEqual(1);
  expect(looks).toBeLessThanOrEqual(6);
});

test('all of them know what that one has found, and when the server is well again', async () => {
  sick.isWell = false;
  await vi.waitFor(async () => expect(await states('pool', sick.address)).toEqual(inAll('down')), PATIENCE);
  const told = (await seen('pool', sick.address)).filter((each) => each.told);
  expect(told).toHaveLength(WORKERS - 1);
  expect(told[0]?.why).toContain('503');
  sick.isWell = true;
  await vi.waitFor(async () => expect(await states('pool', sick.address)).toEqual(inAll('up')), PATIENCE);
});

test('a server that failed a session of one worker is passed over by all', async () => {
  const [, failover] = inband.proxies;
  await vi.waitFor(async () => {
    expect(await ask(failover, '/', 'app.example')).toContain('200');
    expect(await states('failover', '127.0.0.1:1')).toEqual(inAll('down'));
  }, PATIENCE);
  expect((await seen('failover', '127.0.0.1:1')).filter(({ told }) => told).length).toBeGreaterThan(0);
});

test('a name is looked up once for all workers', async () => {
  const [, , browser] = inband.proxies;
  const url = `http://app.example:${well.address.split(':')[1]}/`;
  expect(await ask(browser, url, 'app.example')).toContain('200');
  // What one worker tells takes a moment.
  await new Promise((resolve) => void setTimeout(resolve, 400));
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(browser, url, 'app.example')));
  expect(new Set(answers).size).toBe(1);
  expect(dns.questions.filter(({ name, type }) => name === 'app.example' && type === A)).toHaveLength(1);
});

test('when the worker that looks is killed, another one looks, and the new one knows what is down', async () => {
  sick.isWell = false;
  await vi.waitFor(async () => expect(await states('pool', sick.address)).toEqual(inAll('down')), PATIENCE);
  const [, first = 0] = await inband.program.processes();
  process.kill(first, 'SIGKILL');
  const { looks } = well;
  await vi.waitFor(() => expect(well.looks).toBeGreaterThan(looks + 3), { ...PATIENCE, timeout: 8_000 });
  await inband.program.during(inband.program.logged('restarted'));
  expect(await states('pool', sick.address)).toEqual(inAll('down'));
  expect(await states('failover', '127.0.0.1:1')).toEqual(inAll('down'));
});

test('when it is stopped, another one looks within seconds', async () => {
  // The one that was started last, in place of the first.
  const first = (await inband.program.processes()).at(-1) ?? 0;
  process.kill(first, 'SIGSTOP');
  try {
    await looksIn(500);
    const { looks } = well;
    await vi.waitFor(() => expect(well.looks).toBeGreaterThan(looks + 1), { ...PATIENCE, timeout: 8_000 });
  } finally {
    process.kill(first, 'SIGCONT');
  }
});
