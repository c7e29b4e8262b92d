import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type ServerProcess, startRedis } from '../../../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { jsonObject } from '../../test-support/json.ts';
import { type Program, startProgram } from '../../test-support/program.ts';

/** Connections of a client, and bytes of a service. */
const MOST = 6;
const QUOTA = 1024 * 1024;
/** What passes before answers on a machine that is busy with other tests, as well. */
const MOST_USED = 2 * QUOTA;
const BODY = 'x'.repeat(32 * 1024);
/** Milliseconds after which every process knows what there is. */
const SETTLED = 400;
const PATIENT = { timeout: 20_000, interval: 100 };

const server = createServer((_request, response) => response.end(BODY));
let folder: string;
let programs: Program[] = [];
let agents: Agent[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-shared-counts-'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const program of programs) program.kill('SIGTERM');
  await Promise.all(programs.splice(0).map(({ ended }) => ended));
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
});

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A service with limits, in front of the server of this test. */
const service = (limits: object) => ({
  mode: 'reverse',
  limits,
  routes: [{ chainer: { type: 'directed', remote: `127.0.0.1:${portOf(server.address())}` } }],
});

interface Serving {
  readonly program: Program;
  /** The ports of services. */
  readonly ports: Readonly<Record<string, number>>;
}

async function start(name: string, more: object): Promise<Serving> {
  const services = {
    places: service({ perClient: { connections: MOST } }),
    hard: service({ quota: `${QUOTA}B/day` }),
    soft: service({ quota: { bytes: `${16 * QUOTA}B/day`, soft: true } }),
  };
  const listeners = Object.keys(services).map((key) => ({ bind: '127.0.0.1:0', service: key }));
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify({ ...more, services, listeners }));
  const program = startProgram(['--config', file]);
  programs.push(program);
  const ports: Record<string, number> = {};
  for (const _ of listeners) {
    const { address, service: of } = await program.logged('listening');
    ports[String(of)] = Number(String(address).split(':').at(-1));
  }
  return { program, ports };
}

/** The status of an answer, and what it says. A connection of its own, which stays open. Undefined: it was cut. */
function ask(port: number | undefined): Promise<{ status: number; text: string } | undefined> {
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  const { promise, resolve } = Promise.withResolvers<{ status: number; text: string } | undefined>();
  get({ port, host: '127.0.0.1', path: '/', agent }, (response) => {
    let text = '';
    response.setEncoding('latin1').on('data', (data: string) => (text += data));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    response.on('error', () => resolve(undefined));
  }).on('error', () => resolve(undefined));
  return promise;
}

/** How many of so many connections, one after another, are let in. */
async function admitted(ports: readonly (number | undefined)[], count: number): Promise<number> {
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    const answer = await ask(ports[index % ports.length]);
    if (answer?.status === 200) sum += 1;
    else expect(answer).toMatchObject({ status: 503 });
    await sleep(5);
  }
  return sum;
}

/** Bytes of bodies until one is refused. */
async function used(port: number | undefined): Promise<{ bytes: number; text: string }> {
  let bytes = 0;
  for (let count = 0; count < (2 * MOST_USED) / BODY.length; count += 1) {
    const answer = await ask(port);
    if (answer?.status === 429) return { bytes, text: answer.text };
    bytes += answer?.text.length ?? 0;
    await sleep(5);
  }
  throw new Error(`Nothing was refused of ${bytes} bytes.`);
}

test('a client of two workers has its connections once, and those of a worker that dies come back', async () => {
  const { program, ports } = await start('workers', { workers: 2 });
  const sum = await admitted([ports.places], 16);
  expect(sum).toBeGreaterThanOrEqual(MOST);
  expect(sum).toBeLessThanOrEqual(2 * MOST);
  await sleep(SETTLED);
  // Each worker has been asked by now, because they take connections by chance.
  expect(await admitted([ports.places], 16)).toBeLessThanOrEqual(1);
  const [, worker = 0] = await program.processes();
  process.kill(worker, 'SIGKILL');
  await program.logged('restarted');
  await vi.waitFor(async () => expect((await ask(ports.places))?.status).toBe(200), PATIENT);
  const { bytes } = await used(ports.hard);
  expect(bytes).toBeGreaterThan(QUOTA / 2);
  expect(bytes).toBeLessThanOrEqual(MOST_USED);
}, 60_000);

describeRequiring({ commands: ['redis-server'] }, 'by Redis', () => {
  let redis: ServerProcess;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());
  afterEach(() => redis.signal('SIGCONT'));

  /** Of the keys in the store, which is another one for each try: what was counted is not forgotten. */
  let tries = 0;
  const member = (name: string, more: object = {}): Promise<Serving> =>
    start(name, {
      ...more,
      store: { type: 'redis', url: `redis://127.0.0.1:${redis.port}`, key: `try-${tries}` },
      cluster: { member: name },
    });

  test('two programs count together, and what was used outlives them; without the store, hard quotas are closed and soft ones open', async () => {
    tries += 1;
    const [one, other] = await Promise.all([member('one', { workers: 2 }), member('other')]);
    const sum = await admitted([one.ports.places, other.ports.places], 16);
    expect(sum).toBeGreaterThanOrEqual(MOST);
    expect(sum).toBeLessThanOrEqual(2 * MOST);
    await sleep(SETTLED);
    expect(await admitted([one.ports.places, other.ports.places], 16)).toBeLessThanOrEqual(1);

    const { bytes, text } = await used(one.ports.hard);
    expect(bytes).toBeLessThanOrEqual(MOST_USED);
    expect(text).toContain('is used up');
    const more = await used(other.ports.hard);
    expect(bytes + more.bytes).toBeGreaterThanOrEqual(QUOTA - BODY.length);
    expect(bytes + more.bytes).toBeLessThanOrEqual(MOST_USED);

    other.program.kill('SIGTERM');
    await other.program.ended;
    const next = await member('other');
    expect((await used(next.ports.hard)).bytes).toBeLessThan(QUOTA / 2);
    expect((await ask(next.ports.soft))?.status).toBe(200);

    redis.signal('SIGSTOP');
    await vi.waitFor(async () => {
      const answer = await ask(one.ports.hard);
      expect(answer?.text).toContain('cannot be counted at present');
    }, PATIENT);
    for (let count = 0; count < 20; count += 1) expect((await ask(next.ports.soft))?.status).toBe(200);
    redis.signal('SIGCONT');
    await vi.waitFor(async () => expect((await ask(one.ports.hard))?.text).toContain('is used up'), PATIENT);
    one.program.kill('SIGTERM');
    const { stdout } = await one.program.ended;
    const refused = stdout
      .split('\n')
      .filter((line) => line.includes('cannot be counted'))
      .map(jsonObject);
    expect(refused[0]).toMatchObject({ status: 429, rule: 'services.hard.limits.quota' });
  }, 60_000);
});
