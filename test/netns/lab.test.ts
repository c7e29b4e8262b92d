import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS, NetnsLab } from './lab.ts';

const HOLDER = fileURLToPath(new URL('lab-holder.ts', import.meta.url));

/** Whether any process is left in a namespace; one without processes (and without a name) is gone. */
async function isInhabited(namespace: string): Promise<boolean> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const inhabited = await Promise.all(processes.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return inhabited.includes(namespace);
}

describeRequiring(LAB_NEEDS, 'the network lab', () => {
  let lab: NetnsLab;
  beforeAll(async () => (lab = await NetnsLab.create()));
  afterAll(() => lab.close());

  test.each([
    ['IPv4', '10.71.1.11', '10.71.2.10:80', '10.71.3.10:80'],
    ['IPv6', 'fd71:1::11', '[fd71:2::10]:80', '[fd71:3::10]:80'],
  ])(
    'clients reach both servers through the gateway over %s, from the address they choose',
    async (_name, from, ...to) => {
      const seen = await Promise.all(to.map((server) => lab.client.ask({ from, to: server, host: 'shop.example' })));
      expect(seen).toMatchObject([
        { server: 'server1', local: to[0], headers: { host: 'shop.example' } },
        { server: 'server2', local: to[1] },
      ]);
      for (const { peer } of seen) expect(peer.replace(/[[\]]/g, '')).toMatch(new RegExp(`^${from}:\\d+$`));
    },
  );

  test('nothing leads out of it', async () => {
    const links = await lab.gateway.run(['ip', '-o', 'link']);
    expect([...links.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name)).toEqual([
      'lo',
      'clients',
      'server1',
      'server2',
    ]);
    expect(await lab.gateway.run(['ip', 'route', 'show', 'default'])).toBe('');
    await expect(lab.gateway.fetch({ to: '192.0.2.1:80' })).rejects.toThrow('ENETUNREACH');
  });

  test('the program runs in the gateway', async () => {
    const program = await lab.inband({
      listeners: [{ bind: '10.71.1.1:0', service: 'web' }],
      services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '10.71.3.10:80' } }] } },
    });
    expect(await lab.client.ask({ to: `10.71.1.1:${program.port}` })).toMatchObject({
      server: 'server2',
      peer: expect.stringMatching(/^10\.71\.3\.1:\d+$/),
    });
    expect(await readlink(`/proc/${program.pid}/ns/net`)).toBe(await readlink(`/proc/${lab.gateway.pid}/ns/net`));
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('a server that is stopped refuses, and serves again when it is told to', async () => {
    await lab.server2.stop(80);
    await expect(lab.client.fetch({ to: '10.71.3.10:80' })).rejects.toThrow('ECONNREFUSED');
    await lab.server2.serve(80);
    expect(await lab.client.ask({ to: '10.71.3.10:80' })).toMatchObject({ server: 'server2' });
  });

  test('a connection carries what the test says', async () => {
    await lab.server1.serve(7, 'echo');
    const wire = await lab.client.open('10.71.2.10:7', '10.71.1.11');
    expect(wire.local).toMatch(/^10\.71\.1\.11:\d+$/);
    await wire.send('hello');
    expect(await wire.until('hello')).toBe('hello');
    await wire.finish();
    expect(await wire.ended()).toBe('hello');
    expect(await wire.closed()).toBe(undefined);
    await lab.server1.stop(7);
  });
});

describeRequiring(LAB_NEEDS, 'the end of a network lab', () => {
  test('nothing of it is left after close', async () => {
    const lab = await NetnsLab.create();
    const namespace = await readlink(`/proc/${lab.gateway.pid}/ns/net`);
    expect(await isInhabited(namespace)).toBe(true);
    await lab.inband({
      listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
      services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '10.71.3.10:80' } }] } },
    });
    await lab.close();
    expect(await isInhabited(namespace)).toBe(false);
  });

  test('nothing of it is left when the process that made it is killed', async () => {
    const holder = spawn(process.execPath, [HOLDER], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(holder, 'exit');
    const [line] = (await Promise.race([once(holder.stdout, 'data'), exited])) as [Buffer];
    const { namespaces, pids } = JSON.parse(line.toString()) as { namespaces: string[]; pids: number[] };
    expect(namespaces).toHaveLength(4);
    expect(pids.every((pid) => existsSync(`/proc/${pid}`))).toBe(true);
    holder.kill('SIGKILL');
    await exited;
    // Nobody announces the end of a process that is not a child.
    await expect.poll(() => pids.some((pid) => existsSync(`/proc/${pid}`)), { timeout: 5_000 }).toBe(false);
    for (const namespace of namespaces) expect(await isInhabited(namespace)).toBe(false);
  });
});

test.runIf(process.platform === 'linux')('an agent refuses to run outside of a namespace of its own', async () => {
  const agent = fileURLToPath(new URL('agent.ts', import.meta.url));
  const outer = await readlink('/proc/self/ns/net');
  const child = spawn(process.execPath, [agent, 'nowhere', outer], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  expect(await once(child, 'exit')).toEqual([2, null]);
});
