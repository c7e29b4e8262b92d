import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ConfigInput, ResolverInput } from 'inband';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { programCommand, type RunningProgram, startProgram } from '../e2e/program.ts';
import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS } from './lab.ts';
import { Namespace } from './namespace.ts';

const DNS_PROGRAM = fileURLToPath(new URL('dns-program.ts', import.meta.url));
const FILES = { hosts: '/etc/hosts', resolv: '/etc/resolv.conf', nsswitch: '/etc/nsswitch.conf' } as const;
/** Milliseconds in which nobody is kept waiting by a name without an answer: these take 5 s for one try. */
const AT_ONCE = 4_000;

const forward: ConfigInput = {
  listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
  services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
};

/**
 * The program in a network namespace with only loopback, and with its own /etc/hosts, resolv.conf and nsswitch.conf, beside a
 * DNS server and an HTTP server on port 80 of loopback.
 */
describeRequiring({ ...LAB_NEEDS, commands: [...(LAB_NEEDS.commands ?? []), 'mount'] }, 'names', () => {
  let namespace: Namespace;
  let dns: ChildProcess;
  let folder: string;
  const asked: string[] = [];
  const closers: (() => unknown)[] = [];
  const lab = { defer: (close: () => unknown) => void closers.push(close) };

  beforeAll(async () => {
    namespace = await Namespace.create('names');
    await namespace.ip('link set lo up');
    await namespace.serve(80);
    const [command = '', ...parameters] = namespace.inside(process.execPath, DNS_PROGRAM);
    dns = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: dns.stdout! });
    await once(lines, 'line');
    lines.on('line', (line) => asked.push(line));
  });
  afterAll(async () => {
    dns?.kill('SIGKILL');
    await namespace?.close();
  });

  beforeEach(async () => {
    asked.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'inband-names-'));
    await write('hosts', '127.0.0.1 localhost listed.example\n');
    await write('resolv', 'nameserver 127.0.0.1\nsearch corp.example\n');
    await write('nsswitch', 'hosts: files dns\n');
  });
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
    await rm(folder, { recursive: true });
  });

  const write = (file: keyof typeof FILES, text: string): Promise<void> => writeFile(join(folder, file), text);

  /** Runs what follows it with these files in their places, which only it sees. */
  function withFiles(): string[] {
    const mounts = Object.entries(FILES).map(([name, path]) => `mount --bind ${join(folder, name)} ${path}`);
    return ['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'];
  }

  function start(config: Partial<ConfigInput> = {}, files = withFiles()): Promise<RunningProgram> {
    return startProgram(lab, { ...forward, ...config }, namespace.inside(...files));
  }

  async function statusOf(url: string, from = '127.0.0.1'): Promise<number> {
    const { host } = new URL(url);
    return (await namespace.fetch({ to: '127.0.0.1:3128', from, host, path: url })).status;
  }

  /** Asks for names that nobody answers for, and does not wait. */
  async function askInVain(count: number, from: string): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const wire = await namespace.open('127.0.0.1:3128', from);
      const host = `silent${index}.example`;
      await wire.sendHead(`GET http://${host}/ HTTP/1.1`, `Host: ${host}`);
    }
  }

  async function timed<T>(what: Promise<T>): Promise<{ value: T; ms: number }> {
    const begun = performance.now();
    return { value: await what, ms: performance.now() - begun };
  }

  test('by default our own client looks them up, as the files say, and the log says so once', async () => {
    const program = await start();
    expect(await program.logged('how names are looked up')).toMatchObject([
      { resolver: 'auto', uses: 'dns client', servers: ['127.0.0.1'], search: ['corp.example'] },
    ]);
    expect(await statusOf('http://www.example/')).toBe(200);
    expect(await statusOf('http://listed.example/')).toBe(200);
    expect(await statusOf('http://intranet/')).toBe(200);
    expect(asked).toContain('intranet.corp.example');
    expect(asked).not.toContain('listed.example');
  });

  test('200 names of one client that nobody answers for keep no other client waiting', async () => {
    await start();
    await askInVain(200, '127.0.0.2');
    const { value, ms } = await timed(statusOf('http://www.example/', '127.0.0.3'));
    expect(value).toBe(200);
    expect(ms).toBeLessThan(AT_ONCE);
    // Nor does what needs no look-up wait, whosever it is.
    expect(await statusOf('http://listed.example/', '127.0.0.2')).toBe(200);
    expect(await statusOf('http://www.example/', '127.0.0.2')).toBe(200);
    expect(await statusOf('http://127.0.0.1/', '127.0.0.2')).toBe(200);
  });

  test('what is more than may wait is refused at once, and the log says what would allow it', async () => {
    const limits = { lookupsPerClient: 1, waitingPerClient: 1 };
    const program = await start({ resolver: { limits } });
    await askInVain(2, '127.0.0.2');
    expect(await statusOf('http://www.example/', '127.0.0.2')).toBe(503);
    expect(await program.logged('request')).toMatchObject([
      {
        error: 'connection_limit_reached',
        verdict: 'connection-failed',
        why: expect.stringContaining('(resolver.limits.waitingPerClient)'),
      },
    ]);
    expect(await statusOf('http://www.example/', '127.0.0.3')).toBe(200);
  });

  test('an answer that cannot be read ends only its own look-up', async () => {
    const program = await start();
    await askInVain(1, '127.0.0.2');
    expect(await statusOf('http://malformed.example/')).toBe(504);
    expect(await statusOf('http://www.example/')).toBe(200);
    await program.logged('request', 2);
    expect(program.lines.filter((line) => line.includes('silent'))).toEqual([]);
  });

  test('a server to which there is no route is followed by the next at once', async () => {
    await write('resolv', 'nameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver 127.0.0.1\noptions timeout:30\n');
    await start();
    const { value, ms } = await timed(statusOf('http://www.example/'));
    expect(value).toBe(200);
    expect(ms).toBeLessThan(AT_ONCE);
  });

  test('localhost, .invalid and .onion are never asked for', async () => {
    await start();
    expect(await statusOf('http://app.localhost/')).toBe(200);
    expect(await statusOf('http://x.invalid/')).toBe(502);
    expect(await statusOf('http://x.onion/')).toBe(502);
    expect(await statusOf('http://x.local/')).toBe(200);
    expect(asked.filter((name) => !name.startsWith('x.local'))).toEqual([]);
  });

  test('what /etc/hosts and resolv.conf say later counts, also for names that are cached', async () => {
    await start();
    expect(await statusOf('http://moved.example/')).toBe(200);
    expect(await statusOf('http://short/')).toBe(200);
    expect(asked).toContain('short.corp.example');
    await write('hosts', '127.0.0.1 localhost later.example\n192.0.2.9 moved.example\n');
    await write('resolv', 'nameserver 127.0.0.1\nsearch branch.example\n');
    await expect.poll(() => statusOf('http://moved.example/'), { timeout: 10_000 }).not.toBe(200);
    expect(await statusOf('http://later.example/')).toBe(200);
    expect(asked).not.toContain('later.example');
    await expect
      .poll(() => statusOf('http://short/').then(() => asked), { timeout: 10_000 })
      .toContain('short.branch.example');
  });

  test('a machine without any of the files asks itself', async () => {
    const bare = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /etc && exec "$@"', 'sh'];
    const program = await start({}, bare);
    expect(await program.logged('how names are looked up')).toMatchObject([
      { uses: 'dns client', servers: ['127.0.0.1'] },
    ]);
    expect(await statusOf('http://www.example/')).toBe(200);
    expect(await statusOf('http://127.0.0.1/')).toBe(200);
  });

  test('a module of the system makes it the system, and "check" and "explain" work with the same', async () => {
    await write('nsswitch', 'hosts: files mdns4_minimal [NOTFOUND=return] dns\n');
    const program = await start();
    const [line] = await program.logged('how names are looked up');
    expect(line).toMatchObject({ uses: 'system', why: expect.stringContaining('mdns4_minimal') });
    expect(await statusOf('http://www.example/')).toBe(200);
    const explained = await namespace.execute([...withFiles(), ...programCommand, 'explain', 'http://intranet/']);
    expect(explained).toMatchObject({ status: 0, stdout: expect.stringContaining('127.0.0.1:80 in loopback') });
  });

  test.each<ResolverInput>([{ type: 'auto' }, { type: 'dns', timeout: '500ms', tries: 1 }, { type: 'system' }])(
    'what a failure means is the same with %j',
    async (resolver) => {
      await write('resolv', 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n');
      await start({ resolver });
      const statuses = Object.fromEntries(
        await Promise.all(
          ['servfail', 'refused', 'missing', 'silent'].map(async (name) => {
            // Each of another client: with the system's resolver one waits for the other.
            const status = await statusOf(`http://${name}.example/`, `127.0.1.${name.length}`);
            return [name, status] as const;
          }),
        ),
      );
      expect(statuses).toEqual({ servfail: 504, refused: 504, missing: 502, silent: 504 });
    },
  );

  test('with the system’s resolver silent names leave what is cached or in /etc/hosts, files, and one other client', async () => {
    const program = await start({ resolver: { type: 'system' } });
    expect(await statusOf('http://www.example/', '127.0.0.2')).toBe(200);
    await askInVain(20, '127.0.0.2');
    const { ms } = await timed(
      Promise.all([
        statusOf('http://www.example/', '127.0.0.2'),
        statusOf('http://listed.example/', '127.0.0.2'),
        statusOf('http://other.example/', '127.0.0.3'),
      ]).then((statuses) => expect(statuses).toEqual([200, 200, 200])),
    );
    expect(ms).toBeLessThan(AT_ONCE);
    await program.logged('request', 4);
  });
});
