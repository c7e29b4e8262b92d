import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, startRedis } from '../../../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { jsonObject } from '../../test-support/json.ts';
import { type KeepAliveClient, openClient } from '../../test-support/keep-alive.ts';
import { type Program, startProgram } from '../../test-support/program.ts';

const RATE = 100;
const BURST = 20;
/** Of two processes: what each may spend in advance, and what it has leased. */
const OVERSHOOT = 2 * (10 + 10);
/** Milliseconds for which as many come as can. */
const TIME = 1_000;
/** Milliseconds between two requests on a connection. */
const PAUSE = 4;

let folder: string;
let clients: KeepAliveClient[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-shared-rates-'));
});
afterEach(() => {
  for (const client of clients) client.destroy();
  clients = [];
});
afterAll(() => rm(folder, { recursive: true }));

interface Serving {
  readonly program: Program;
  readonly port: number;
}

/** Starts the program with a limit for each client. Every request is answered by itself. */
async function start(name: string, more: object): Promise<Serving> {
  const configuration = {
    ...more,
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: {
      web: {
        mode: 'reverse',
        limits: { perClient: { requests: { rate: `${RATE}/s`, burst: BURST } } },
        routes: [{ respond: { status: 200, body: 'hello' } }],
      },
    },
  };
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(configuration));
  const program = startProgram(['--config', file]);
  const { address } = await program.logged('listening');
  return { program, port: Number(String(address).split(':').at(-1)) };
}

async function open(port: number): Promise<KeepAliveClient> {
  const client = await openClient(port);
  clients.push(client);
  return client;
}

/** Has all clients ask until `TIME` is over, and ends them. */
async function flood(): Promise<void> {
  const begun = performance.now();
  const asking = clients.map(async (client) => {
    while (performance.now() - begun < TIME) {
      // An answer ends with its body, of which a refusal says how long it is.
      await client.get('http://web.example/', '').catch(() => undefined);
      await sleep(PAUSE);
    }
  });
  await Promise.all(asking);
  for (const client of clients) client.destroy();
}

interface Asked {
  asked: number;
  passed: number;
}

/** Ends programs, and counts what was asked of each process of theirs, and passed. */
async function askedOf(programs: readonly Program[]): Promise<readonly Asked[]> {
  const processes = new Map<unknown, Asked>();
  for (const program of programs) {
    program.kill('SIGTERM');
    const { stdout } = await program.ended;
    for (const { msg, pid, status } of stdout.trim().split('\n').map(jsonObject)) {
      if (msg !== 'request') continue;
      const counted = processes.get(pid) ?? { asked: 0, passed: 0 };
      counted.asked += 1;
      if (status === 200) counted.passed += 1;
      processes.set(pid, counted);
    }
  }
  return [...processes.values()];
}

/** `took`: milliseconds from the first request to the last one, of which for `TIME` at least as many came as could. */
function expectShared(each: readonly Asked[], took: number): void {
  expect(each).toHaveLength(2);
  const rate = (TIME * RATE) / 1_000;
  const sum = (of: keyof Asked): number => each.reduce((all, one) => all + one[of], 0);
  expect(sum('passed')).toBeLessThanOrEqual(BURST + (took * RATE) / 1_000 + OVERSHOOT);
  expect(sum('passed')).toBeGreaterThan(Math.min(rate, sum('asked')) / 2);
  // Nobody starves: whoever was asked for as much as its part has given it, or nearly.
  for (const { asked, passed } of each) expect(passed).toBeGreaterThan(Math.min(rate / 2, asked) / 3);
}

test('a client on connections to two workers has its limit once', async () => {
  const { program, port } = await start('workers', { workers: 2 });
  const begun = performance.now();
  const pids = new Set<unknown>();
  for (let count = 0; count < 8 || (pids.size < 2 && count < 64); count += 1) {
    const client = await open(port);
    await client.get('http://web.example/', 'hello').catch(() => undefined);
    pids.add((await program.logged('request')).pid);
  }
  await flood();
  const took = performance.now() - begun;
  expectShared(await askedOf([program]), took);
}, 60_000);

describeRequiring({ commands: ['redis-server'] }, 'by Redis', () => {
  let redis: ServerProcess;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  test('a client of two programs has its limit once', async () => {
    const store = { type: 'redis', url: `redis://127.0.0.1:${redis.port}` };
    const both = await Promise.all(['one', 'other'].map((member) => start(member, { store, cluster: { member } })));
    const begun = performance.now();
    for (const { port } of both) for (let count = 0; count < 4; count += 1) await open(port);
    await flood();
    const took = performance.now() - begun;
    expectShared(await askedOf(both.map(({ program }) => program)), took);
  }, 60_000);
});
