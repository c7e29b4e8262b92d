import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programCommand } from '../e2e/program.ts';
import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS } from './lab.ts';
import { type Finished, Namespace } from './namespace.ts';

/** Needs nothing but loopback: what is refused never gets further. */
const config = {
  transport: 'epoll',
  listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
  services: {
    web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '127.0.0.1:9', forgeAddr: true } }] },
  },
};

/** Runs a command as root without some of its privileges. */
const without = (...capabilities: readonly string[]): readonly string[] => [
  'setpriv',
  '--bounding-set',
  capabilities.map((name) => `-${name}`).join(','),
];

const BOTH = ['net_admin', 'net_raw'];

describeRequiring(LAB_NEEDS, 'forgeAddr without the privilege', () => {
  let namespace: Namespace;
  let folder: string;

  beforeAll(async () => {
    namespace = await Namespace.create('alone');
    await namespace.ip('link set lo up');
    folder = await mkdtemp(join(tmpdir(), 'inband-privilege-'));
  });
  afterAll(async () => {
    await namespace?.close();
    await rm(folder, { recursive: true });
  });

  async function program(
    within: readonly string[],
    parameters: readonly string[],
    more: object = {},
  ): Promise<Finished> {
    const file = join(folder, 'inband.json');
    await writeFile(file, JSON.stringify({ ...config, ...more }));
    return namespace.execute([...within, ...programCommand, ...parameters, '--config', file]);
  }

  test.each([1, 2])('does not start (workers: %i), and names what is missing', async (workers) => {
    const { status, stdout, stderr } = await program(without(...BOTH), [], { workers });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/services\.web\.routes\[0\]\.chainer: forgeAddr cannot work here: .*CAP_NET_ADMIN/);
  });

  test('is a warning of "check", which may be run by somebody else', async () => {
    const { status, stdout, stderr } = await program(without(...BOTH), ['check']);
    expect({ status, stdout: stdout.includes(': ok') }).toEqual({ status: 0, stdout: true });
    expect(stderr).toMatch(/services\.web\.routes\[0\]\.chainer\.forgeAddr: warning: forgeAddr cannot work here: /);
  });

  test('does not keep "explain" from explaining', async () => {
    const { stdout } = await program(without(...BOTH), ['explain', '--client', '127.0.0.5', 'http://a.example/']);
    expect(stdout).toContain('127.0.0.1:9 in loopback, out of 127.0.0.5: allow');
  });

  test('starts with either of the two privileges', async () => {
    for (const lost of BOTH) {
      const { status, stderr } = await program(without(lost), ['check']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  });

  test('is not asked for where nothing is forged', async () => {
    const services = { web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '127.0.0.1:9' } }] } };
    const { status, stderr } = await program(without(...BOTH), ['check'], { services });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('is an error of "check" with a transport that cannot do it at all', async () => {
    const { status, stderr } = await program([], ['check'], { transport: 'node' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/chainer: forgeAddr cannot work here: the transport "node" cannot/);
  });
});
