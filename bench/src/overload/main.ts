/**
 * What becomes of clients when three times as many come as the proxy can serve:
 *
 *     pnpm bench:overload [--seconds 10] [--microseconds 1000]
 *
 * Each client has a connection of its own and one request, on which the proxy spends that much time by itself, so that the clients,
 * which share the other processor with the server, can be so many. It prints a table in Markdown, which docs/benchmarks/findings.md
 * explains. It needs two processors.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePorts, LOAD_CORE, Processes, PROXY_CORE, waitForPort } from '../processes/processes.ts';
import { pinSelf } from '../processes/tools.ts';
import { OURS, programOf } from '../program.ts';
import { Site } from '../site.ts';
import { atRate, inTurn, type Visit } from './clients.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '10' }, microseconds: { type: 'string', default: '1000' } },
});
const SERVER = fileURLToPath(new URL('../pools/server.ts', import.meta.url));
const AT_ONCE = 64;
/** Seconds in which an overload is not told from a burst yet (`limits.overloadAfter`), and a little more. */
const GRACE = 1.5;
/** Times what it can serve. */
const EXCESS = 3;

/** A chainer that takes some time of the processor for each request. */
const BUSY = `import { AbstractChainer, definePlugin, DirectedChainer, serverAddress, z } from 'inband';
class Busy extends AbstractChainer {
  kind = 'busy';
  constructor({ server, microseconds }, deps) {
    super(deps.establishConnection);
    this.directed = new DirectedChainer({ remote: server }, deps);
    this.time = microseconds / 1000;
  }
  connectServer(session, host, port) {
    const until = performance.now() + this.time;
    while (performance.now() < until);
    return this.directed.connectServer(session, host, port);
  }
}
export default definePlugin({
  provides: 'chainer', kind: 'busy', serverChosenBy: 'operator',
  schema: z.strictObject({ server: serverAddress, microseconds: z.number() }),
  create: (options, deps) => new Busy(options, deps),
});
`;

const folder = mkdtempSync(join(tmpdir(), 'inband-bench-'));
chmodSync(folder, 0o755);
const processes = new Processes();

function configuration(port: number, server: number): string {
  const chainer = { type: 'busy', server: `127.0.0.1:${server}`, microseconds: Number(options.microseconds) };
  return JSON.stringify({
    workers: 1,
    log: { level: 'error', access: false },
    plugins: ['./busy.mjs'],
    listeners: [{ bind: `127.0.0.1:${port}`, service: 'web' }],
    services: { web: { mode: 'reverse', routes: [{ chainer }] } },
  });
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The row of one load: from `after` seconds on, until no more clients began. */
function row(name: string, visits: readonly Visit[], seconds: number, after = 0): number {
  const first = visits.reduce((least, { begun }) => Math.min(least, begun), Infinity);
  const counted = visits.filter(({ begun }) => begun >= first + after * 1_000);
  const times = (outcome: Visit['outcome']): number[] =>
    counted
      .filter((each) => each.outcome === outcome)
      .map(({ milliseconds }) => milliseconds)
      .toSorted((a, b) => a - b);
  const served = times('served');
  const refused = times('refused');
  const perSecond = served.length / (seconds - after);
  const shown = [
    name,
    (counted.length / (seconds - after)).toFixed(0),
    perSecond.toFixed(0),
    percentile(served, 0.5).toFixed(1),
    percentile(served, 0.99).toFixed(1),
    refused.length,
    percentile(refused, 0.5).toFixed(1),
    percentile(refused, 0.99).toFixed(1),
    (refused.at(-1) ?? Number.NaN).toFixed(1),
    times('unanswered').length,
  ];
  process.stdout.write(`| ${shown.join(' | ')} |\n`);
  return perSecond;
}

pinSelf(LOAD_CORE);
process.on('SIGINT', () => {
  processes.killAll();
  process.exit(130);
});
try {
  const [port = 0, server = 0] = await freePorts(2);
  const origin = processes.start({ core: LOAD_CORE, command: process.execPath, args: [SERVER, String(server)] });
  await waitForPort(server, origin);
  const site = new Site(join(folder, 'site'), port, { http: [0, 0, 0, 0], tunnel: 0 });
  site.write('busy.mjs', BUSY);
  const path = site.write('inband.json', configuration(port, server));
  const args = [programOf(OURS), 'run', '--config', path];
  const proxy = processes.start({ core: PROXY_CORE, command: process.execPath, args });
  await waitForPort(port, proxy);
  const seconds = Number(options.seconds);
  process.stdout.write(
    '| load | clients/s | served/s | served p50, ms | p99 | refused | refused p50, ms | p99 | slowest | unanswered |\n',
  );
  process.stdout.write(`|${' --- |'.repeat(10)}\n`);
  await inTurn(port, AT_ONCE, 3);
  const peak = row('as many as are served', await inTurn(port, AT_ONCE, 5), 5);
  const over = await atRate(port, peak * EXCESS, seconds);
  row(
    `${EXCESS} times as many, first ${GRACE} s`,
    over.filter(({ begun }) => begun < (over[0]?.begun ?? 0) + GRACE * 1_000),
    GRACE,
  );
  const kept = row(`${EXCESS} times as many, afterwards`, over, seconds, GRACE);
  row('half as many, just after it', await atRate(port, peak / 2, 5), 5);
  process.stdout.write(`\nServed in the overload: ${(kept / peak).toFixed(2)} of what can be.\n`);
} finally {
  await processes.stopAll();
  rmSync(folder, { recursive: true, force: true });
}
