import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ConfigInput } from 'inband';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type RunningProgram, startProgram } from '../e2e/program.ts';
import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS } from './lab.ts';
import { Namespace } from './namespace.ts';

/** Milliseconds in which what is known of a name must have changed: its time to live is a second. */
const SOON = { timeout: 10_000, interval: 100 };

/** It answers for names under `example` only, and reads nothing of the machine. */
const DNSMASQ = [
  '--keep-in-foreground',
  '--conf-file=/dev/null',
  '--no-resolv',
  '--no-hosts',
  '--user=root',
  '--pid-file',
  '--listen-address=127.0.0.1',
  '--bind-interfaces',
  '--log-facility=-',
  '--local-ttl=1',
  '--local=/example/',
] as const;

/** The program beside dnsmasq and an HTTP server on every address of loopback, in a network namespace. */
describeRequiring({ ...LAB_NEEDS, commands: [...(LAB_NEEDS.commands ?? []), 'dnsmasq'] }, 'the names of a pool', () => {
  let namespace: Namespace;
  let folder: string;
  let dns: ChildProcess | undefined;
  const closers: (() => unknown)[] = [];
  const lab = { defer: (close: () => unknown) => void closers.push(close) };

  beforeAll(async () => {
    namespace = await Namespace.create('pool');
    await namespace.ip('link set lo up');
    await namespace.serve(80);
  });
  afterAll(() => namespace?.close());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-pool-'));
  });
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
    await stopDns();
    await rm(folder, { recursive: true });
  });

  const hosts = (): string => join(folder, 'hosts');

  /** Names by their addresses, whose time to live is a second. `services`: `name,target,port,priority,weight`. */
  async function startDns(text: string, services: readonly string[] = []): Promise<void> {
    await writeFile(hosts(), text);
    const [command = '', ...parameters] = namespace.inside(
      'dnsmasq',
      ...DNSMASQ,
      `--addn-hosts=${hosts()}`,
      ...services.map((service) => `--srv-host=${service}`),
    );
    dns = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
    if (dns.stderr === null) throw new Error('There is no output.');
    for await (const line of createInterface({ input: dns.stderr })) if (line.includes('read ')) break;
    dns.stderr.resume();
  }

  async function stopDns(): Promise<void> {
    if (dns === undefined) return;
    const ended = once(dns, 'exit');
    dns.kill('SIGKILL');
    dns = undefined;
    await ended;
  }

  async function changeHosts(text: string): Promise<void> {
    await writeFile(hosts(), text);
    dns?.kill('SIGHUP');
  }

  function start(servers: readonly (string | { srv: string })[]): Promise<RunningProgram> {
    const config: ConfigInput = {
      resolver: { type: 'dns', servers: ['127.0.0.1'], timeout: '1s', tries: 1 },
      listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
      services: {
        web: {
          mode: 'reverse',
          routes: [{ chainer: { type: 'pool', servers: [...servers], balance: 'round-robin' } }],
        },
      },
    };
    return startProgram(lab, config, namespace.inside());
  }

  /** How many of so many requests each address got. */
  async function spread(count: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let index = 0; index < count; index += 1) {
      const { local } = await namespace.ask({ to: '127.0.0.1:8080', host: 'web.example', path: '/' });
      const [address = ''] = local.split(':80');
      counts[address] = (counts[address] ?? 0) + 1;
    }
    return counts;
  }

  test('each address gets requests; others when the time to live ends; the last ones while the DNS is away', async () => {
    await startDns('127.0.0.2 app.example\n127.0.0.3 app.example\n');
    const program = await start(['app.example:80']);
    expect(await spread(4)).toEqual({ '127.0.0.2': 2, '127.0.0.3': 2 });
    await changeHosts('127.0.0.3 app.example\n127.0.0.4 app.example\n');
    await vi.waitFor(async () => expect(await spread(4)).toEqual({ '127.0.0.3': 2, '127.0.0.4': 2 }), SOON);
    await stopDns();
    await program.logged('a name of a pool cannot be resolved; its last addresses stay in use');
    expect(await spread(4)).toEqual({ '127.0.0.3': 2, '127.0.0.4': 2 });
    await startDns('127.0.0.5 app.example\n');
    await vi.waitFor(async () => expect(await spread(2)).toEqual({ '127.0.0.5': 2 }), SOON);
    expect(await program.logged('a name of a pool can be resolved again')).toHaveLength(1);
  });

  test('a service has the priorities and weights of its SRV records', async () => {
    const names = '127.0.0.2 a.example\n127.0.0.3 b.example\n127.0.0.4 c.example\n';
    const service = '_http._tcp.shop.example';
    await startDns(names, [
      `${service},a.example,80,1,30`,
      `${service},b.example,80,1,10`,
      `${service},c.example,80,2,1`,
    ]);
    await start([{ srv: service }]);
    expect(await spread(40)).toEqual({ '127.0.0.2': 30, '127.0.0.3': 10 });
  });

  test('a pool that cannot be resolved at all says which setting is meant', async () => {
    await startDns('');
    const program = await start(['gone.example:80']);
    expect(await namespace.fetch({ to: '127.0.0.1:8080', host: 'web.example', path: '/' })).toMatchObject({
      status: 502,
    });
    expect(await program.logged('request')).toMatchObject([
      { error: 'dns_error', why: 'The name "gone.example" could not be resolved: it does not exist.' },
    ]);
  });
});
