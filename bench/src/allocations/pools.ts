/**
 * What a pool costs beside `failover`, and among many servers:
 *
 *     node bench/src/allocations/pools.ts [ROUNDS]
 *
 * Prints a table in Markdown; docs/benchmarks/README.md explains it. All run in this process, on a network in memory, in turns. Other load on
 * the machine only ever adds, so the least of all rounds counts.
 */
import { getHeapStatistics } from 'node:v8';
import {
  type ChainerInput,
  type Connection,
  createInband,
  createMemoryNetwork,
  inetAddr,
  type PoolChainerInput,
  type SockAddr,
} from 'inband';
import { requestText } from '../load/request.ts';
import { Client } from './lab.ts';

const REQUESTS = 320;
const rounds = Number(process.argv[2] ?? 400);

const ANSWER = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'y'.repeat(100)}`);
const GET = { method: 'GET', path: '/', fields: [], content: 0, answer: 100 } as const;

const network = createMemoryNetwork();

function addressOf(port: number, server: number): string {
  return `127.${port & 127}.${server >> 8}.${server & 255}`;
}

/** Each request is one write. */
async function serve(address: SockAddr): Promise<void> {
  await network.transport().listen(address, {}, (connection) => {
    connection.handler = {
      data: () => void connection.write(ANSWER),
      drained: () => {},
      ended: () => connection.end(),
      closed: () => {},
    };
    connection.resume();
  });
}

interface Way {
  readonly name: string;
  /** One, because then it always has an idle connection of its own: what is measured is the chainer and not the search for one. */
  readonly client: Client;
  /** Microseconds and bytes on V8's heap for one request. */
  microseconds: number;
  bytes: number;
}

let ports = 3_000;

async function wayOf(name: string, servers: number, chainerOf: (servers: string[]) => ChainerInput): Promise<Way> {
  const port = (ports += 1);
  const hosts = Array.from({ length: servers }, (_, server) => addressOf(port, server));
  for (const host of hosts) {
    const address = inetAddr(host, 80);
    if (address !== undefined) await serve(address);
  }
  const routes = [{ chainer: chainerOf(hosts.map((host) => `${host}:80`)) }];
  await createInband(
    {
      serverPool: { maxIdle: 100_000 },
      listeners: [{ bind: `127.0.0.1:${port}`, service: 'web' }],
      services: { web: { mode: 'reverse', http: { forwarded: 'off' }, routes } },
    },
    { transport: network.transport() },
  );
  const to = inetAddr('127.0.0.1', port);
  if (to === undefined) throw new Error('This is an address.');
  const request = Buffer.from(requestText(GET, 'origin', port));
  const lengths = { request: 0, answer: await lengthOfAnswer(to, request), established: 0 };
  const measured = { name, about: '', kind: 'request', request, answer: ANSWER } as const;
  const client = new Client(network, measured, to, lengths);
  return { name, client, microseconds: Infinity, bytes: Infinity };
}

function lengthOfAnswer(to: SockAddr, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    network.transport().connect(to, {}, (error, connection?: Connection) => {
      if (connection === undefined) return reject(error ?? new Error('there is no connection'));
      let received = 0;
      connection.handler = {
        data: (_bytes, start, end) => void (received += end - start),
        drained: () => {},
        ended: () => {},
        closed: () => {},
      };
      connection.resume();
      connection.write(request);
      setTimeout(() => {
        connection.destroy();
        resolve(received);
      }, 100);
    });
  });
}

async function measure(way: Way): Promise<void> {
  const allocated = getHeapStatistics().total_allocated_bytes;
  const start = process.hrtime.bigint();
  await way.client.run(REQUESTS);
  const microseconds = Number(process.hrtime.bigint() - start) / 1_000 / REQUESTS;
  way.microseconds = Math.min(way.microseconds, microseconds);
  way.bytes = Math.min(way.bytes, (getHeapStatistics().total_allocated_bytes - allocated) / REQUESTS);
}

type PoolOptions = Omit<PoolChainerInput, 'servers'>;
const pool =
  (more: PoolOptions) =>
  (servers: string[]): ChainerInput => ({ type: 'pool', servers, ...more });
const BALANCES: readonly NonNullable<PoolOptions['balance']>[] = [
  'round-robin',
  'least-connections',
  'latency',
  'random',
  { hash: 'header.user-agent' },
];
const ways = [
  await wayOf('`failover` of 4', 4, (hosts) => ({ type: 'failover', hosts })),
  await wayOf('`failover` of 1,000', 1_000, (hosts) => ({ type: 'failover', hosts })),
  await wayOf('`pool` of 4', 4, pool({})),
  await wayOf('`pool` of 4 with `sticky`', 4, pool({ sticky: { cookie: 'srv' } })),
  await wayOf('`pool` of 10', 10, pool({})),
  await wayOf('`pool` of 1,000', 1_000, pool({})),
];
for (const balance of BALANCES) {
  const name = typeof balance === 'string' ? balance : 'hash';
  for (const servers of [10, 1_000]) {
    ways.push(await wayOf(`\`pool\` of ${servers.toLocaleString('en')}, \`${name}\``, servers, pool({ balance })));
  }
}

for (let round = 0; round < rounds; round += 1) {
  for (const way of [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)]) await measure(way);
}

printRequests(ways);
process.exit(0);

function printRequests([failover, ...others]: readonly Way[]): void {
  process.stdout.write('| chainer | µs | to `failover` | bytes of heap |\n| --- | --: | --: | --: |\n');
  for (const { name, microseconds, bytes } of failover === undefined ? [] : [failover, ...others]) {
    const ratio = microseconds / (failover?.microseconds ?? Number.NaN);
    process.stdout.write(`| ${name} | ${microseconds.toFixed(2)} | ${ratio.toFixed(3)} | ${bytes.toFixed(0)} |\n`);
  }
}
