import type * as Inband from 'inband';
import { cpuUsage } from 'node:process';
import { pathToFileURL } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { caseNamed } from './cases.ts';
import { Client, PROXY, SERVER, serve, tryOnce, type Lengths } from './lab.ts';

/** What one process found: bytes allocated on V8's heap, and microseconds of processor time, for one time. */
export interface Allocated {
  readonly bytes: number;
  readonly microseconds: number;
}

/**
 * Measures one way in a process of its own: `node --expose-gc child.ts INDEX CASE COUNT proxy|straight`. INDEX is the entry of
 * the package `inband` whose proxy, network in memory and all, is measured.
 */
const [index = '', name = '', count = '', way = ''] = process.argv.slice(2);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- another version of the same package
const { createInband, createMemoryNetwork } = (await import(pathToFileURL(index).href)) as typeof Inband;

const measured = caseNamed(name);
const network = createMemoryNetwork();
const inband = await createInband(
  {
    listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
    services: {
      browser: { mode: 'forward', http: { connectPorts: 'any' }, routes: [{ chainer: { type: 'inband' } }] },
    },
  },
  { transport: network.transport() },
);

/** Straight to the server what is sent arrives. */
const straight: Lengths = { request: measured.request.length, answer: measured.answer.length, established: 0 };
const lengths = way === 'straight' ? straight : await tryOnce(network, measured);
await serve(network, measured, lengths.request);
const client = new Client(network, measured, way === 'straight' ? SERVER : PROXY, lengths);

async function measure(times: number): Promise<Allocated> {
  if (globalThis.gc === undefined) throw new Error('Run it with node --expose-gc.');
  globalThis.gc();
  const start = cpuUsage();
  const before = getHeapStatistics().total_allocated_bytes;
  await client.run(times);
  const after = getHeapStatistics().total_allocated_bytes;
  const { user, system } = cpuUsage(start);
  return { bytes: (after - before) / times, microseconds: (user + system) / times };
}

// Until everything is compiled.
await measure(Number(count));
await measure(Number(count));
const result = await measure(Number(count));
process.stdout.write(`${result.bytes} ${result.microseconds}\n`);
client.close();
await inband.close({ grace: 0 });
// The network in memory is still listening.
process.exit(0);
